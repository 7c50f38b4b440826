"""What doors may ask control to do; plain values."""

from __future__ import annotations

import msgspec

from portico.domain.identity import Micros
from portico.domain.jobs import InstanceState


class Command(msgspec.Struct, frozen=True):
    """Root of all commands."""


class ScheduleKind(Command, frozen=True):
    """Add an Instance of a kind; `priority` None takes the kind's. Answered by the Instance."""

    kind: str
    arguments: tuple[str, ...] = ()
    priority: int | None = None


class CancelInstances(Command, frozen=True):
    """Cancel the matching Instances that have not ended; answered by those, as they are then.

    One that is named by id or Job, with no state, is also cancelled between two firings, which ends its schedule.
    """

    job: str = ""
    id: str = ""
    states: frozenset[InstanceState] = frozenset()


class StopRun(Command, frozen=True):
    """End one Run; `grace` None takes the Run's own."""

    run: str
    grace: Micros | None = None


class BackUp(Command, frozen=True):
    """Copy a consistent state of the store to a file on the server's machine."""

    target: str


class DrainNode(Command, frozen=True):
    """Close a node to new placements, or open it again."""

    node: str
    drain: bool = True
