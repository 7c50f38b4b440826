"""The rules of lists, for things in memory: whether one meets a filter, and in which order they stand.

Promises: what a store would choose of the same values, this chooses too: only NE is met by null, null sorts first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from portico.doors.armonik.inbound.conditions import Part
from portico.store.comparing import COMPARISONS
from portico.store.port import Operator
from portico.store.sheets import Contains, Field, SheetQuery

Held = str | int | bytes | Sequence[str] | None
"""What a field holds; of a field whose column is a JSON list, the list."""

T = TypeVar("T")


def matches(any_of: Iterable[Sequence[Part]], holds: Callable[[Field], Held]) -> bool:
    """Say whether something whose fields hold what `holds` says meets a filter (see `filters`)."""
    none = True
    for clause in any_of:
        none = False
        if all(_meets(part, holds(part.field)) for part in clause):
            return True
    return none


def _meets(part: Part, held: Any) -> bool:
    if isinstance(part, Contains):
        return (held is not None and part.value in held) is not part.negated
    if part.any_of is not None:
        return held in part.any_of
    if part.operator is Operator.NE:
        return bool(held != part.value)
    if held is None or part.value is None:
        return part.operator is Operator.EQ and held is part.value
    return COMPARISONS[part.operator](held, part.value)


def choose(things: Iterable[T], query: SheetQuery, holds: Callable[[T, Field], Held]) -> tuple[int, list[T]]:
    """Give how many things a query chooses, and its page of them; ties stay in the order in which things came, or
    stand the other way round where the last field descends."""
    chosen = [thing for thing in things if matches(query.any_of, lambda field, thing=thing: holds(thing, field))]  # type: ignore[misc]
    if query.order and not query.order[-1][1]:
        chosen.reverse()
    for field, ascending in reversed(query.order):
        chosen.sort(key=lambda thing, field=field: _place(holds(thing, field)), reverse=not ascending)  # type: ignore[misc]
    end = None if query.limit < 0 else query.offset + query.limit
    return len(chosen), chosen[query.offset : end]


def _place(held: Held) -> tuple[bool, Any]:
    """Give what sorts null before everything."""
    return held is not None, "" if held is None else held
