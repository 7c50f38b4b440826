"""Placement said slowly: one run, one node, plain Python; what the matrices are compared with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from portico.deciding.matrix import ClusterMatrix
from portico.deciding.placement import Placed, PlacementPlan
from portico.deciding.requests import Request
from portico.domain.constraints import (
    AllOf,
    AnyOf,
    Attribute,
    Balance,
    Condition,
    Constraint,
    ExclusiveHost,
    HostLabel,
    Lacks,
    TaskLabel,
    UniqueHost,
)


@dataclass
class PlainRun:
    amounts: dict[str, int]
    ports: int = 0
    job: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    exclusive: bool = False


@dataclass
class PlainNode:
    name: str
    total: dict[str, int]
    ports: int
    attributes: dict[str, str]
    schedulable: bool = True
    runs: list[PlainRun] = field(default_factory=list)

    def free(self, kind: str) -> int:
        return self.total.get(kind, 0) - sum(run.amounts.get(kind, 0) for run in self.runs)

    def free_ports(self) -> int:
        return self.ports - sum(run.ports for run in self.runs)


def matrix_of(nodes: list[PlainNode]) -> ClusterMatrix:
    cluster = ClusterMatrix()
    for node in nodes:
        cluster.add_node(
            node.name, node.total, ports=node.ports, attributes=node.attributes, schedulable=node.schedulable
        )
        for run in node.runs:
            cluster.charge(
                node.name, run.amounts, ports=run.ports, labels=run.labels, job=run.job, exclusive=run.exclusive
            )
    return cluster


def is_exclusive(constraint: Constraint) -> bool:
    match constraint:
        case ExclusiveHost():
            return True
        case AllOf(parts=parts):
            return any(is_exclusive(part) for part in parts)
        case AnyOf(parts=parts):
            return bool(parts) and all(is_exclusive(part) for part in parts)
        case _:
            return False


def run_of(request: Request) -> PlainRun:
    return PlainRun(
        amounts=dict(request.amounts),
        ports=request.ports,
        job=request.job,
        labels=dict(request.labels),
        exclusive=any(is_exclusive(constraint) for constraint in request.hard),
    )


def compares(count: int, condition: Condition, wanted: int) -> bool:
    return {
        Condition.LESS_THAN: count < wanted,
        Condition.EQUAL: count == wanted,
        Condition.GREATER_THAN: count > wanted,
    }[condition]


def holds(constraint: Constraint, node: PlainNode, request: Request) -> bool:
    match constraint:
        case AllOf(parts=parts):
            return all(holds(part, node, request) for part in parts)
        case AnyOf(parts=parts):
            return not parts or any(holds(part, node, request) for part in parts)
        case Balance(attribute=attribute):
            return attribute in node.attributes
        case Attribute() | HostLabel() | Lacks():
            return suits(constraint, node)
        case _:
            return tolerates(constraint, node, request)


def suits(constraint: Attribute | HostLabel | Lacks, node: PlainNode) -> bool:
    match constraint:
        case Attribute(name=name, values=values, excluded=excluded):
            return (node.attributes.get(name) in values) != excluded
        case HostLabel(key=key, value=value, condition=condition, count=count):
            return compares(int(node.attributes.get(key) == value), condition, count)
        case Lacks(kind=kind):
            return node.total.get(kind, 0) == 0


def tolerates(constraint: TaskLabel | UniqueHost | ExclusiveHost, node: PlainNode, request: Request) -> bool:
    match constraint:
        case TaskLabel(key=key, value=value, condition=condition, count=count):
            return compares(sum(run.labels.get(key) == value for run in node.runs), condition, count)
        case UniqueHost():
            return all(run.job != request.job for run in node.runs)
        case ExclusiveHost():
            return all(run.job == request.job for run in node.runs)


def can_take(node: PlainNode, request: Request) -> bool:
    """Tell whether the node may take one more run, balance over nodes aside."""
    return (
        node.schedulable
        and all(node.free(kind) >= amount for kind, amount in request.amounts.items() if amount)
        and (not request.ports or node.free_ports() >= request.ports)
        and not any(run.exclusive and run.job != request.job for run in node.runs)
        and all(holds(constraint, node, request) for constraint in request.hard)
    )


def check_step(nodes: dict[str, PlainNode], request: Request, names: list[str]) -> None:
    """Carry out one request's placements one by one; every run must be allowed when its turn comes."""
    for name in names:
        assert can_take(nodes[name], request), (name, request)
        nodes[name].runs.append(run_of(request))
    for constraint in request.hard:
        if isinstance(constraint, Balance) and names:
            check_balance(list(nodes.values()), request, constraint.attribute, names)


def check_balance(nodes: list[PlainNode], request: Request, attribute: str, names: list[str]) -> None:
    """No value got a run while one with fewer could still have taken it."""
    counts: Counter[str] = Counter()
    for node in nodes:
        counts[node.attributes.get(attribute, "")] += sum(run.job == request.job for run in node.runs)
    used = {node.attributes[attribute] for node in nodes if node.name in names}
    still_open = {node.attributes[attribute] for node in nodes if can_take(node, request)}
    for value in used:
        assert all(counts[value] <= counts[other] + 1 for other in still_open), (counts, used, still_open)


def names_of(plan: PlacementPlan, part: Placed) -> list[str]:
    return [str(plan.nodes[row]) for row in part.rows.tolist()]
