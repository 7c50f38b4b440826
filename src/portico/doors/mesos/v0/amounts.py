"""Resources as the older endpoints have them: an object of numbers, ports as text. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from portico.domain.reservations import all_ports, role_of
from portico.domain.resources import CPUS, DISK, GPUS, MEM, PORTS, WHOLE, Ports
from portico.domain.slices import UNRESERVED, Slice, Slices
from portico.doors.mesos.extension.plans import Held
from portico.wire.mesos import mesos_pb2 as pb

Plain = dict[str, float | str]
_ALWAYS = (CPUS, DISK, GPUS, MEM)
_REVOCABLE = "_revocable"
"""What names end with of what may be taken back at any time."""


def amounts(held: Held) -> Plain:
    """Sum whatever the reservation; the usual kinds are there even when they are nothing."""
    return _plain(held.slices, all_ports(held.ports))


def unreserved(held: Held) -> Plain:
    """Sum what nobody has reserved."""
    return _of_role(held, UNRESERVED)


def reserved(held: Held) -> dict[str, Plain]:
    """Sum what is reserved, by role."""
    roles = {role_of(piece.label.reservation) for piece in held.slices} | {role_of(text) for text, _ in held.ports}
    return {role: _of_role(held, role) for role in sorted(roles - {UNRESERVED})}


def _of_role(held: Held, role: str) -> Plain:
    slices = tuple(piece for piece in held.slices if role_of(piece.label.reservation) == role)
    return _plain(slices, all_ports(tuple(part for part in held.ports if role_of(part[0]) == role)))


def _plain(slices: Slices | Iterable[Slice], ports: Ports) -> Plain:
    totals: dict[str, int] = defaultdict(int, dict.fromkeys(_ALWAYS, 0))
    for piece in slices:
        totals[piece.kind + _REVOCABLE if piece.label.revocable else piece.kind] += piece.amount
    plain: Plain = {kind: total / WHOLE for kind, total in sorted(totals.items())}
    if ports:
        plain[PORTS] = _ranges(ports)
    return plain


def _ranges(ports: Iterable[tuple[int, int]]) -> str:
    return f"[{', '.join(f'{first}-{last}' for first, last in ports)}]"


def of_messages(resources: Iterable[pb.Resource]) -> Plain:
    """Sum Resource messages."""
    plain: dict[str, float | str] = dict.fromkeys(_ALWAYS, 0.0)
    for resource in resources:
        if resource.type == pb.Value.SCALAR:
            name = resource.name + _REVOCABLE if resource.HasField("revocable") else resource.name
            plain[name] = round(float(plain.get(name, 0.0)) + resource.scalar.value, 3)
        elif resource.type == pb.Value.RANGES:
            plain[resource.name] = _ranges((one.begin, one.end) for one in resource.ranges.range)
    return plain
