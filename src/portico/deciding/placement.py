"""Which node each waiting run goes to.

Owns one pass: requests in the caller's order of priority, each divided among nodes at once by its shape. The
answer is a plan; nothing is charged until its receiver accepts it.

Promises: no node is filled above what is free, every hard constraint holds when a run is placed, a gang is
placed whole or not at all, and a run of any other request stays unplaced only where nothing could take it at
its turn. Equal clusters and requests give equal plans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from portico.deciding.admissible import balance_groups, room, suitability
from portico.deciding.filling import group_sums, level, pack, shortlist, spread
from portico.deciding.gangs import units
from portico.deciding.requests import Request, Strategy
from portico.deciding.trial import Trial
from portico.domain.constraints import attracts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portico.deciding.columns import Bools, Ints
    from portico.deciding.matrix import ClusterMatrix
    from portico.domain.constraints import Balance

_Step = tuple["Ints", "Ints"]

_NOWHERE: Ints = np.zeros(0, dtype=np.int64)


class Placed(msgspec.Struct, frozen=True, eq=False):
    """One request's part of the plan: the row for each of its first ids; the other ids found no place."""

    request: Request
    rows: Ints

    @property
    def ids(self) -> Sequence[str]:
        """The placed runs, in the order of `rows`."""
        return self.request.ids[: len(self.rows)]

    @property
    def unplaced(self) -> Sequence[str]:
        """The runs that have to wait."""
        return self.request.ids[len(self.rows) :]


class PlacementPlan(msgspec.Struct, frozen=True, eq=False):
    """What a pass decided, in the order of the requests; `nodes` are the ids by row when it was decided."""

    nodes: Sequence[str | None]
    placed: Sequence[Placed]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every placed run with its node."""
        for part in self.placed:
            for run_id, row in zip(part.ids, part.rows.tolist(), strict=True):
                node = self.nodes[row]
                assert node is not None
                yield run_id, node


def place(cluster: ClusterMatrix, requests: Sequence[Request]) -> PlacementPlan:
    """Plan the requests in their order; the first ids of a request are placed first."""
    trial = Trial(cluster)
    rows = [_NOWHERE] * len(requests)
    for unit in units(requests):
        for position, steps in zip(unit, _place_unit(trial, [requests[i] for i in unit]), strict=True):
            if steps:
                rows[position] = np.concatenate([np.repeat(where, counts) for where, counts in steps])
    placed = [Placed(request=request, rows=where) for request, where in zip(requests, rows, strict=True)]
    return PlacementPlan(nodes=cluster.node_ids, placed=placed)


def _place_unit(trial: Trial, members: Sequence[Request]) -> list[list[_Step]]:
    """Place requests that stand or fall together; a request without a gang takes what it can get."""
    done: list[list[_Step]] = []
    for request in members:
        steps = _place_request(trial, request)
        done.append(steps)
        if request.gang and sum(int(counts.sum()) for _, counts in steps) < len(request.ids):
            for member, taken in zip(members, done, strict=False):
                for where, counts in taken:
                    trial.take_back(member, where, counts)
            return [[] for _ in members]
    return done


def _place_request(trial: Trial, request: Request) -> list[_Step]:
    """Place as many runs as possible; a further round is needed where placing changed what suits best."""
    steps: list[_Step] = []
    wanted = len(request.ids)
    while wanted:
        fitting = room(trial, request, wanted)
        rows = np.flatnonzero(fitting)
        if not len(rows):
            break
        choice = _choose(trial, request, rows, fitting[rows], wanted)
        counts = _fill(trial, request, choice)
        used = np.flatnonzero(counts)
        step = (choice.rows[used], counts[used])
        trial.take(request, *step)
        steps.append(step)
        wanted -= int(step[1].sum())
    return steps


class _Choice(NamedTuple):
    """Rows that suit alike, how many runs each may take now, their groups, and how many runs each group gets."""

    rows: Ints
    fitting: Ints
    groups: Ints
    quotas: Ints

    def only(self, kept: Bools) -> _Choice:
        return _Choice(self.rows[kept], self.fitting[kept], self.groups[kept], self.quotas)


def _choose(trial: Trial, request: Request, rows: Ints, fitting: Ints, wanted: int) -> _Choice:
    """Narrow the rows to the best ones; at least one of them may take a run."""
    choice = _Choice(rows, fitting, np.zeros(len(rows), dtype=np.int64), np.array([wanted], dtype=np.int64))
    if request.hard_balance is not None:
        choice = _balanced(trial, request, request.hard_balance, choice, wanted)
    if request.wishes:
        score, lasting = suitability(trial, request)
        scores = score[choice.rows]
        choice = choice.only(scores == scores.max())
        choice = choice._replace(fitting=np.minimum(choice.fitting, lasting[choice.rows]))
    if request.soft_balance is not None:
        choice = _balanced(trial, request, request.soft_balance, choice, wanted)
    return choice


def _balanced(trial: Trial, request: Request, balance: Balance, choice: _Choice, wanted: int) -> _Choice:
    """Group the rows by the attribute and keep the groups whose turn it is."""
    groups_of_rows, count = balance_groups(trial, balance.attribute)
    groups = groups_of_rows[choice.rows]
    quotas = level(
        start=group_sums(trial.job_counts(request.job), groups_of_rows, count),
        room=group_sums(choice.fitting, groups, count),
        wanted=wanted,
    )
    return _Choice(choice.rows, choice.fitting, groups, quotas).only(quotas[groups] > 0)


def _fill(trial: Trial, request: Request, choice: _Choice) -> Ints:
    """Divide the quotas among the chosen rows by strategy.

    Where a wish comes true on a node by the request's own runs, spreading them would defeat it: such requests
    fill one node after the other, and the strategy says which comes first.
    """
    load = trial.load[choice.rows]
    order = load if request.strategy is Strategy.SPREAD else -load
    gifts = np.zeros(len(order), dtype=np.int64)
    listed = shortlist(order, int(choice.quotas[0])) if len(choice.quotas) == 1 else np.arange(len(order))
    fitting, groups = choice.fitting[listed], choice.groups[listed]
    clinging = any(attracts(predicate, request.labels) for predicate, _ in request.wishes)
    if request.strategy is Strategy.PACK or clinging:
        gifts[listed] = pack(order[listed], fitting, groups, choice.quotas)
    else:
        weight = trial.weight(request)[choice.rows[listed]]
        gifts[listed] = spread(order[listed], weight, fitting, groups, choice.quotas)
    return gifts
