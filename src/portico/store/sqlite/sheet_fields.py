"""Fields and tests of sheets to SQL: what one row has, and whether it passes.

Promises: every value is bound, never spliced in; names are spliced in only after the catalogue accepted them. The text
that stands for a number is compared as the number wherever that gives the same answer, so that indexes serve.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portico.store.port import Operator, Value
from portico.store.sheets import Contains, Field, Test
from portico.store.sqlite.queries import Sql, balanced, text_term

_COMPARISONS = {
    Operator.EQ: "=",
    Operator.NE: "IS NOT",
    Operator.LT: "<",
    Operator.LE: "<=",
    Operator.GT: ">",
    Operator.GE: ">=",
}
_FALSE = "0"
_DIGITS = frozenset("0123456789abcdef")
_FIRST, _LAST = "00000000-0000", "ffffffff-ffff"
_HEAD = len(_FIRST)
"""Characters of a number's text before its suffix."""

_MANY = 32
"""Numbers in a list that is bound as one value, so that each length of list is not a statement of its own."""


def expression(field: Field, row: str) -> Sql:
    """Build what a field gives, of the row that is known as `row`; links are the caller's affair."""
    column = f'{row}."{field.column}"'
    if field.key is not None:
        return f"(SELECT value FROM json_each({column}) WHERE key = ?)", [field.key]  # noqa: S608 — checked names
    if field.minus:
        return f'({column} - {row}."{field.minus}")', []
    if not field.suffix:
        return column, []
    text = f"CASE WHEN {column} IS NOT NULL THEN printf('%08x-%04x', {column} >> 16, {column} & 65535) || ? END"
    return (f'coalesce({row}."{field.alias}", {text})' if field.alias else text), [field.suffix]


def ordering(field: Field, row: str) -> Sql:
    """Build what rows are ordered by: texts of one kind sort as their numbers do."""
    if field.suffix and not field.alias:
        return f'{row}."{field.column}"', []
    return expression(field, row)


def passes(test: Test | Contains, row: str) -> Sql:
    """Build the condition that the row passes a test."""
    if isinstance(test, Contains):
        return _contains(test, row)
    named = _named(test, row) if test.field.suffix else None
    if named is not None:
        return named
    text, values = expression(test.field, row)
    condition, compared = _compared(text, test, whole=not values)
    return condition, [*values, *compared]


def _compared(text: str, test: Test, *, whole: bool) -> Sql:
    """Compare what `text` gives; unless it is `whole` it holds marks of its own and must not be repeated."""
    operator, value = test.operator, test.value
    if test.any_of is not None:
        among, listed = _one_of(test.any_of)
        return f"{text} {among}", listed
    if value is None:
        return f"{text} IS {'NULL' if operator is Operator.EQ else 'NOT NULL'}", []
    if operator in _COMPARISONS:
        return f"{text} {_COMPARISONS[operator]} ?", [value]
    if operator is Operator.STARTS_WITH and not whole:
        beginning = str(value).encode()
        return f"substr(CAST({text} AS BLOB), 1, ?) = ?", [len(beginning), beginning]
    return text_term(text, operator, str(value))


def passes_null(test: Test | Contains) -> bool:
    """Tell whether a row passes that has no such value, or is not there at all."""
    if isinstance(test, Contains):
        return test.negated
    if test.any_of is not None:
        return False
    return test.operator is (Operator.EQ if test.value is None else Operator.NE)


def inverse(test: Test | Contains) -> Test | Contains:
    """Give the test that exactly the others pass, of one that null passes."""
    if isinstance(test, Contains):
        return Contains(test.field, test.value)
    return Test(test.field, Operator.NE if test.value is None else Operator.EQ, test.value)


def number_of(text: str, suffix: str) -> int | None:
    """Give the number whose text this is, None when it is no number's."""
    digits = text[:8] + text[9:_HEAD]
    if text[_HEAD:] != suffix or len(digits) != _HEAD - 1 or text[8] != "-" or not _DIGITS.issuperset(digits):
        return None
    return int(digits, 16)


def _contains(test: Contains, row: str) -> Sql:
    text, values = expression(test.field, row)
    among = f"EXISTS (SELECT 1 FROM json_each({text}) WHERE type = 'text' AND value = ?)"  # noqa: S608 — checked names
    condition = f"CASE WHEN json_valid({text}) THEN json_type({text}) = 'array' AND {among} ELSE 0 END"
    return f"{condition} = {0 if test.negated else 1}", [*values, *values, *values, test.value]


def _named(test: Test, row: str) -> Sql | None:
    """Compare numbers instead of their texts; None where that can not give the answer."""
    field = test.field
    column, alias = f'{row}."{field.column}"', f'{row}."{field.alias}"' if field.alias else ""
    if test.any_of is not None:
        return _named_among(column, alias, [str(value) for value in test.any_of], field.suffix)
    if test.operator is Operator.STARTS_WITH:
        return _named_from(column, alias, str(test.value), field.suffix)
    if test.operator not in {Operator.EQ, Operator.NE}:
        return None
    if test.value is None:
        missing = [f"{name} IS NULL" for name in (column, alias) if name]
        missed = balanced("AND", missing)
        return (missed if test.operator is Operator.EQ else f"({missed}) IS NOT 1"), []
    text, values = _named_among(column, alias, [str(test.value)], field.suffix)
    return (text if test.operator is Operator.EQ else f"({text}) IS NOT 1"), values


def _named_among(column: str, alias: str, texts: list[str], suffix: str) -> Sql:
    numbers = [number for text in texts if (number := number_of(text, suffix)) is not None]
    among, bound = _one_of(numbers)
    by_number = f"{column} {among}" if numbers else _FALSE
    if not alias or not texts:
        return by_number, bound
    among, listed = _one_of(texts)
    by_alias = f"{alias} {among}"
    if not numbers:
        return by_alias, listed
    # Each side of the OR has an index of its own: the partial one over aliases, and the number's.
    return f"({by_alias} OR ({alias} IS NULL AND {by_number}))", [*listed, *bound]


def _named_from(column: str, alias: str, beginning: str, suffix: str) -> Sql:
    """Compare with the first and the last number whose texts begin so."""
    rest = beginning[_HEAD:]
    first, last = (
        number_of(beginning[:_HEAD] + filling[len(beginning) :] + suffix, suffix) for filling in (_FIRST, _LAST)
    )
    by_number, bounds = _FALSE, list[Value | bytes]()
    if first is not None and last is not None and suffix.startswith(rest):
        by_number, bounds = f"{column} BETWEEN ? AND ?", [first, last]
    if not alias:
        return by_number, bounds
    by_alias, compared = text_term(alias, Operator.STARTS_WITH, beginning)
    return f"({by_alias} OR ({alias} IS NULL AND {by_number}))", [*compared, *bounds]


def _one_of(values: Sequence[str | int]) -> Sql:
    if len(values) == 1:
        return "= ?", list(values)
    if len(values) >= _MANY and all(isinstance(value, int) for value in values):
        return "IN (SELECT value FROM json_each(?))", [msgspec.json.encode(values).decode()]
    return f"IN ({', '.join('?' * len(values))})", list(values)
