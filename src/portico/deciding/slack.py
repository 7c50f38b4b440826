"""How much of what Runs claim and do not use may be lent as revocable space, and who has to give it back.

Owns the decision only. Promises: never lends more than the configured share of what was measured, nor more than that
share of what the node has; whoever has to go is younger than whoever stays, and no more go than must.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from portico.domain.resources import CPUS, WHOLE, Amounts, add, subtract
from portico.domain.slices import Label, Slice, Slices

KINDS = (CPUS,)
"""What can be lent: cpus, of which less may be had at any time; memory that is in use cannot be taken back."""

GRAIN = 100
"""Thousandths; less than a tenth of a cpu more or less is not worth new offers."""

LENT = Label(revocable=True)


class Borrower(msgspec.Struct, frozen=True):
    """A Run that holds revocable space, with all that is in it; `since` is when it was placed."""

    run: str
    since: int
    amounts: Amounts


def revocable_part(slices: Iterable[Slice]) -> dict[str, int]:
    """Sum what may be taken back at any time, per kind."""
    found: dict[str, int] = {}
    for piece in slices:
        if piece.label.revocable:
            found[piece.kind] = found.get(piece.kind, 0) + piece.amount
    return found


def lend(measured: Amounts, share: int, capacity: Amounts) -> dict[str, int]:
    """Give what may be revocable in all; `share` in thousandths, `capacity` is what the node has beside it."""
    lent = {kind: min(measured.get(kind, 0), capacity.get(kind, 0)) * share // WHOLE for kind in KINDS}
    return {kind: amount // GRAIN * GRAIN for kind, amount in lent.items() if amount >= GRAIN}


def as_slices(lent: Amounts) -> Slices:
    """Write what is lent as Slices."""
    return tuple(sorted(Slice(kind, amount, LENT) for kind, amount in lent.items()))


def choose_leavers(lent: Amounts, borrowers: Iterable[Borrower]) -> list[Borrower]:
    """Name those that have to go, the youngest first, until what the others hold is no more than is lent.

    One that holds nothing of what is short stays. Of equal age the greater id goes first.
    """
    known = sorted(borrowers, key=lambda one: (one.since, one.run), reverse=True)
    excess = _over(lent, known)
    leaving: list[Borrower] = []
    for borrower in known:
        if not excess:
            break
        if any(borrower.amounts.get(kind, 0) > 0 for kind in excess):
            leaving.append(borrower)
            excess = _positive(subtract(excess, borrower.amounts))
    return leaving


def _over(lent: Amounts, borrowers: Iterable[Borrower]) -> dict[str, int]:
    held: dict[str, int] = {}
    for borrower in borrowers:
        held = add(held, borrower.amounts)
    return _positive(subtract(held, lent))


def _positive(amounts: Mapping[str, int]) -> dict[str, int]:
    return {kind: amount for kind, amount in amounts.items() if amount > 0}
