"""Constraints on where tasks run, as the core says them. Pure.

A name that is switched off, or says nothing here (`activeHost`: others get no tasks anyway), restricts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from portico.domain.constraints import Attribute, Balance, Constraint, ExclusiveHost, Soft, UniqueHost, encode
from portico.wire.titus import jobs_pb2

ZONE = "zone"
HOST = "hostname"

_Reader = Callable[[str], Constraint | None]


def _switched(constraint: Constraint | None) -> _Reader:
    """Read a constraint whose value only says whether it holds."""
    return lambda value: constraint if value.strip().lower() == "true" else None


def _attribute(name: str) -> _Reader:
    """Read a constraint whose value is that of a node's attribute."""
    return lambda value: Attribute(name, (value.strip(),))


NAMES: dict[str, _Reader] = {
    "uniquehost": _switched(UniqueHost()),
    "exclusivehost": _switched(ExclusiveHost()),
    "zonebalance": _switched(Balance(ZONE)),
    "activehost": _switched(None),
    "availabilityzone": _attribute(ZONE),
    "machineid": _attribute(HOST),
    "machinegroup": _attribute("machineGroup"),
    "machinetype": _attribute("machineType"),
    "kubebackend": _attribute("kubeBackend"),
    "cpumodel": _attribute("cpuModel"),
}
"""How each constraint is read, by its name in lower case."""

_WEIGHTS = {"exclusivehost": 4, "machineid": 4, "availabilityzone": 2, "machinegroup": 2, "machinetype": 2}
"""What a wish weighs beside others; 1 when it is not here. Balance comes after all weights anyway."""


def hard(constraints: jobs_pb2.Constraints) -> tuple[bytes, ...]:
    """Give what must hold, encoded for the core."""
    return tuple(encode(found) for _, found in _read(constraints))


def soft(constraints: jobs_pb2.Constraints) -> tuple[bytes, ...]:
    """Give what should hold, encoded for the core."""
    return tuple(encode(Soft(found, _WEIGHTS.get(name, 1))) for name, found in _read(constraints))


def _read(constraints: jobs_pb2.Constraints) -> Iterator[tuple[str, Constraint]]:
    for written, value in sorted(constraints.constraints.items()):
        name = written.lower()
        found = NAMES[name](value)
        if found is not None:
            yield name, found
