"""Sheets: tables of plain columns under a number, written in bulk and searched by any of their columns.

For what comes by the million and lives mostly in history. A sheet's rows are not logged as events, and hold no encoded
body: every attribute is a column. Values are checked as those of other tables are; `blob` columns take bytes.

Owns the words only: what a sheet is, what may be written to it, and what may be asked of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat

import msgspec

from portico.domain.identity import Revision
from portico.store.port import Operator

Cell = str | int | bytes | None

FEW = 8
"""Up to so many new rows are cheaper written together with others' than as a stretch of their own."""


class SheetColumn(msgspec.Struct, frozen=True):
    """One attribute; `kind` is text, integer, blob, or map (a JSON object from text to text)."""

    name: str
    kind: str = "integer"


class SheetIndex(msgspec.Struct, frozen=True):
    """An index over columns; with `where`, only over rows in which that column is not null."""

    columns: tuple[str, ...]
    where: str = ""


class Sheet(msgspec.Struct, frozen=True):
    """A kind of row. Each has a column `number`, its key, before the described ones.

    `links` names, for a column that holds numbers of another sheet's rows, that sheet.
    """

    name: str
    columns: tuple[SheetColumn, ...]
    indexes: tuple[SheetIndex, ...] = ()
    links: dict[str, str] = {}


# ---- writing ---------------------------------------------------------------------------------------------------


class Insert(msgspec.Struct, frozen=True, gc=False):
    """Add rows: the number, then every described column, in order. A number that is taken is a Conflict."""

    sheet: str
    rows: Sequence[tuple[Cell, ...]]


class Extend(msgspec.Struct, frozen=True, gc=False):
    """Add rows that have much in common: `shared` are the cells of all, `each` are columns with a cell for every
    number, and where neither says anything is null. A number that is taken is a Conflict."""

    sheet: str
    numbers: Sequence[int]
    shared: Mapping[str, Cell]
    each: Mapping[str, Sequence[Cell]]


class Assign(msgspec.Struct, frozen=True, gc=False):
    """Set some columns of rows: their new values in the order of `columns`, then the number. Rows that are not there
    are passed over."""

    sheet: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


class Erase(msgspec.Struct, frozen=True, gc=False):
    """Remove rows by number."""

    sheet: str
    numbers: Sequence[int]


class EraseWhere(msgspec.Struct, frozen=True, gc=False):
    """Remove up to `limit` rows in which a column has a value; which ones first is the store's affair."""

    sheet: str
    column: str
    value: int
    limit: int


Bulk = Insert | Extend | Assign | Erase | EraseWhere


class BulkChange(msgspec.Struct, frozen=True, gc=False):
    """A change of a sheet under its revision; it goes where a Change goes, in the same order and transaction."""

    revision: Revision
    bulk: Bulk

    @property
    def weight(self) -> int:
        """Count the rows it writes; see `weigh`."""
        return weigh(self.bulk)


def weigh(bulk: Bulk) -> int:
    """Count the rows that a change writes; a KiB of bytes in new rows counts as a row more."""
    match bulk:
        case Assign(rows=rows):
            return len(rows)
        case Insert(rows=rows):
            return len(rows) + _bytes(rows) // 1024
        case Extend(numbers=numbers, shared=shared, each=each):
            alike = sum([len(cell) for cell in shared.values() if isinstance(cell, bytes)])
            return len(numbers) + (sum(map(_length, each.values())) + alike * len(numbers)) // 1024
        case Erase(numbers=numbers):
            return len(numbers)
        case EraseWhere(limit=limit):
            return limit


def _bytes(rows: Sequence[tuple[Cell, ...]]) -> int:
    """Count the bytes in columns whose first cell is of bytes."""
    if len(rows) == 1:
        return sum([len(cell) for cell in rows[0] if isinstance(cell, bytes)])
    places = [place for place, cell in enumerate(rows[0]) if isinstance(cell, bytes)] if rows else []
    return sum(_length([row[place] for row in rows]) for place in places)


def _length(cells: Sequence[Cell]) -> int:
    """Count the bytes in a column if its first cell is of bytes."""
    if not cells or not isinstance(cells[0], bytes):
        return 0
    return sum(map(len, filter(None, cells)))  # type: ignore[arg-type]  # a blob column has no other cells


# ---- choosing --------------------------------------------------------------------------------------------------


def extend(
    sheet: Sheet, numbers: Sequence[int], shared: Mapping[str, Cell], each: Mapping[str, Sequence[Cell]]
) -> Insert | Extend:
    """Say that rows are added, in the way that suits their count: a few as they are, since those of many changes can
    be written together. Columns of `each` in which all cells are the same are shared too, save for blobs: they are
    seldom the same, and long to compare."""
    if len(numbers) > FEW:
        blobs = {column.name for column in sheet.columns if column.kind == "blob"}
        varied = {name: cells for name, cells in each.items() if name in blobs or cells.count(cells[0]) < len(cells)}
        same = {name: cells[0] for name, cells in each.items() if name not in varied}
        return Extend(sheet.name, numbers, {**shared, **same}, varied)
    columns = [each[one.name] if one.name in each else repeat(shared.get(one.name)) for one in sheet.columns]
    return Insert(sheet.name, list(zip(numbers, *columns, strict=False)))


# ---- reading ---------------------------------------------------------------------------------------------------


class Field(msgspec.Struct, frozen=True):
    """What is compared, ordered by, or given: a column, or what is derived from one.

    `link`: the column of this sheet that holds the number of a row of another one, whose column is meant.
    `key`: of a map column, the value under this key (null when it is not there); it ends at its first NUL.
    `minus`: a second column, of which the difference is meant.
    `suffix`: the number as a text: 8 lower-case hexadecimal digits of number >> 16, "-", 4 of the rest, the suffix;
    `alias`: with `suffix`, a text column of the same row that is meant instead where it is not null. A text made so
    from any column is compared as fast as the number when it is asked for whole or by its beginning, and sorts as the
    number does unless there is an alias; numbers lie below 2^48.
    """

    column: str
    link: str = ""
    key: str | None = None
    minus: str = ""
    suffix: str = ""
    alias: str = ""


class Test(msgspec.Struct, frozen=True):
    """`field operator value`, with the meaning of `port.Condition`: NE matches null, the others never do; of None, EQ
    and NE ask for null itself. A map's key that is not there is unlike any value.

    `any_of` not None: the field is one of these values (then operator and value say nothing).
    """

    field: Field
    operator: Operator = Operator.EQ
    value: str | int | None = None
    any_of: tuple[str | int, ...] | None = None


class Contains(msgspec.Struct, frozen=True):
    """A text column that holds a JSON list of texts has `value` among them, or has not; what is no list holds none."""

    field: Field
    value: str
    negated: bool = False


class SheetQuery(msgspec.Struct, frozen=True):
    """Which rows, in what order: OR over `any_of` of AND; empty means all. Every row must also meet `always`.

    `order` is (field, ascending) pairs, ended by the number in the direction of the last pair, which is how an index
    stands, so that a late page is counted off and not sorted; null sorts before every value. `limit` -1 is no limit.
    """

    sheet: str
    any_of: tuple[tuple[Test | Contains, ...], ...] = ()
    always: tuple[Test | Contains, ...] = ()
    order: tuple[tuple[Field, bool], ...] = ()
    limit: int = -1
    offset: int = 0
