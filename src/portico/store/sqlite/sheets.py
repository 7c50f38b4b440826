"""Writes changes of sheets, many rows with one statement.

Python's `sqlite3` lets go of the interpreter's lock for every step of a statement, and beside a busy loop takes it
back only after up to a switch interval; so rows must not each cost a step. Statements of so many rows are long, so
there are few of them: their counts of rows are powers of two, or are filled up to powers of four.

Promises: what is left is what the changes leave when they are carried out one after the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

import msgspec

from portico.domain.errors import Conflict, Invalid
from portico.store.sheet_catalogue import KEY, SheetCatalogue
from portico.store.sheets import Assign, Bulk, Cell, Erase, EraseWhere, Extend, Insert

MOST_PARAMETERS = 8_192
"""In one statement; binding them holds the interpreter's lock for about half a millisecond."""

MOST_ROWS = 256
"""In one statement; twice as many are no faster, and the statement takes twice the memory while it is kept."""

_KEPT_TEXTS = 512


class SheetWriting:
    """The changes that one writing connection makes to sheets."""

    def __init__(self, connection: sqlite3.Connection, catalogue: SheetCatalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue

    def write(self, bulks: Sequence[Bulk]) -> None:
        """Carry changes out, inside a transaction of the caller's; raises Conflict for a number that is taken.

        They are best joined beforehand (`gathering`).
        """
        for bulk in bulks:
            try:
                self._write_one(bulk)
            except (OverflowError, UnicodeEncodeError) as error:
                raise Invalid(f"a row of {bulk.sheet!r} cannot be stored: {error}") from error
            except sqlite3.IntegrityError as error:
                raise Conflict(f"a number in {bulk.sheet!r} is taken") from error

    def _write_one(self, bulk: Bulk) -> None:
        match bulk:
            case Insert(rows=rows):
                self._insert(bulk.sheet, rows)
            case Extend():
                self._extend(bulk)
            case Assign(columns=columns, rows=rows):
                self._assign(bulk.sheet, columns, list({row[-1]: row for row in rows}.values()))
            case Erase(numbers=numbers):
                self._connection.execute(_erase(bulk.sheet), (msgspec.json.encode(list(numbers)).decode(),))
            case EraseWhere(column=column, value=value, limit=limit):
                self._connection.execute(_erase_where(bulk.sheet, column), (value, limit))

    def _insert(self, sheet: str, rows: Sequence[tuple[Cell, ...]]) -> None:
        """Leave out the columns that have no value in any row: what is not bound costs nothing."""
        if not rows:
            return
        named: list[str] = []
        filled: list[Sequence[Cell]] = []
        for name, cells in zip(self._catalogue.kinds(sheet), zip(*rows, strict=True), strict=True):
            if cells[0] is not None or cells.count(None) < len(cells):
                named.append(name)
                filled.append(cells)
        flat = list(chain.from_iterable(zip(*filled, strict=True)))
        width, names = len(named), tuple(named)
        begin = 0
        for count in _counts(len(rows), width):
            end = begin + count * width
            self._connection.execute(_insertion(sheet, names, count), flat[begin:end])
            begin = end

    def _extend(self, extension: Extend) -> None:
        """Bind what all rows share once for each statement."""
        shared, names = tuple(extension.shared.values()), tuple(extension.shared)
        flat = list(chain.from_iterable(zip(extension.numbers, *extension.each.values(), strict=True)))
        width = len(extension.each) + 1
        begin = 0
        for count in _counts(len(extension.numbers), width):
            end = begin + count * width
            text = _extension(extension.sheet, names, tuple(extension.each), count)
            self._connection.execute(text, (*shared, *flat[begin:end]))
            begin = end

    def _assign(self, sheet: str, columns: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        """Fill the last statement up with rows without a number, which are nobody's.

        Of several values for one row the last counts, which SQLite does not promise of a joined source.
        """
        width = len(columns) + 1
        rows = list({row[-1]: row for row in rows}.values())
        most = _most_rows(width)
        for begin in range(0, len(rows), most):
            part = rows[begin : begin + most]
            count = 1
            while count < len(part):
                count *= 4
            count = min(count, most)
            nobody = [None] * (width * (count - len(part)))
            self._connection.execute(_assignment(sheet, columns, count), [*chain.from_iterable(part), *nobody])


def _most_rows(width: int) -> int:
    """Give the largest power of two whose rows fit into a statement."""
    return min(MOST_ROWS, 1 << (MOST_PARAMETERS // width).bit_length() - 1)


def _counts(rows: int, width: int) -> Iterator[int]:
    """Split rows into powers of two."""
    count = _most_rows(width)
    while rows:
        while count > rows:
            count //= 2
        yield count
        rows -= count


def _values(width: int, count: int) -> str:
    return ", ".join([f"({', '.join('?' * width)})"] * count)


# Names in statements are those that the catalogue accepted; values are bound.


@lru_cache(_KEPT_TEXTS)
def _insertion(sheet: str, columns: tuple[str, ...], count: int) -> str:
    listed = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{sheet}" ({listed}) VALUES {_values(len(columns), count)}'  # noqa: S608 — checked names


@lru_cache(_KEPT_TEXTS)
def _extension(sheet: str, shared: tuple[str, ...], each: tuple[str, ...], count: int) -> str:
    named = ", ".join(f'"{column}"' for column in (KEY, *shared, *each))
    cells = ", ".join(
        (
            "column1",
            *(f"?{place}" for place in range(1, len(shared) + 1)),
            *(f"column{place}" for place in range(2, len(each) + 2)),
        )
    )
    source = f"(VALUES {_values(len(each) + 1, count)})"
    return f'INSERT INTO "{sheet}" ({named}) SELECT {cells} FROM {source}'  # noqa: S608 — checked names


@lru_cache(_KEPT_TEXTS)
def _assignment(sheet: str, columns: tuple[str, ...], count: int) -> str:
    if count == 1:
        renewed = ", ".join(f'"{column}" = ?' for column in columns)
        return f'UPDATE "{sheet}" SET {renewed} WHERE {KEY} = ?'  # noqa: S608 — checked names
    renewed = ", ".join(f'"{column}" = v.column{place}' for place, column in enumerate(columns, 1))
    key = f"v.column{len(columns) + 1}"
    source = f"(VALUES {_values(len(columns) + 1, count)}) AS v"
    return f'UPDATE "{sheet}" SET {renewed} FROM {source} WHERE "{sheet}".{KEY} = {key}'  # noqa: S608 — checked names


def _erase(sheet: str) -> str:
    return f'DELETE FROM "{sheet}" WHERE {KEY} IN (SELECT value FROM json_each(?))'  # noqa: S608 — checked names


def _erase_where(sheet: str, column: str) -> str:
    chosen = f'SELECT {KEY} FROM "{sheet}" WHERE "{column}" = ? LIMIT ?'  # noqa: S608 — checked names
    return f'DELETE FROM "{sheet}" WHERE {KEY} IN ({chosen})'  # noqa: S608 — checked names
