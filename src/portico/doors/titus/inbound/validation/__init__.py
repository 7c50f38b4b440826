"""The rules of job descriptors, one file for each part.

Promises: descriptors are sanitised before they come here; every broken rule is told, with the path of its field in
upstream's own model; nothing is raised and nothing changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.validation import (
    addresses,
    budgets,
    extras,
    identity,
    images,
    placement,
    processes,
    resources,
    security,
    sizes,
)
from portico.wire.titus import jobs_pb2

_PARTS = (identity, resources, addresses, security, images, processes, placement, extras, sizes, budgets)


def violations(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> Iterator[Violation]:
    """Give every rule that a sanitised descriptor breaks."""
    for part in _PARTS:
        yield from part.check(descriptor, limits)
