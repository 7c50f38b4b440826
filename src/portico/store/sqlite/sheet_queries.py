"""Queries of sheets to SQL: which rows, in what order, counted or told apart.

Promises: those of `sheet_fields`. What is asked of linked rows is asked of their sheet first, where there are few, and
the rows that link to those that passed are looked up; a linked row that is not there is as one full of nulls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portico.store.port import Operator
from portico.store.sheet_catalogue import KEY
from portico.store.sheets import Contains, Field, Sheet, SheetQuery, Test
from portico.store.sqlite.queries import Sql, balanced
from portico.store.sqlite.sheet_fields import expression, inverse, ordering, passes, passes_null

_ROW = "m"
_NUMBER = f'{_ROW}."{KEY}"'
_Test = Test | Contains


def rows(query: SheetQuery, fields: Sequence[Field], sheet: Sheet) -> Sql:
    """Build the statement that gives fields of the rows chosen, in order."""
    given, values = _listed(fields)
    order, ordered = _order(query.order)
    if query.limit < 0 and not query.offset:
        where, bound = _where(query, sheet)
        origin = _origin(sheet, [*fields, *(field for field, _ in query.order)])
        return f"SELECT {given} FROM {origin}{where} ORDER BY {order}", [*values, *bound, *ordered]  # noqa: S608 — checked
    # The page is found by numbers alone, which indexes give; only its own rows are then read.
    page, paged = numbers(query, sheet)
    origin = _origin(sheet, [*fields, *(field for field, _ in query.order)], f"({page}) AS p CROSS JOIN ")
    return f"SELECT {given} FROM {origin} ORDER BY {order}", [*values, *paged, *ordered]  # noqa: S608 — checked names


def numbers(query: SheetQuery, sheet: Sheet) -> Sql:
    """Build the statement that gives the numbers of the rows chosen, in order."""
    where, values = _where(query, sheet)
    order, ordered = _order(query.order)
    origin = _origin(sheet, (field for field, _ in query.order))
    text = f"SELECT {_NUMBER} AS n FROM {origin}{where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 — checked names
    return text, [*values, *ordered, query.limit, query.offset]


def count(query: SheetQuery, sheet: Sheet) -> Sql:
    """Build the statement that counts the rows chosen, whatever limit and offset say."""
    where, values = _where(query, sheet)
    return f"SELECT count(*) FROM {_origin(sheet, ())}{where}", values  # noqa: S608 — checked names


def tally(query: SheetQuery, fields: Sequence[Field], sheet: Sheet) -> Sql:
    """Build the statement that gives the combinations of fields among the rows chosen, and how often they occur."""
    text, values = _combinations(query, fields, sheet)
    directions = {fields.index(field) + 1: ascending for field, ascending in reversed(query.order)}
    wanted = dict.fromkeys((fields.index(field) + 1 for field, _ in query.order), True) | directions
    for place in range(1, len(fields) + 1):
        wanted.setdefault(place, True)
    order = ", ".join(f"{place} {'ASC' if ascending else 'DESC'}" for place, ascending in wanted.items())
    return f"{text} ORDER BY {order} LIMIT ? OFFSET ?", [*values, query.limit, query.offset]


def count_distinct(query: SheetQuery, fields: Sequence[Field], sheet: Sheet) -> Sql:
    """Build the statement that counts the combinations of fields among the rows chosen."""
    text, values = _combinations(query, fields, sheet)
    return f"SELECT count(*) FROM ({text})", values  # noqa: S608 — checked names


def _combinations(query: SheetQuery, fields: Sequence[Field], sheet: Sheet) -> Sql:
    given, values = _listed(fields)
    where, bound = _where(query, sheet)
    places = ", ".join(str(place) for place in range(1, len(fields) + 1))
    link = fields[0].link
    if not link or any(field.link != link for field in fields):
        text = f"SELECT {given}, count(*) FROM {_origin(sheet, fields)}{where} GROUP BY {places}"  # noqa: S608 — checked
        return text, [*values, *bound]
    # Rows that link to one row are alike: they are counted by the link, which an index holds, and looked up once.
    chosen = f'SELECT {_ROW}."{link}", count(*) AS c FROM "{sheet.name}" AS {_ROW}{where} GROUP BY 1'  # noqa: S608 — checked
    origin = f"({chosen}) AS {_ROW}{_join(sheet, link)}"
    return f"SELECT {given}, sum({_ROW}.c) FROM {origin} GROUP BY {places}", [*values, *bound]  # noqa: S608 — checked


def _origin(sheet: Sheet, fields: Iterable[Field], before: str = "") -> str:
    """Name the sheet, and beside it the sheets that fields are linked to."""
    on = f" ON {_NUMBER} = p.n" if before else ""
    joined = "".join(_join(sheet, link) for link in dict.fromkeys(field.link for field in fields if field.link))
    return f'{before}"{sheet.name}" AS {_ROW}{on}{joined}'


def _join(sheet: Sheet, link: str) -> str:
    return f' LEFT JOIN "{sheet.links[link]}" AS {_linked(link)} ON {_linked(link)}."{KEY}" = {_ROW}."{link}"'


def _linked(link: str) -> str:
    return f'"l_{link}"'


def _row(field: Field) -> str:
    return _linked(field.link) if field.link else _ROW


def _listed(fields: Sequence[Field]) -> Sql:
    parts = [expression(field, _row(field)) for field in fields]
    return ", ".join(text for text, _ in parts), [value for _, values in parts for value in values]


def _order(order: Sequence[tuple[Field, bool]]) -> Sql:
    parts: list[str] = []
    bound = []
    direction = order[-1][1] if order else True
    for field, ascending in (*order, (Field(KEY), direction)):
        text, values = ordering(field, _row(field))
        parts.append(f"{text} {'ASC' if ascending else 'DESC'}")
        bound += values
        if text == _NUMBER:
            break
    return ", ".join(parts), bound


def _where(query: SheetQuery, sheet: Sheet) -> Sql:
    terms: list[Sql] = []
    if query.always:
        terms.append(_all(query.always, sheet))
    if query.any_of and () not in query.any_of:
        alternatives = [_all(alternative, sheet) for alternative in _gathered(query.any_of)]
        terms.append(_joined("OR", alternatives))
    if not terms:
        return "", []
    text, values = _joined("AND", terms)
    return f" WHERE {text}", values


def _gathered(any_of: Sequence[tuple[_Test, ...]]) -> list[tuple[_Test, ...]]:
    """Make one list of the alternatives that ask one field for one value: thousands of ORs would be too deep."""
    values: dict[Field, list[str | int]] = {}
    others: list[tuple[_Test, ...]] = []
    for alternative in any_of:
        wanted = _wanted(alternative)
        if wanted:
            values.setdefault(alternative[0].field, []).extend(wanted)
        else:
            others.append(alternative)
    among = [(Test(field, any_of=tuple(dict.fromkeys(found))),) for field, found in values.items()]
    return [*among, *others]


def _wanted(alternative: tuple[_Test, ...]) -> tuple[str | int, ...]:
    test = alternative[0]
    if len(alternative) > 1 or isinstance(test, Contains):
        return ()
    if test.any_of is not None:
        return test.any_of
    return (test.value,) if test.operator is Operator.EQ and test.value is not None else ()


def _all(tests: Sequence[_Test], sheet: Sheet) -> Sql:
    terms: list[Sql] = []
    linked: dict[str, list[_Test]] = {}
    for test in tests:
        link = test.field.link
        if not link:
            terms.append(passes(test, _ROW))
        elif passes_null(test):
            text, values = _through(link, [inverse(test)], sheet)
            terms.append((f"({text}) IS NOT 1", values))
        else:
            linked.setdefault(link, []).append(test)
    terms += [_through(link, found, sheet) for link, found in linked.items()]
    return _joined("AND", terms)


def _through(link: str, tests: Sequence[_Test], sheet: Sheet) -> Sql:
    text, values = _joined("AND", [passes(test, "l") for test in tests])
    chosen = f'SELECT l."{KEY}" FROM "{sheet.links[link]}" AS l WHERE {text}'  # noqa: S608 — checked names
    return f'{_ROW}."{link}" IN ({chosen})', values


def _joined(word: str, terms: Sequence[Sql]) -> Sql:
    return balanced(word, [text for text, _ in terms]), [value for _, values in terms for value in values]
