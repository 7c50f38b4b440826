"""Joins changes of sheets that do the same to different rows, so that a transaction takes few statements.

A transaction holds what many requests and reports changed: a row or two each, in a handful of ways. Pure.

Promises: what the joined changes leave is what the given ones leave, one after the other. A change joins an earlier
one only where those between touch none of its rows; changes of different sheets never meet.
"""

from __future__ import annotations

from collections.abc import Sequence

from portico.store.sheets import Assign, Bulk, Cell, Erase, EraseWhere, Extend, Insert

_SEARCHED = 16
"""How many changes of the same sheet are looked at for one to join."""


def gathered(bulks: Sequence[Bulk]) -> Sequence[Bulk]:
    """Give as few changes as can be had, in an order in which they may be carried out.

    Changes that were not checked may be given: where a row among them has no number to go by, they stay as they are.
    """
    if len(bulks) <= 1:
        return bulks
    try:
        return _joined(bulks)
    except (IndexError, TypeError):
        return bulks


def _joined(bulks: Sequence[Bulk]) -> list[Bulk]:
    groups: list[_Group] = []
    by_sheet: dict[str, list[_Group]] = {}
    for bulk in bulks:
        same_sheet = by_sheet.setdefault(bulk.sheet, [])
        if isinstance(bulk, EraseWhere):
            same_sheet.clear()  # which rows it touches is not known, so nothing may pass it
            groups.append(_Group(bulk, set()))
            continue
        numbers = _numbers(bulk)
        joined = _earlier(same_sheet, bulk, numbers)
        if joined is None:
            joined = _Group(bulk, set())
            same_sheet.append(joined)
            groups.append(joined)
        joined.take(bulk, numbers)
    return [group.whole() for group in groups]


class _Group:
    """Changes of one kind that are carried out together."""

    def __init__(self, first: Bulk, numbers: set[Cell]) -> None:
        self.first = first
        self.numbers = numbers
        self.members: list[Bulk] = []

    def take(self, bulk: Bulk, numbers: set[Cell]) -> None:
        self.members.append(bulk)
        self.numbers |= numbers

    def whole(self) -> Bulk:
        if len(self.members) <= 1:
            return self.first
        match self.first:
            case Insert(sheet=sheet):
                return Insert(sheet, [row for bulk in self.members if isinstance(bulk, Insert) for row in bulk.rows])
            case Assign(sheet=sheet, columns=columns):
                rows = [row for bulk in self.members if isinstance(bulk, Assign) for row in bulk.rows]
                return Assign(sheet, columns, rows)
            case Erase(sheet=sheet):
                return Erase(sheet, [n for bulk in self.members if isinstance(bulk, Erase) for n in bulk.numbers])
            case EraseWhere() | Extend():
                return self.first


def _earlier(groups: list[_Group], bulk: Bulk, numbers: set[Cell]) -> _Group | None:
    for group in reversed(groups[-_SEARCHED:]):
        if _alike(group.first, bulk):
            return group
        if not group.numbers.isdisjoint(numbers):
            return None
    return None


def _alike(one: Bulk, other: Bulk) -> bool:
    if isinstance(one, Assign) and isinstance(other, Assign):
        return one.columns == other.columns
    return type(one) is type(other) and not isinstance(one, Extend)


def _numbers(bulk: Bulk) -> set[Cell]:
    match bulk:
        case Insert(rows=rows):
            return {row[0] for row in rows}
        case Assign(rows=rows):
            return {row[-1] for row in rows}
        case Erase(numbers=numbers) | Extend(numbers=numbers):
            return set(numbers)
        case EraseWhere():
            return set()
