"""Reservations: which role a Slice or a port range is kept for, and the labels of ports.

Owns the canonical text under which a reservation stands in a Label. Promises: equal reservations give equal text,
whatever the order of their labels, and `parse` gives back what `text` wrote.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from portico.domain.errors import Invalid
from portico.domain.resources import Ports, merge_ports, remove_ports
from portico.domain.slices import UNRESERVED, Slices

LabelledPorts = tuple[tuple[str, Ports], ...]
"""(reservation text or `*`, ranges), sorted by text; the ranges of different texts are disjoint, none is empty."""


class Reservation(msgspec.Struct, frozen=True, array_like=True):
    """Kept for one role; `dynamic` ones were made while running, by `principal`, and can be given back."""

    role: str
    dynamic: bool = False
    principal: str | None = None
    labels: tuple[tuple[str, str | None], ...] = ()

    @property
    def text(self) -> str:
        """The canonical text that stands in a Label."""
        ordered = tuple(sorted(self.labels, key=lambda pair: (pair[0], pair[1] is not None, pair[1] or "")))
        return _encode(msgspec.structs.replace(self, labels=ordered)).decode()


class NodeReservations(msgspec.Struct, frozen=True):
    """What the configuration keeps for roles on one node: Slices labelled with static reservations, and ports."""

    slices: Slices = ()
    ports: LabelledPorts = ()


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Reservation)


@lru_cache(maxsize=4096)
def parse(text: str) -> Reservation | None:
    """Read a canonical text; None for what is unreserved; raises Invalid on anything else."""
    if text == UNRESERVED:
        return None
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError as error:
        raise Invalid(f"not a reservation: {error}") from error


def role_of(text: str) -> str:
    """Name the role that a text keeps space for; `*` for unreserved."""
    reservation = parse(text)
    return UNRESERVED if reservation is None else reservation.role


def label_ports(ports: Ports, reserved: LabelledPorts) -> LabelledPorts:
    """Split port ranges by the node's reservations; what none of them names is unreserved."""
    if not reserved:
        return ((UNRESERVED, ports),) if ports else ()
    parts: dict[str, Ports] = {}
    rest = ports
    for text, ranges in reserved:
        remaining = remove_ports(rest, ranges)
        parts[text] = merge_ports((*parts.get(text, ()), *remove_ports(rest, remaining)))
        rest = remaining
    parts[UNRESERVED] = merge_ports((*parts.get(UNRESERVED, ()), *rest))
    return tuple(sorted((text, ranges) for text, ranges in parts.items() if ranges))


def join_ports(parts: Iterable[tuple[str, Ports]]) -> LabelledPorts:
    """Merge parts of the same text and sort."""
    merged: dict[str, Ports] = {}
    for text, ranges in parts:
        merged[text] = merge_ports((*merged.get(text, ()), *ranges))
    return tuple(sorted((text, ranges) for text, ranges in merged.items() if ranges))


def all_ports(parts: LabelledPorts) -> Ports:
    """Forget the labels."""
    return merge_ports(piece for _, ranges in parts for piece in ranges)


def without_ports(have: LabelledPorts, taken: LabelledPorts) -> LabelledPorts:
    """Give what remains of `have`, label by label."""
    less: dict[str, Ports] = dict(taken)
    return join_ports((text, remove_ports(ranges, less.get(text, ()))) for text, ranges in have)


def holds_ports(have: LabelledPorts, want: LabelledPorts) -> bool:
    """Tell whether every wanted port is there under the same label."""
    owned = dict(have)
    return all(not remove_ports(ranges, owned.get(text, ())) for text, ranges in want)
