"""Constraints on where tasks run: their names."""

from __future__ import annotations

from collections.abc import Iterator

from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.constraints import NAMES
from portico.doors.titus.inbound.limits import Limits
from portico.wire.titus import jobs_pb2


def check(descriptor: jobs_pb2.JobDescriptor, _limits: Limits) -> Iterator[Violation]:
    """Check that every name is known and is not used twice."""
    container = descriptor.container
    yield from _of_kind("container.softConstraints", container.softConstraints)
    yield from _of_kind("container.hardConstraints", container.hardConstraints)
    shared = _names(container.softConstraints) & _names(container.hardConstraints)
    if shared:
        text = f"Soft and hard constraints not unique. Shared constraints: {_listed(shared)}"
        yield Violation("container", text)


def _of_kind(field: str, constraints: jobs_pb2.Constraints) -> Iterator[Violation]:
    unknown = _names(constraints) - NAMES.keys()
    if unknown:
        yield Violation(field, f"Unrecognized constraints {_listed(unknown)}")
    if constraints.expression:
        yield Violation(f"{field}.expression", "Constraint expressions are not supported")


def _names(constraints: jobs_pb2.Constraints) -> set[str]:
    return {name.lower() for name in constraints.constraints}


def _listed(names: set[str]) -> str:
    return f"[{', '.join(sorted(names))}]"
