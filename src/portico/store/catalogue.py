"""Which tables a store has, and which batches and selects fit them.

Every store asks here before it acts, so that all of them refuse the same input with the same words.
Promises: a name that passed is a plain lower-case word, hence safe inside SQL; a value that passed has its column's
kind and can be stored without conversion or loss. Knows nothing of any database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portico.domain.errors import Conflict, Invalid
from portico.domain.identity import Revision
from portico.store.names import LARGEST, MOST_CONDITIONS, NAME, RESERVED_COLUMNS, RESERVED_TABLES, storable
from portico.store.port import Change, Condition, Operator, Select, Table, Value
from portico.store.sheet_catalogue import SheetCatalogue
from portico.store.sheets import Bulk, BulkChange, Sheet

FIXED_KINDS = {"id": "text", "revision": "integer"}
_TEXT_ONLY = frozenset({Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH})
_NULLABLE = frozenset({Operator.EQ, Operator.NE})


class Catalogue:
    """The tables of one store, by name, and its sheets."""

    def __init__(self, tables: Sequence[Table], sheets: Sequence[Sheet] = ()) -> None:
        self.tables: dict[str, Table] = {}
        self._kinds: dict[str, tuple[str, ...]] = {}
        self._searchable: dict[str, dict[str, str]] = {}
        for table in tables:
            if table.name in self.tables:
                raise Invalid(f"table {table.name!r} is described twice")
            check_table(table)
            self.tables[table.name] = table
            self._kinds[table.name] = tuple(column.kind for column in table.columns)
            self._searchable[table.name] = FIXED_KINDS | {column.name: column.kind for column in table.columns}
        self.of_sheets = SheetCatalogue(sheets)
        for sheet in sheets:
            if sheet.name in self.tables:
                raise Invalid(f"{sheet.name!r} is a table and a sheet")

    def table(self, name: str) -> Table:
        """Give a table's description; raises Invalid when there is none."""
        found = self.tables.get(name)
        if found is None:
            raise Invalid(f"there is no table {name!r}")
        return found

    def check_changes(
        self, changes: Iterable[Change | BulkChange], last: Revision, bulks: Iterable[Bulk] | None = None
    ) -> Revision:
        """Check every change and give the newest revision; raises Invalid, or Conflict when a revision is not new.

        `bulks` is what the changes of sheets come to, for a store that has joined them: fewer to check.
        """
        for change in changes:
            if change.revision <= last:
                raise Conflict(f"revision {change.revision} does not come after {last}")
            last = change.revision
            if isinstance(change, BulkChange):
                if bulks is None:
                    self.of_sheets.check_bulk(change.bulk)
                continue
            kinds = self._kinds.get(change.table)
            if kinds is None:
                raise Invalid(f"there is no table {change.table!r}")
            _check_value(change.id, "text", change.table, "id")
            _check_value(change.scope, "text", change.table, "scope")
            if change.body is not None:
                self._check_columns(change, kinds)
        for bulk in bulks or ():
            self.of_sheets.check_bulk(bulk)
        if last > LARGEST:
            raise Invalid(f"revision {last} is out of range")
        return last

    def check_select(self, query: Select) -> None:
        """Raise Invalid unless every column exists and every comparison makes sense for its kind."""
        self.table(query.table)
        searchable = self._searchable[query.table]
        for column, _ in query.order:
            if column not in searchable:
                raise Invalid(f"table {query.table!r} has no column {column!r} to order by", field=column)
        if query.limit < -1 or query.offset < 0 or max(query.limit, query.offset) > LARGEST:
            raise Invalid(f"a limit of {query.limit} from {query.offset} is not possible")
        if sum(map(len, query.any_of)) > MOST_CONDITIONS:
            raise Invalid(f"a select has at most {MOST_CONDITIONS} conditions")
        for conditions in query.any_of:
            for condition in conditions:
                _check_condition(condition, query.table, searchable)

    def _check_columns(self, change: Change, kinds: tuple[str, ...]) -> None:
        if len(change.columns) != len(kinds):
            raise Invalid(f"table {change.table!r} has {len(kinds)} columns; {len(change.columns)} were given")
        # This runs for every change of every transaction, so the usual values pass without a call.
        for position, value in enumerate(change.columns):
            kind = kinds[position]
            if value is None or (value.__class__ is str and kind == "text" and value.isascii()):
                continue
            _check_value(value, kind, change.table, self.tables[change.table].columns[position].name)


def check_table(table: Table) -> None:
    """Raise Invalid unless names are plain and unique, and indexes and the active mark name existing columns."""
    if not NAME.fullmatch(table.name) or table.name in RESERVED_TABLES or table.name.startswith("sqlite_"):
        raise Invalid(f"a table cannot be named {table.name!r}")
    kinds: dict[str, str] = {}
    for column in table.columns:
        if not NAME.fullmatch(column.name) or column.name in RESERVED_COLUMNS or column.name in kinds:
            raise Invalid(f"table {table.name!r} cannot have a column {column.name!r}, or not twice")
        if column.kind not in {"text", "integer"}:
            raise Invalid(f"column {table.name}.{column.name} has the unknown kind {column.kind!r}")
        kinds[column.name] = column.kind
    for index in table.indexes:
        if not index or not set(index) <= kinds.keys() | FIXED_KINDS.keys():
            raise Invalid(f"table {table.name!r} has no such columns to index: {', '.join(index)}")
    if table.active and kinds.get(table.active) != "integer":
        raise Invalid(f"table {table.name!r} has no integer column {table.active!r} to mark active rows")


def _check_condition(condition: Condition, table: str, searchable: dict[str, str]) -> None:
    name, operator, value = condition.column, condition.operator, condition.value
    kind = searchable.get(name)
    if kind is None:
        raise Invalid(f"table {table!r} has no column {name!r}", field=name)
    if value is None:
        if operator not in _NULLABLE:
            raise Invalid(f"{operator} needs a value to compare {name!r} with", field=name)
        return
    if operator in _TEXT_ONLY and kind != "text":
        raise Invalid(f"{operator} compares text, and {name!r} is a number", field=name)
    _check_value(value, kind, table, name)


def _check_value(value: Value, kind: str, table: str, name: str) -> None:
    if kind == "text":
        if not isinstance(value, str):
            raise Invalid(f"{table}.{name} is text, not {value!r}", field=name)
        if not storable(value):
            raise Invalid(f"{table}.{name} is not well-formed Unicode", field=name)
    elif not isinstance(value, int):
        raise Invalid(f"{table}.{name} is a number, not {value!r}", field=name)
    elif not -LARGEST <= value <= LARGEST:
        raise Invalid(f"{table}.{name} is out of range: {value}", field=name)
