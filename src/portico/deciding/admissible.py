"""How many runs of a request each node can take, and how well each node suits its wishes.

Owns the meaning of constraints. Promises: after as many placements as answered here, and no more, the next run
on the node would break a hard constraint or find no room.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, assert_never

import numpy as np

from portico.deciding.columns import ABSENT
from portico.domain.constraints import (
    AllOf,
    AnyOf,
    Attribute,
    Condition,
    ExclusiveHost,
    HostLabel,
    Lacks,
    TaskLabel,
    UniqueHost,
    has_choice,
)

if TYPE_CHECKING:
    from portico.deciding.columns import Bools, Ints
    from portico.deciding.requests import Request
    from portico.deciding.trial import Trial
    from portico.domain.constraints import Predicate

_ENDLESS = np.iinfo(np.int64).max


def room(trial: Trial, request: Request, wanted: int) -> Ints:
    """How many runs fit on every row, at most `wanted`, all hard constraints kept.

    A hard balance only excludes nodes without the attribute here: which of the others take part, and with how
    many runs, depends on all of them.
    """
    fitting = np.where(trial.schedulable, wanted, 0)
    for kind, amount in request.amounts.items():
        if amount == 0:
            continue
        column = trial.cluster.kinds.get(kind)
        if column is None:
            return np.zeros(trial.rows, dtype=np.int64)
        np.minimum(fitting, trial.free[:, column] // amount, out=fitting)
    if request.ports:
        np.minimum(fitting, trial.ports // request.ports, out=fitting)
    barred = trial.barred(request.job)
    if barred is not None:
        fitting[barred] = 0
    for predicate in request.predicates:
        np.minimum(fitting, allowed(trial, request, predicate), out=fitting)
    if request.hard_balance is not None:
        fitting[balance_groups(trial, request.hard_balance.attribute)[0] == 0] = 0
    return np.maximum(fitting, 0, out=fitting)


def allowed(trial: Trial, request: Request, predicate: Predicate) -> Ints:
    """How many runs in a row the predicate lets every node take from now on."""
    reached = _reach(trial, request, predicate, np.zeros(trial.rows, dtype=np.int64))
    if not has_choice(predicate):
        return reached
    while True:
        further = _reach(trial, request, predicate, reached)
        if np.array_equal(further, reached):
            return reached
        reached = further


def suitability(trial: Trial, request: Request) -> tuple[Ints, Ints]:
    """The score of every row by the request's wishes, and how many runs it takes without losing any of it."""
    score = np.zeros(trial.rows, dtype=np.int64)
    lasting = np.full(trial.rows, _ENDLESS)
    for predicate, weight in request.wishes:
        holding = allowed(trial, request, predicate)
        holds = holding > 0
        score[holds] += weight
        np.minimum(lasting, holding, out=lasting, where=holds)
    return score, lasting


def _reach(trial: Trial, request: Request, predicate: Predicate, start: Ints) -> Ints:
    """Up to which number of own runs per row the predicate holds from `start` own runs on.

    Answers `start` where it does not hold there. Exact for a leaf; for AnyOf at least one alternative holds up
    to there, and another one may hold beyond.
    """
    match predicate:
        case AllOf(parts=()) | AnyOf(parts=()):
            return np.full(trial.rows, _ENDLESS)
        case AllOf(parts=parts):
            return functools.reduce(np.minimum, [_reach(trial, request, part, start) for part in parts])
        case AnyOf(parts=parts):
            return functools.reduce(np.maximum, [_reach(trial, request, part, start) for part in parts])
        case TaskLabel(key=key, value=value, condition=condition, count=count):
            step = 1 if request.labels.get(key) == value else 0
            return _counted(trial.label_counts(key, value), step, condition, count, start)
        case UniqueHost():
            return _counted(trial.job_counts(request.job), 1, Condition.LESS_THAN, 1, start)
        case _:
            return np.where(_holds(trial, request, predicate), _ENDLESS, start)


def _counted(counts: Ints, step: int, condition: Condition, wanted: int, start: Ints) -> Ints:
    """`_reach` of a condition on a count that grows by `step` (0 or 1) with every own run."""
    if step == 0:
        return np.where(_compare(counts, condition, wanted), _ENDLESS, start)
    match condition:
        case Condition.LESS_THAN:
            return np.maximum(start, wanted - counts)
        case Condition.EQUAL:
            return np.where(counts + start == wanted, start + 1, start)
        case Condition.GREATER_THAN:
            return np.where(counts + start > wanted, _ENDLESS, start)
        case _:
            assert_never(condition)


def _holds(trial: Trial, request: Request, predicate: Attribute | HostLabel | ExclusiveHost | Lacks) -> Bools:
    """Where a predicate holds that the request's own runs do not change."""
    match predicate:
        case Attribute(name=name, values=values, excluded=excluded):
            return _has(trial, name, values) ^ excluded
        case HostLabel(key=key, value=value, condition=condition, count=count):
            return _compare(_has(trial, key, (value,)).astype(np.int64), condition, count)
        case ExclusiveHost():
            return np.equal(trial.runs, trial.job_counts(request.job))
        case Lacks(kind=kind):
            column = trial.cluster.kinds.get(kind)
            if column is None:
                return np.ones(trial.rows, dtype=np.bool_)
            return np.less_equal(trial.total[:, column], 0)
        case _:
            assert_never(predicate)


def _has(trial: Trial, name: str, values: tuple[str, ...]) -> Bools:
    column = trial.cluster.attributes.get(name)
    if column is None:
        return np.zeros(trial.rows, dtype=np.bool_)
    codes = [code for code in map(column.find, values) if code is not None]
    present = column.codes[: trial.rows]
    return np.isin(present, np.array(codes, dtype=np.int32))


def _compare(counts: Ints, condition: Condition, wanted: int) -> Bools:
    match condition:
        case Condition.LESS_THAN:
            return np.less(counts, wanted)
        case Condition.EQUAL:
            return np.equal(counts, wanted)
        case Condition.GREATER_THAN:
            return np.greater(counts, wanted)
        case _:
            assert_never(condition)


def balance_groups(trial: Trial, attribute: str) -> tuple[Ints, int]:
    """Which group of the attribute every row is in, and how many groups there are; group 0 lacks it."""
    column = trial.cluster.attributes.get(attribute)
    if column is None:
        return np.zeros(trial.rows, dtype=np.int64), 1
    return column.codes[: trial.rows].astype(np.int64) - ABSENT, column.code_count + 1
