"""Select to SQL: the only place where a query becomes a statement.

Owns the meaning of the operators in SQL. Promises: every value is bound, never spliced in; names are spliced in only
after the catalogue accepted them; text compares by code point and by case, whatever characters it holds (hence no
LIKE or GLOB, whose patterns would need escaping and which stop at a NUL).
"""

from __future__ import annotations

from itertools import groupby

from portico.store.port import Condition, Operator, Select, Table, Value

Sql = tuple[str, list[Value | bytes]]
AnyOf = tuple[tuple[Condition, ...], ...]

_COMPARISONS = {Operator.LT: "<", Operator.LE: "<=", Operator.GT: ">", Operator.GE: ">="}
_LAST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def select(query: Select, table: Table, result: str = "id, revision, body") -> Sql:
    """Build the statement that gives the rows chosen, in order."""
    where, values = _where(query, table)
    directions: dict[str, bool] = {}
    for column, ascending in (*query.order, ("id", True)):
        directions.setdefault(column, ascending)
    order = [f'"{column}" {"ASC" if ascending else "DESC"}' for column, ascending in directions.items()]
    text = f'SELECT {result} FROM "{table.name}"{where} ORDER BY {", ".join(order)}'  # noqa: S608 — checked names
    if query.limit >= 0 or query.offset:
        text += " LIMIT ? OFFSET ?"
        values += [query.limit, query.offset]
    return text, values


def count(query: Select, table: Table) -> Sql:
    """Build the statement that counts the rows chosen, whatever limit and offset say."""
    where, values = _where(query, table)
    return f'SELECT count(*) FROM "{table.name}"{where}', values  # noqa: S608 — checked names


def delete(query: Select, table: Table) -> Sql:
    """Build the statement that deletes the rows chosen, the first ones in order when there is a limit."""
    chosen, values = select(query, table, "rowid")
    return f'DELETE FROM "{table.name}" WHERE rowid IN ({chosen})', values  # noqa: S608 — checked names


def _where(query: Select, table: Table) -> Sql:
    bounds, any_of = _apart(query.any_of)
    terms, values = _any(any_of, table)
    bounding = [_term(condition, table) for condition in bounds]
    conjunction = [*(term for term, _ in bounding), *([balanced("OR", terms)] if terms else [])]
    if not conjunction:
        return "", []
    return f" WHERE {balanced('AND', conjunction)}", [*(value for _, bound in bounding for value in bound), *values]


def _apart(any_of: AnyOf) -> tuple[list[Condition], AnyOf]:
    """Take out what every alternative says of the id: said once, it bounds the walk through the index of ids."""
    if not any_of:
        return [], ()
    shared = [
        condition
        for condition in dict.fromkeys(any_of[0])
        if condition.column == "id" and all(condition in alternative for alternative in any_of[1:])
    ]
    if not shared:
        return [], any_of
    return shared, tuple(tuple(condition for condition in one if condition not in shared) for one in any_of)


def _any(any_of: AnyOf, table: Table) -> tuple[list[str], list[Value | bytes]]:
    """Give the alternatives, of which one must hold; none when all rows are meant."""
    if not any_of or () in any_of:
        return [], []
    terms: list[str] = []
    values: list[Value | bytes] = []
    for column, group in groupby(sorted(any_of, key=_sole_equal), key=_sole_equal):
        alternatives = list(group)
        if column and len(alternatives) > 1:
            # A long list of ids must not become thousands of nested ORs: SQLite limits an expression's depth.
            terms.append(f'"{column}" IN ({", ".join("?" * len(alternatives))})')
            values += [alternative[0].value for alternative in alternatives]
            continue
        for alternative in alternatives:
            conjunction = [_term(condition, table) for condition in alternative]
            terms.append(balanced("AND", [term for term, _ in conjunction]))
            values += [value for _, bound in conjunction for value in bound]
    return terms, values


def _sole_equal(alternative: tuple[Condition, ...]) -> str:
    if len(alternative) != 1:
        return ""
    condition = alternative[0]
    return condition.column if condition.operator is Operator.EQ and condition.value is not None else ""


def balanced(word: str, terms: list[str]) -> str:
    """Join terms, of which there is one at least, as a tree of logarithmic depth."""
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    return f"({balanced(word, terms[:middle])} {word} {balanced(word, terms[middle:])})"


def _term(condition: Condition, table: Table) -> Sql:
    column, operator, value = f'"{condition.column}"', condition.operator, condition.value
    if value is None:
        return f"{column} {'IS NULL' if operator is Operator.EQ else 'IS NOT NULL'}", []
    if operator is Operator.EQ and condition.column == table.active and value in {0, 1}:
        return f"{column} = {value}", []  # the partial indexes serve only the literal
    if operator is Operator.EQ:
        return f"{column} = ?", [value]
    if operator is Operator.NE:
        return f"{column} IS NOT ?", [value]
    if operator in _COMPARISONS:
        return f"{column} {_COMPARISONS[operator]} ?", [value]
    return text_term(column, operator, str(value))


def text_term(column: str, operator: Operator, value: str) -> Sql:
    """Build the comparison of a column's text, or of what else gives one."""
    if operator is Operator.CONTAINS:
        return f"instr({column}, ?) > 0", [value]
    if operator is Operator.NOT_CONTAINS:
        return f"instr({column}, ?) = 0", [value]
    if operator is Operator.ENDS_WITH:
        ending = value.encode()
        if not ending:
            return f"{column} IS NOT NULL", []
        return f"substr(CAST({column} AS BLOB), ?) = ?", [-len(ending), ending]
    # What starts with a text lies between it and its successor, which lets an index serve the search.
    beyond = successor(value)
    if beyond:
        return f"({column} >= ? AND {column} < ?)", [value, beyond]
    return f"{column} >= ?", [value]


def successor(prefix: str) -> str:
    """Give the least text above all that start with `prefix`, or "" when there is none."""
    for end in range(len(prefix), 0, -1):
        code = ord(prefix[end - 1])
        if code < _LAST_CHARACTER:
            following = _SURROGATES.stop if code + 1 in _SURROGATES else code + 1
            return prefix[: end - 1] + chr(following)
    return ""
