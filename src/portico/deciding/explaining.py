"""Why a request finds no node: for each reason, how many nodes it speaks against.

Pure reading of the cluster matrix, one vector operation for each reason. Promises: a node counts for every reason that
speaks against it; without any reason that counts all nodes together, the request would be placed by the next pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, assert_never

import msgspec
import numpy as np

from portico.deciding.admissible import allowed, balance_groups
from portico.deciding.trial import Trial
from portico.domain.constraints import (
    AllOf,
    AnyOf,
    Attribute,
    Condition,
    ExclusiveHost,
    HostLabel,
    Lacks,
    Predicate,
    TaskLabel,
    UniqueHost,
)
from portico.domain.resources import DISK, MEM, NETWORK, WHOLE

if TYPE_CHECKING:
    from portico.deciding.columns import Bools, Ints
    from portico.deciding.matrix import ClusterMatrix
    from portico.deciding.requests import Request

SAMPLES = 5
"""Nodes named for a reason."""
CLOSED = "takes nothing new"

_UNITS = {MEM: " MB", DISK: " MB", NETWORK: " Mbps"}
_COMPARED = {Condition.LESS_THAN: "less than", Condition.EQUAL: "exactly", Condition.GREATER_THAN: "more than"}


class Reason(msgspec.Struct, frozen=True):
    """What speaks against a request, on how many nodes, and the first of them; one of no node speaks against all."""

    text: str
    nodes: int = 0
    samples: tuple[str, ...] = ()


class Findings(msgspec.Struct, frozen=True):
    """All reasons on nodes, the most frequent first, and how many nodes have nothing against the request."""

    reasons: tuple[Reason, ...]
    takers: int = 0


def explain(cluster: ClusterMatrix, request: Request, closed: Mapping[str, str]) -> Findings:
    """Ask each node; `closed` says why a node takes nothing new."""
    if not len(cluster):
        return Findings((Reason("there are no nodes"),))
    trial = Trial(cluster)
    names = cluster.node_ids
    present = np.array([name is not None for name in names], dtype=np.bool_)
    found = list(_closed(trial, present, names, closed))
    takers: Bools = present & trial.schedulable
    for text, failing in _objections(trial, request):
        takers &= ~failing
        rows = np.flatnonzero(failing & present)
        if len(rows):
            found.append(_reason(text, rows, names))
    reasons = sorted(found, key=lambda reason: (-reason.nodes, reason.text))
    return Findings(tuple(reasons), int(takers.sum()))


def amount_text(kind: str, amount: int) -> str:
    """Write an amount of a kind: `1.5 cpus`, `512 MB mem`."""
    return f"{amount / WHOLE:g}{_UNITS.get(kind, '')} {kind}"


def _reason(text: str, rows: Sequence[int] | Ints, names: list[str | None]) -> Reason:
    samples = tuple(name for row in rows[:SAMPLES] if (name := names[row]) is not None)
    return Reason(text, len(rows), samples)


def _closed(trial: Trial, present: Bools, names: list[str | None], closed: Mapping[str, str]) -> Iterator[Reason]:
    """Give a reason for each way in which nodes take nothing new."""
    by_text: dict[str, list[int]] = {}
    for row in np.flatnonzero(present & ~trial.schedulable).tolist():
        by_text.setdefault(closed.get(names[row] or "", CLOSED), []).append(row)
    for text, rows in by_text.items():
        yield _reason(text, rows, names)


def _objections(trial: Trial, request: Request) -> Iterator[tuple[str, Bools]]:
    """Give everything that may speak against a node, and the rows where it does."""
    yield from _short(trial, request)
    barred = trial.barred(request.job)
    if barred is not None:
        yield "is kept by another job for itself", barred
    for predicate in request.predicates:
        for part in _parts(predicate):
            yield f"constraint: {phrase(part)}", np.less(allowed(trial, request, part), 1)
    balance = request.hard_balance
    if balance is not None:
        lacking = np.equal(balance_groups(trial, balance.attribute)[0], 0)
        yield f"constraint: balance over {balance.attribute}, which the node does not have", lacking


def _short(trial: Trial, request: Request) -> Iterator[tuple[str, Bools]]:
    """Compare what is asked with what nodes have, and with what of it is free."""
    for kind, amount in sorted(request.amounts.items()):
        if amount <= 0:
            continue
        column = trial.cluster.kinds.get(kind)
        asked = amount_text(kind, amount)
        if column is None:
            yield f"too small for {asked}", np.ones(trial.rows, dtype=np.bool_)
            continue
        small = np.less(trial.total[:, column], amount)
        yield f"too small for {asked}", small
        yield f"not enough {kind} free for {asked}", np.less(trial.free[:, column], amount) & ~small
    if request.ports:
        yield f"not {request.ports} ports free", np.less(trial.ports, request.ports)


def _parts(predicate: Predicate) -> Iterator[Predicate]:
    """Take a conjunction apart, so that each part is a reason of its own."""
    if isinstance(predicate, AllOf):
        for part in predicate.parts:
            yield from _parts(part)
    else:
        yield predicate


def phrase(predicate: Predicate) -> str:  # noqa: PLR0911 — one case for each predicate
    """Say what a predicate demands of a node."""
    match predicate:
        case Attribute(name=name, values=values, excluded=excluded):
            return f"{name} is {'none' if excluded else 'one'} of {', '.join(values)}"
        case HostLabel(key=key, value=value, condition=condition, count=count):
            return f"{key}={value} occurs {_COMPARED[condition]} {count} times on the node"
        case TaskLabel(key=key, value=value, condition=condition, count=count):
            return f"{_COMPARED[condition]} {count} tasks on the node carry {key}={value}"
        case UniqueHost():
            return "no other task of the job is on the node"
        case ExclusiveHost():
            return "no task of another job is on the node"
        case Lacks(kind=kind):
            return f"the node has no {kind}"
        case AllOf(parts=parts):
            return f"({' and '.join(map(phrase, parts))})"
        case AnyOf(parts=parts):
            return f"({' or '.join(map(phrase, parts))})"
        case _:
            assert_never(predicate)
