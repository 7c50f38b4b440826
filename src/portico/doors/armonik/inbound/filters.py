"""Filters of lists: OR of ANDs of conditions, for whatever is listed.

Promises: no alternative at all means everything, and an AND of nothing is true; whatever is wrong is Invalid and names
its place, like `filters.or[0].and[1].field`. Alternatives that compare one field with one value each become one test,
so that a hundred ids are one look into an index.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from portico.domain.calls.naming import Naming
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.conditions import Alternatives, Part, read_condition
from portico.doors.armonik.inbound.fields import Fields, find_meaning
from portico.store.port import Operator
from portico.store.sheets import Contains, Field, Test

MOST_CONDITIONS = 1_000
"""Of one filter, written out or not: reading them must not hold up everybody else."""
MOST_TESTS = 500
"""Of one filter, after alternatives were joined: what a store's expression may be deep."""
JOINED_PLACES = 4
"""How far into an alternative its values are looked at."""

Clause = tuple[Part, ...]


def read_filters(filters: Any, fields: Fields, naming: Naming, place: str = "filters") -> tuple[Clause, ...]:
    """Read a `Filters` message as alternatives for `SheetQuery.any_of`; empty is everything."""
    clauses: list[Clause] = []
    everything = False
    room = MOST_CONDITIONS
    for index, conjunction in enumerate(getattr(filters, "or")):
        conditions = getattr(conjunction, "and")
        everything = everything or not conditions
        room -= len(conditions)
        if room < 0:
            raise Invalid(f"has more than {MOST_CONDITIONS} conditions", place)
        read = [_read_field(each, fields, naming, (place, index, number)) for number, each in enumerate(conditions)]
        clauses.extend(_all_of(read, place))
    if everything:
        return ()
    joined = _joined(clauses)
    if sum(map(len, joined)) > MOST_TESTS:
        raise Invalid(f"asks for more than {MOST_TESTS} different comparisons", place)
    return tuple(joined)


def _read_field(condition: Any, fields: Fields, naming: Naming, where: tuple[str, int, int]) -> Alternatives:
    """Read one condition; its place is put into words only when something is wrong with it."""
    try:
        return _read_alone(condition, fields, naming)
    except Invalid as error:
        place, index, number = where
        inside = f".{error.field}" if error.field else ""
        raise Invalid(str(error), f"{place}.or[{index}].and[{number}]{inside}") from error


def _read_alone(condition: Any, fields: Fields, naming: Naming) -> Alternatives:
    meaning = find_meaning(condition.field, fields, "field")
    member = condition.WhichOneof("value_condition")
    if member is None:
        raise Invalid("has no condition")
    if member != meaning.value:
        wanted = meaning.value or "no condition at all"
        raise Invalid(f"a {member} does not fit this field, which takes {wanted}", member)
    return read_condition(getattr(condition, member), meaning, naming, member)


def _all_of(read: list[Alternatives], place: str) -> Iterable[Clause]:
    """Give the alternatives of conditions that must all be met."""
    if len(read) == 1:
        return read[0]
    if all(len(alternatives) == 1 for alternatives in read):
        return (tuple(itertools.chain.from_iterable(alternatives[0] for alternatives in read)),)
    ways = 1
    for alternatives in read:
        ways *= len(alternatives)
        if ways > MOST_TESTS:
            raise Invalid(f"asks for more than {MOST_TESTS} different comparisons", place)
    return [tuple(itertools.chain.from_iterable(way)) for way in itertools.product(*read)]


def _joined(clauses: list[Clause]) -> list[Clause]:
    """Make one test of alternatives that differ only in the value that one column equals."""
    for place in range(JOINED_PLACES):
        if len(clauses) < 2:
            break
        clauses = _joined_at(clauses, place)
    return clauses


def _joined_at(clauses: list[Clause], place: int) -> list[Clause]:
    """Join those that differ in the test at one place."""
    values: dict[Clause, dict[str | int, None]] = {}
    for clause in clauses:
        wanted = _equalled(clause[place]) if place < len(clause) else ()
        if wanted:
            blank = Test(clause[place].field, any_of=())
            key = (*clause[:place], blank, *clause[place + 1 :])
            values.setdefault(key, {}).update(dict.fromkeys(wanted))
        else:
            values[clause] = {}
    return [
        (*key[:place], _one_of(key[place].field, tuple(wanted)), *key[place + 1 :]) if wanted else key
        for key, wanted in values.items()
    ]


def _equalled(test: Part) -> tuple[str | int, ...]:
    """Give the values of which a field must have one; none when that is not what is tested."""
    if isinstance(test, Contains):
        return ()
    if test.any_of is not None:
        return test.any_of
    return (test.value,) if test.operator is Operator.EQ and test.value is not None else ()


def _one_of(field: Field, values: tuple[str | int, ...]) -> Test:
    return Test(field, value=values[0]) if len(values) == 1 else Test(field, any_of=values)
