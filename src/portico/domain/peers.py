"""Everything that may be said to control over a line, whoever says it."""

from __future__ import annotations

from portico.domain.calls.frames import FromCallAgent
from portico.domain.frames import FromAgent, FromOutpost, FromWorker

FromPeer = FromAgent | FromWorker | FromOutpost | FromCallAgent
