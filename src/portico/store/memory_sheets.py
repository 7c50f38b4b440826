"""The sheets of the memory store: dicts from number to row, searched row by row.

Promises: the same answers, orders and errors as any other store's sheets; changes that fail half-way are undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, repeat

import msgspec

from portico.domain.errors import Conflict, Invalid
from portico.store.comparing import COMPARISONS, Ranked, rank
from portico.store.names import storable
from portico.store.port import Operator
from portico.store.sheet_catalogue import KEY, SheetCatalogue
from portico.store.sheets import (
    Assign,
    Bulk,
    Cell,
    Contains,
    Erase,
    EraseWhere,
    Extend,
    Field,
    Insert,
    SheetQuery,
    Test,
)

SheetRow = dict[str, Cell]
SheetRows = dict[str, dict[int, SheetRow]]
_WORD = 1 << 64
_MAPS = msgspec.json.Decoder(dict[str, str])


def apply(rows: SheetRows, bulks: Sequence[Bulk], catalogue: SheetCatalogue) -> None:
    """Carry changes out, all or none."""
    undos: list[Callable[[], None]] = []
    try:
        for bulk in bulks:
            _Changing(rows[bulk.sheet], tuple(catalogue.kinds(bulk.sheet)), undos).apply(bulk)
    except BaseException:
        for undo in reversed(undos):
            undo()
        raise


def chosen(rows: SheetRows, query: SheetQuery, catalogue: SheetCatalogue) -> list[SheetRow]:
    """Give the rows that a query chooses, all of them, in order."""
    look = Look(rows, query.sheet, catalogue)
    newest = bool(query.order) and not query.order[-1][1]
    found = [row for _, row in sorted(rows[query.sheet].items(), reverse=newest) if look.passes(row, query)]
    for field, ascending in reversed(query.order):
        found.sort(key=lambda row: rank(look.value(row, field)), reverse=not ascending)
    return found


def tally(
    rows: SheetRows, query: SheetQuery, fields: Sequence[Field], catalogue: SheetCatalogue
) -> list[tuple[Cell, ...]]:
    """Give all combinations of fields with their counts, in order."""
    look = Look(rows, query.sheet, catalogue)
    counts: dict[tuple[Cell, ...], int] = {}
    for row in rows[query.sheet].values():
        if look.passes(row, query):
            combination = tuple(look.value(row, field) for field in fields)
            counts[combination] = counts.get(combination, 0) + 1
    found = sorted(counts.items(), key=lambda counted: _ranks(counted[0]))
    for field, ascending in reversed(query.order):
        place = fields.index(field)
        found.sort(key=lambda counted: rank(counted[0][place]), reverse=not ascending)
    return [(*combination, count) for combination, count in found]


class Look:
    """What fields and tests make of the rows of one sheet."""

    def __init__(self, rows: SheetRows, sheet: str, catalogue: SheetCatalogue) -> None:
        self._rows = rows
        self._links = catalogue.sheet(sheet).links

    def passes(self, row: SheetRow, query: SheetQuery) -> bool:
        """Tell whether a query chooses a row."""
        return self._all(row, query.always) and (
            not query.any_of or any(self._all(row, tests) for tests in query.any_of)
        )

    def value(self, row: SheetRow, field: Field) -> Cell:
        """Give what a field is in a row."""
        meant: SheetRow | None = row
        if field.link:
            linked = row[field.link]
            meant = self._rows[self._links[field.link]].get(linked) if isinstance(linked, int) else None
        if meant is None:
            return None
        cell = meant[field.column]
        if field.suffix:
            alias = meant[field.alias] if field.alias else None
            return _named(cell, field.suffix) if alias is None else alias
        if field.key is not None:
            return _MAPS.decode(str(cell)).get(field.key) if cell is not None else None
        if field.minus:
            other = meant[field.minus]
            return cell - other if isinstance(cell, int) and isinstance(other, int) else None
        return cell

    def _all(self, row: SheetRow, tests: Iterable[Test | Contains]) -> bool:
        return all(self._test(self.value(row, test.field), test) for test in tests)

    def _test(self, value: Cell, test: Test | Contains) -> bool:
        if isinstance(test, Contains):
            return (test.value in _texts(value)) != test.negated
        if test.any_of is not None:
            return value is not None and value in test.any_of
        if test.value is None:
            return (value is None) == (test.operator is Operator.EQ)
        if value is None:
            return test.operator is Operator.NE
        return COMPARISONS[test.operator](value, test.value)


class _Changing:
    """Changes of the rows of one sheet, that can be undone."""

    def __init__(self, rows: dict[int, SheetRow], columns: Sequence[str], undos: list[Callable[[], None]]) -> None:
        self._rows = rows
        self._columns = columns
        self._undos = undos

    def apply(self, bulk: Bulk) -> None:
        match bulk:
            case Insert(rows=rows):
                self._insert(bulk.sheet, rows)
            case Extend():
                self._insert(bulk.sheet, self._rows_of(bulk))
            case Assign():
                self._assign(bulk)
            case Erase(numbers=numbers):
                self._erase(numbers)
            case EraseWhere(column=column, value=value, limit=limit):
                found = (number for number, row in sorted(self._rows.items()) if row[column] == value)
                self._erase(list(islice(found, limit)))

    def _rows_of(self, extension: Extend) -> Iterator[tuple[Cell, ...]]:
        columns = {KEY: extension.numbers, **extension.each}
        shared = extension.shared
        cells = [columns[name] if name in columns else repeat(shared.get(name)) for name in self._columns]
        return zip(*cells, strict=False)

    def _insert(self, sheet: str, rows: Iterable[tuple[Cell, ...]]) -> None:
        for cells in rows:
            row = dict(zip(self._columns, _stored(sheet, cells), strict=True))
            number = _number(row[KEY])
            if number in self._rows:
                raise Conflict(f"a number in {sheet!r} is taken")
            self._undos.append(partial(self._rows.__delitem__, number))
            self._rows[number] = row

    def _assign(self, bulk: Assign) -> None:
        for cells in bulk.rows:
            number = _number(cells[-1])
            new = dict(zip(bulk.columns, _stored(bulk.sheet, cells[:-1]), strict=True))
            old = self._rows.get(number)
            if old is not None:
                self._undos.append(partial(self._rows.__setitem__, number, old))
                self._rows[number] = old | new

    def _erase(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            old = self._rows.pop(number, None)
            if old is not None:
                self._undos.append(partial(self._rows.__setitem__, number, old))


def _number(cell: Cell) -> int:
    assert isinstance(cell, int)
    return cell


def _stored(sheet: str, cells: Iterable[Cell]) -> Iterable[Cell]:
    for cell in cells:
        if isinstance(cell, int):
            if not -(_WORD >> 1) <= cell < _WORD >> 1:
                raise Invalid(f"a row of {sheet!r} cannot be stored: {cell} is out of range")
            yield int(cell)
        elif isinstance(cell, str) and not storable(cell):
            raise Invalid(f"a row of {sheet!r} cannot be stored: it has ill-formed text")
        else:
            yield str.__str__(cell) if isinstance(cell, str) else cell


def _named(cell: Cell, suffix: str) -> str | None:
    return f"{cell >> 16:08x}-{cell & 0xFFFF:04x}{suffix}" if isinstance(cell, int) else None


def _texts(value: Cell) -> list[str]:
    """Give the texts of a JSON list; what is none has none."""
    try:
        found = msgspec.json.decode(value) if isinstance(value, str) else None
    except (msgspec.MsgspecError, UnicodeError):
        found = None
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _ranks(combination: tuple[Cell, ...]) -> tuple[Ranked, ...]:
    return tuple(rank(value) for value in combination)
