"""Slices: labelled parts of a Node's capacity.

RESERVE, UNRESERVE, CREATE and DESTROY only relabel Slices; the sum per kind never changes.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from portico.domain.errors import Conflict
from portico.domain.resources import Amounts

UNRESERVED = "*"


class Label(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """What a Slice is set aside for.

    `reservation` is the canonical text of a Reservation, or `*`; `volume` the id of a Volume record; `revocable` space
    may be taken back at any time; `source` tells apart disks that are not the node's common one (`path:FOLDER` or
    `mount:FOLDER`).
    """

    reservation: str = UNRESERVED
    volume: str = ""
    revocable: bool = False
    source: str = ""

    @property
    def folder(self) -> str:
        """The folder of its disk; empty for the node's own."""
        return self.source.partition(":")[2]

    @property
    def whole(self) -> bool:
        """Tell whether its space is never divided: a mount goes to one at a time."""
        return self.source.startswith(MOUNT)


PATH, MOUNT = "path:", "mount:"
PLAIN = Label()


class Slice(msgspec.Struct, frozen=True, order=True):
    """An amount (integer thousandths) of one kind under one label."""

    kind: str
    amount: int
    label: Label = PLAIN


Slices = tuple[Slice, ...]


def normalise(slices: Iterable[Slice]) -> Slices:
    """Join Slices of the same kind and label, drop empty ones, sort."""
    amounts: dict[tuple[str, Label], int] = {}
    for piece in slices:
        amounts[piece.kind, piece.label] = amounts.get((piece.kind, piece.label), 0) + piece.amount
    return tuple(sorted(Slice(kind, amount, label) for (kind, label), amount in amounts.items() if amount))


def plain(amounts: Amounts) -> Slices:
    """Turn amounts into unreserved, unlabelled Slices."""
    return tuple(sorted(Slice(kind, amount) for kind, amount in amounts.items() if amount))


def sums(slices: Iterable[Slice], label: Label | None = None) -> dict[str, int]:
    """Sum the amounts per kind, of one label or of all."""
    result: dict[str, int] = {}
    for piece in slices:
        if label is None or piece.label == label:
            result[piece.kind] = result.get(piece.kind, 0) + piece.amount
    return result


def plain_sums(slices: Iterable[Slice]) -> dict[str, int]:
    """Sum the amounts per kind that carry no label: what placement may use for anybody."""
    return sums(slices, PLAIN)


def subtract_slices(have: Iterable[Slice], less: Iterable[Slice]) -> Slices:
    """Take `less` from `have`; a shortage shows as a negative amount."""
    return normalise((*have, *(Slice(piece.kind, -piece.amount, piece.label) for piece in less)))


def holds(have: Iterable[Slice], want: Iterable[Slice]) -> bool:
    """Tell whether `have` is at least `want`, label by label."""
    left: dict[tuple[str, Label], int] = {}
    for piece in have:
        key = (piece.kind, piece.label)
        left[key] = left.get(key, 0) + piece.amount
    for piece in want:
        key = (piece.kind, piece.label)
        left[key] = left.get(key, 0) - piece.amount
        if left[key] < 0:
            return False
    return True


def relabel(slices: Slices, part: Slice, label: Label) -> Slices:
    """Move `part` under another label; raises Conflict when `slices` do not hold it."""
    held = sum(piece.amount for piece in slices if piece.kind == part.kind and piece.label == part.label)
    if held < part.amount:
        raise Conflict(f"only {held} thousandths of {part.kind} carry that label, {part.amount} wanted")
    negative = Slice(part.kind, -part.amount, part.label)
    return normalise((*slices, negative, Slice(part.kind, part.amount, label)))


def part_of_whole(have: Iterable[Slice], want: Iterable[Slice]) -> Slice | None:
    """Find what is wanted as a part of something that is never divided; None when nothing is."""
    undivided = {(piece.kind, piece.label): piece.amount for piece in have if piece.label.whole}
    return next(
        (
            piece
            for piece in want
            if piece.label.whole and piece.amount != undivided.get((piece.kind, piece.label), piece.amount)
        ),
        None,
    )
