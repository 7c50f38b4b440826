"""One condition of a filter: the wire's operators, as tests of columns.

Promises: every operator of every kind of value is here; an operator or value that is none is Invalid and names its
place. A condition is given as alternatives, of which one must hold: nearly always there is one alternative of one test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portico.domain.calls.naming import Naming
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.fields import Meaning, Value
from portico.doors.armonik.inbound.times import read_duration, read_instant
from portico.doors.armonik.states import NO_STATE
from portico.store.port import Operator
from portico.store.sheets import Contains, Field, Test
from portico.wire.armonik import filters_pb2 as wire

Part = Test | Contains
Alternatives = list[tuple[Part, ...]]

_S = wire.FilterStringOperator
TEXT_OPERATORS: dict[int, Operator] = {
    _S.FILTER_STRING_OPERATOR_EQUAL: Operator.EQ,
    _S.FILTER_STRING_OPERATOR_NOT_EQUAL: Operator.NE,
    _S.FILTER_STRING_OPERATOR_CONTAINS: Operator.CONTAINS,
    _S.FILTER_STRING_OPERATOR_NOT_CONTAINS: Operator.NOT_CONTAINS,
    _S.FILTER_STRING_OPERATOR_STARTS_WITH: Operator.STARTS_WITH,
    _S.FILTER_STRING_OPERATOR_ENDS_WITH: Operator.ENDS_WITH,
}
_N = wire.FilterNumberOperator
NUMBER_OPERATORS: dict[int, Operator] = {
    _N.FILTER_NUMBER_OPERATOR_EQUAL: Operator.EQ,
    _N.FILTER_NUMBER_OPERATOR_NOT_EQUAL: Operator.NE,
    _N.FILTER_NUMBER_OPERATOR_LESS_THAN: Operator.LT,
    _N.FILTER_NUMBER_OPERATOR_LESS_THAN_OR_EQUAL: Operator.LE,
    _N.FILTER_NUMBER_OPERATOR_GREATER_THAN_OR_EQUAL: Operator.GE,
    _N.FILTER_NUMBER_OPERATOR_GREATER_THAN: Operator.GT,
}
_D = wire.FilterDateOperator
DATE_OPERATORS: dict[int, Operator] = {
    _D.FILTER_DATE_OPERATOR_EQUAL: Operator.EQ,
    _D.FILTER_DATE_OPERATOR_NOT_EQUAL: Operator.NE,
    _D.FILTER_DATE_OPERATOR_BEFORE: Operator.LT,
    _D.FILTER_DATE_OPERATOR_BEFORE_OR_EQUAL: Operator.LE,
    _D.FILTER_DATE_OPERATOR_AFTER_OR_EQUAL: Operator.GE,
    _D.FILTER_DATE_OPERATOR_AFTER: Operator.GT,
}
_L = wire.FilterDurationOperator
DURATION_OPERATORS: dict[int, Operator] = {
    _L.FILTER_DURATION_OPERATOR_EQUAL: Operator.EQ,
    _L.FILTER_DURATION_OPERATOR_NOT_EQUAL: Operator.NE,
    _L.FILTER_DURATION_OPERATOR_SHORTER_THAN: Operator.LT,
    _L.FILTER_DURATION_OPERATOR_SHORTER_THAN_OR_EQUAL: Operator.LE,
    _L.FILTER_DURATION_OPERATOR_LONGER_THAN_OR_EQUAL: Operator.GE,
    _L.FILTER_DURATION_OPERATOR_LONGER_THAN: Operator.GT,
}
STATUS_OPERATORS: dict[int, Operator] = {
    wire.FilterStatusOperator.FILTER_STATUS_OPERATOR_EQUAL: Operator.EQ,
    wire.FilterStatusOperator.FILTER_STATUS_OPERATOR_NOT_EQUAL: Operator.NE,
}
BOOLEAN_OPERATORS: dict[int, Operator] = {wire.FilterBooleanOperator.FILTER_BOOLEAN_OPERATOR_IS: Operator.EQ}
ARRAY_NEGATED: dict[int, bool] = {
    wire.FilterArrayOperator.FILTER_ARRAY_OPERATOR_CONTAINS: False,
    wire.FilterArrayOperator.FILTER_ARRAY_OPERATOR_NOT_CONTAINS: True,
}

_EQUALITIES = frozenset({Operator.EQ, Operator.NE})
_ROUNDED_UP = frozenset({Operator.LT, Operator.GE})
"""Of values that are whole microseconds, those below or not below a broken bound are those so of the next whole one."""


def read_condition(condition: Any, meaning: Meaning, naming: Naming, place: str) -> Alternatives:
    """Read the condition of a filter, which is of the kind that the field wants; `place` is the condition's."""
    return _READERS[meaning.value](condition, meaning, naming, place)


def _operator(condition: Any, operators: dict[int, Operator], place: str) -> Operator:
    operator = operators.get(condition.operator)
    if operator is None:
        raise Invalid(f"{condition.operator} is not an operator", f"{place}.operator")
    return operator


# ---- texts -----------------------------------------------------------------------------------------------------


def _text(condition: Any, meaning: Meaning, naming: Naming, place: str) -> Alternatives:
    operator = _operator(condition, TEXT_OPERATORS, place)
    value: str = condition.value
    if meaning.names is not None and meaning.number is not None and operator in _EQUALITIES:
        number = naming.number(meaning.names, value)
        if not meaning.field.alias or (meaning.field.link and number):
            return [(Test(meaning.number, operator, number),)]
    shown = meaning.shown(naming)
    found: Alternatives = [(Test(shown, operator, value),)]
    if not meaning.blank:
        # What lacks a key does not contain anything under it either.
        if shown.key is not None and operator is Operator.NOT_CONTAINS:
            found.append((Test(shown, Operator.EQ, None),))
        return found
    return _with_blank(found, meaning.number or shown, operator, value)


def _with_blank(found: Alternatives, field: Field, operator: Operator, value: str) -> Alternatives:
    """Let null do what an empty text would."""
    if operator is Operator.NE:  # the only one that null meets by itself
        return found if value else [(*found[0], Test(field, Operator.NE, None))]
    if (value == "") is not (operator is Operator.NOT_CONTAINS):
        found.append((Test(field, Operator.EQ, None),))
    return found


# ---- everything else -------------------------------------------------------------------------------------------


def _number(condition: Any, meaning: Meaning, _naming: Naming, place: str) -> Alternatives:
    return [(Test(meaning.field, _operator(condition, NUMBER_OPERATORS, place), condition.value),)]


def _boolean(condition: Any, meaning: Meaning, _naming: Naming, place: str) -> Alternatives:
    return [(Test(meaning.field, _operator(condition, BOOLEAN_OPERATORS, place), int(condition.value)),)]


def _status(condition: Any, meaning: Meaning, _naming: Naming, place: str) -> Alternatives:
    state = meaning.states.get(condition.value, NO_STATE)
    return [(Test(meaning.field, _operator(condition, STATUS_OPERATORS, place), int(state)),)]


def _texts(condition: Any, meaning: Meaning, _naming: Naming, place: str) -> Alternatives:
    negated = ARRAY_NEGATED.get(condition.operator)
    if negated is None:
        raise Invalid(f"{condition.operator} is not an operator", f"{place}.operator")
    return [(Contains(meaning.field, condition.value, negated=negated),)]


def _date(condition: Any, meaning: Meaning, _naming: Naming, place: str) -> Alternatives:
    return _time(condition, meaning, _operator(condition, DATE_OPERATORS, place), read_instant, place)


def _duration(condition: Any, meaning: Meaning, _naming: Naming, place: str) -> Alternatives:
    return _time(condition, meaning, _operator(condition, DURATION_OPERATORS, place), read_duration, place)


def _time(condition: Any, meaning: Meaning, operator: Operator, read: Callable[..., int], place: str) -> Alternatives:
    """Compare times; without a value, to be equal to it is to be unset. A finer value equals its microsecond."""
    place = f"{place}.value"
    if not condition.HasField("value"):
        if operator not in _EQUALITIES:
            raise Invalid("nothing to compare with is given", place)
        return [(Test(meaning.field, operator, None),)]
    return [(Test(meaning.field, operator, read(condition.value, place, up=operator in _ROUNDED_UP)),)]


_READERS: dict[Value, Callable[[Any, Meaning, Naming, str], Alternatives]] = {
    Value.TEXT: _text,
    Value.NUMBER: _number,
    Value.BOOLEAN: _boolean,
    Value.STATUS: _status,
    Value.DATE: _date,
    Value.DURATION: _duration,
    Value.TEXTS: _texts,
}
