"""Whose runs end when a pool uses more than it may, or a more urgent run needs the space.

Owns the choice only; nothing is ended here. Promises: a run that is neither revocable nor preemptible is
never chosen, and no chosen run is useless at the moment it is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.domain.resources import Amounts

if TYPE_CHECKING:
    from collections.abc import Iterable


class Candidate(msgspec.Struct, frozen=True):
    """A run that holds capacity; a lower priority number is more important, amounts are thousandths by kind."""

    run_id: str
    pool: str
    priority: int
    started_at: int
    amounts: Amounts
    preemptible: bool
    revocable: bool


class Victims(msgspec.Struct, frozen=True):
    """The runs to end, in order, and what is still missing when all of them are gone (empty: nothing)."""

    chosen: tuple[Candidate, ...]
    missing: Amounts


def choose_victims(needed: Amounts, candidates: Iterable[Candidate]) -> Victims:
    """Take runs until `needed` is freed: revocable ones first, then preemptible ones in Peloton's order.

    Peloton's order is the least important first, then later start first; a run that frees nothing of what is still
    missing is skipped. Equal runs are taken by id.
    """
    missing = {kind: amount for kind, amount in needed.items() if amount > 0}
    chosen = []
    for candidate in sorted((one for one in candidates if one.revocable or one.preemptible), key=_reclaim_order):
        if not missing:
            break
        helping = [kind for kind in missing if candidate.amounts.get(kind, 0) > 0]
        if not helping:
            continue
        chosen.append(candidate)
        for kind in helping:
            missing[kind] -= candidate.amounts[kind]
            if missing[kind] <= 0:
                del missing[kind]
    return Victims(chosen=tuple(chosen), missing=missing)


def _reclaim_order(candidate: Candidate) -> tuple[bool, int, int, str]:
    return (not candidate.revocable, -candidate.priority, -candidate.started_at, candidate.run_id)
