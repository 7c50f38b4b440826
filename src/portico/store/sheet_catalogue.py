"""What a store was told about its sheets, and whether a change or a query fits it.

Owns the checks that every implementation shares. Promises: a name that passed is a plain lower-case word; a cell that
passed has its column's kind, but for numbers beyond 64 bits and ill-formed text, which each store finds while it
stores them. Knows nothing of any database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from portico.domain.errors import Invalid
from portico.store.names import LARGEST, MOST_CONDITIONS, NAME, RESERVED_COLUMNS, RESERVED_TABLES, storable
from portico.store.port import Operator
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
    Sheet,
    SheetQuery,
    Test,
)

MOST_NUMBER = (1 << 48) - 1
"""The largest number of a row: its text has 12 hexadecimal digits."""

KEY = "number"

_KINDS: dict[str, type] = {"text": str, "integer": int, "blob": bytes, "map": str}
_USUAL: dict[str, frozenset[type]] = {kind: frozenset({type(None), of}) for kind, of in _KINDS.items()}
_TEXT_ONLY = frozenset({Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH})
_NULLABLE = frozenset({Operator.EQ, Operator.NE})
_MAPS = msgspec.json.Decoder(dict[str, str])


class SheetCatalogue:
    """The sheets of one store, by name."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self.sheets: dict[str, Sheet] = {}
        self._kinds: dict[str, dict[str, str]] = {}
        for sheet in sheets:
            if sheet.name in self.sheets:
                raise Invalid(f"sheet {sheet.name!r} is described twice")
            check_sheet(sheet)
            self.sheets[sheet.name] = sheet
            self._kinds[sheet.name] = {KEY: "integer"} | {column.name: column.kind for column in sheet.columns}
        for sheet in sheets:
            for column, linked in sheet.links.items():
                if linked not in self.sheets:
                    raise Invalid(f"{sheet.name}.{column} is linked to {linked!r}, which is no sheet")

    def sheet(self, name: str) -> Sheet:
        """Give a sheet's description; raises Invalid when there is none."""
        found = self.sheets.get(name)
        if found is None:
            raise Invalid(f"there is no sheet {name!r}")
        return found

    def kinds(self, name: str) -> dict[str, str]:
        """Give the kinds of a sheet's columns, the number first."""
        self.sheet(name)
        return self._kinds[name]

    # ---- changes ----

    def check_bulk(self, bulk: Bulk) -> None:
        """Raise Invalid unless the sheet and columns exist and the cells are of their kinds."""
        kinds = self.kinds(bulk.sheet)
        match bulk:
            case Insert(rows=rows):
                for numbers in _check_rows(bulk.sheet, tuple(kinds.items()), rows):
                    _check_range(bulk.sheet, numbers)
            case Extend():
                _check_extension(bulk, kinds)
            case Assign(columns=columns, rows=rows):
                self._check_assigned(bulk.sheet, columns)
                _check_rows(bulk.sheet, (*((name, kinds[name]) for name in columns), (KEY, "integer")), rows)
            case Erase(numbers=erased):
                _check_column(bulk.sheet, KEY, "integer", erased)
            case EraseWhere(column=column, value=value, limit=limit):
                if kinds.get(column) != "integer":
                    raise Invalid(f"sheet {bulk.sheet!r} has no integer column {column!r}", field=column)
                _check_column(bulk.sheet, column, "integer", (value,))
                if not 0 <= limit <= LARGEST:
                    raise Invalid(f"a limit of {limit} is not possible", field="limit")

    def _check_assigned(self, sheet: str, columns: Sequence[str]) -> None:
        self.check_columns(sheet, columns)
        if not columns or KEY in columns or len(set(columns)) < len(columns):
            raise Invalid(f"an assignment names each column of {sheet!r} that it sets once, and never the number")

    # ---- queries ----

    def check_columns(self, sheet: str, columns: Iterable[str]) -> None:
        """Raise Invalid unless every column exists."""
        kinds = self.kinds(sheet)
        for column in columns:
            if column not in kinds:
                raise Invalid(f"sheet {sheet!r} has no column {column!r}", field=column)

    def check_query(self, query: SheetQuery) -> None:
        """Raise Invalid unless every field exists and every comparison makes sense for its kind."""
        self.sheet(query.sheet)
        if query.limit < -1 or query.offset < 0 or max(query.limit, query.offset) > LARGEST:
            raise Invalid(f"a limit of {query.limit} from {query.offset} is not possible")
        tests = [test for alternative in (*query.any_of, query.always) for test in alternative]
        if sum(1 if isinstance(test, Contains) else len(test.any_of or "?") for test in tests) > MOST_CONDITIONS:
            raise Invalid(f"a query has at most {MOST_CONDITIONS} conditions")
        for test in tests:
            self._check_test(query.sheet, test)
        self.check_fields(query.sheet, (field for field, _ in query.order))

    def check_fields(self, sheet: str, fields: Iterable[Field]) -> None:
        """Raise Invalid unless all of these fields exist."""
        for field in fields:
            self.field_kind(sheet, field)

    def check_tally(self, query: SheetQuery, fields: Sequence[Field]) -> None:
        """Raise Invalid unless the query and the fields make sense, and it is ordered by these fields only."""
        self.check_query(query)
        self.check_fields(query.sheet, fields)
        if not fields:
            raise Invalid("nothing to distinguish the rows by")
        for field, _ in query.order:
            if field not in fields:
                raise Invalid("a tally is ordered by what it distinguishes", field=field.column)

    def field_kind(self, sheet: str, field: Field) -> str:
        """Give the kind of a field's values; raises Invalid when there is no such field."""
        if field.link:
            linked = self.sheet(sheet).links.get(field.link)
            if linked is None:
                raise Invalid(f"{sheet}.{field.link} is linked to nothing", field=field.link)
            sheet = linked
        kinds = self.kinds(sheet)
        named = [field.column, *filter(None, (field.minus, field.alias))]
        self.check_columns(sheet, named)
        if (field.key is not None) + bool(field.minus) + bool(field.suffix) > 1:
            raise Invalid(f"{sheet}.{field.column} is asked for in two ways at once", field=field.column)
        if field.alias and (not field.suffix or kinds[field.alias] != "text"):
            raise Invalid(f"{sheet}.{field.alias} is no other name of {field.column!r}", field=field.alias)
        kind = kinds[field.column]
        wanted, derived = kind, kind
        if field.key is not None:
            wanted, derived = "map", "text"
            _check_text(field.key, field.column)
        elif field.suffix:
            wanted, derived = "integer", "text"
            _check_text(field.suffix, field.column)
        elif field.minus:
            wanted = derived = "integer"
        if kind != wanted or (field.minus and kinds[field.minus] != wanted):
            raise Invalid(f"{sheet}.{field.column} is no {wanted}", field=field.column)
        return "text" if derived == "map" else derived

    def _check_test(self, sheet: str, test: Test | Contains) -> None:
        kind = self.field_kind(sheet, test.field)
        column = test.field.column
        if isinstance(test, Contains):
            if kind != "text":
                raise Invalid(f"{column!r} holds no list of texts", field=column)
            _check_text(test.value, column)
            return
        if test.any_of is not None:
            for value in test.any_of:
                _check_value(value, kind, column)
            return
        if test.value is None:
            if test.operator not in _NULLABLE:
                raise Invalid(f"{test.operator} needs a value to compare {column!r} with", field=column)
            return
        if test.operator in _TEXT_ONLY and kind != "text":
            raise Invalid(f"{test.operator} compares text, and {column!r} is none", field=column)
        _check_value(test.value, kind, column)


def check_sheet(sheet: Sheet) -> None:
    """Raise Invalid unless names are plain and unique, and indexes and links name existing columns."""
    if not NAME.fullmatch(sheet.name) or sheet.name in RESERVED_TABLES or sheet.name.startswith("sqlite_"):
        raise Invalid(f"a sheet cannot be named {sheet.name!r}")
    kinds = {KEY: "integer"}
    for column in sheet.columns:
        if not NAME.fullmatch(column.name) or column.name in RESERVED_COLUMNS or column.name in kinds:
            raise Invalid(f"sheet {sheet.name!r} cannot have a column {column.name!r}, or not twice")
        if column.kind not in _KINDS:
            raise Invalid(f"column {sheet.name}.{column.name} has the unknown kind {column.kind!r}")
        kinds[column.name] = column.kind
    for index in sheet.indexes:
        if not index.columns or not {*index.columns, index.where or KEY} <= kinds.keys():
            raise Invalid(f"sheet {sheet.name!r} has no such columns to index: {', '.join(index.columns)}")
    for linked in sheet.links:
        if kinds.get(linked) != "integer":
            raise Invalid(f"sheet {sheet.name!r} has no integer column {linked!r} to link by")


def _check_rows(
    sheet: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple[Cell, ...]]
) -> list[tuple[int, ...]]:
    """Check whole columns at a time, which costs a fraction of cell by cell; gives the numbers' column."""
    if not rows:
        return []
    if len(rows) == 1 and _usual(columns, rows[0]):
        return [(rows[0][place],) for place, (name, _) in enumerate(columns) if name == KEY]  # type: ignore[misc]
    if set(map(len, rows)) != {len(columns)}:
        raise Invalid(f"rows of {len(columns)} columns of {sheet!r} are expected")
    numbers: list[tuple[int, ...]] = []
    for (name, kind), cells in zip(columns, zip(*rows, strict=True), strict=True):
        _check_column(sheet, name, kind, cells)
        if name == KEY:
            numbers.append(cells)
    return numbers


def _check_extension(extension: Extend, kinds: Mapping[str, str]) -> None:
    sheet, numbers = extension.sheet, extension.numbers
    named = (*extension.shared, *extension.each)
    if len(set(named)) < len(named) or not set(named) <= kinds.keys() - {KEY}:
        raise Invalid(f"an extension of {sheet!r} names each of its columns at most once, and never the number")
    if any(len(cells) != len(numbers) for cells in extension.each.values()):
        raise Invalid(f"an extension of {sheet!r} has a cell of each column for every number")
    for name, cell in extension.shared.items():
        _check_column(sheet, name, kinds[name], (cell,))
    for name, cells in extension.each.items():
        _check_column(sheet, name, kinds[name], cells)
    if numbers:
        _check_column(sheet, KEY, kinds[KEY], numbers)
        _check_range(sheet, numbers)


def _check_range(sheet: str, numbers: Sequence[int]) -> None:
    if not 0 <= min(numbers) <= max(numbers) <= MOST_NUMBER:
        raise Invalid(f"numbers of {sheet!r} lie between 0 and {MOST_NUMBER}", field=KEY)


def _usual(columns: Sequence[tuple[str, str]], row: tuple[Cell, ...]) -> bool:
    """Tell at a glance that nothing is wrong with a row, as it is with most that come alone."""
    if len(columns) != len(row):
        return False
    for (name, kind), cell in zip(columns, row, strict=True):
        if cell is None:
            if name == KEY:
                return False
        elif kind == "map" or type(cell) is not _KINDS[kind]:
            return False
    return True


def _check_column(sheet: str, name: str, kind: str, cells: Sequence[Cell]) -> None:
    found = set(map(type, cells))
    if not found <= _USUAL[kind]:
        for strange in found - _USUAL[kind]:
            if not issubclass(strange, _KINDS[kind]):
                raise Invalid(f"{sheet}.{name} is {kind}, not {strange.__name__}", field=name)
    if name == KEY and type(None) in found:
        raise Invalid(f"a row of {sheet!r} has no number", field=KEY)
    if kind == "map":
        for cell in set(cells) - {None}:
            _check_map(sheet, name, str(cell))


def _check_map(sheet: str, name: str, cell: str) -> None:
    try:
        _MAPS.decode(cell)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise Invalid(f"{sheet}.{name} is a map from text to text: {error}", field=name) from error


def _check_value(value: str | int, kind: str, column: str) -> None:
    if kind not in {"text", "integer"} or not isinstance(value, _KINDS[kind]):
        raise Invalid(f"{column!r} is {kind}; it cannot be compared with {value!r}", field=column)
    if isinstance(value, str):
        _check_text(value, column)
    elif not -LARGEST <= value <= LARGEST:
        raise Invalid(f"{column!r} is compared with {value}, which is out of range", field=column)


def _check_text(value: str, column: str) -> None:
    if not storable(value):
        raise Invalid(f"{column!r} is compared with ill-formed Unicode", field=column)
