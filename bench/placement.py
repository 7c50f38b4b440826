"""How long one placement pass and one division of entitlements take.

Prints one JSON object per line: name, value, unit, goal and ratio. For times the ratio is goal over value, for the
comparison with plain Python it is how many times more runs a second placement plans; above 1 is better than asked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

from portico.deciding.entitlement import PoolDemand, entitle
from portico.deciding.matrix import ClusterMatrix
from portico.deciding.placement import place
from portico.deciding.requests import Request, Strategy
from portico.domain.constraints import AnyOf, Attribute, Balance, Condition, Lacks, Soft, TaskLabel, UniqueHost

ZONES = 3
RACKS = 40
NODE_SIZE = {"cpus": 32_000, "mem": 128_000_000, "disk": 1_000_000_000, "network": 10_000_000}
KINDS = ("cpus", "mem", "disk", "gpus")


def cluster_of(nodes: int) -> ClusterMatrix:
    """Nodes of one size in three zones; every tenth has GPUs, every third is a quarter full."""
    cluster = ClusterMatrix()
    for number in range(nodes):
        size = NODE_SIZE | ({"gpus": 8_000} if number % 10 == 0 else {})
        attributes = {"zone": f"z{number % ZONES}", "rack": f"r{number % RACKS}", "type": f"m{number % 4}"}
        cluster.add_node(f"n{number}", size, ports=1_000, attributes=attributes)
        if number % 3 == 0:
            cluster.charge(f"n{number}", {"cpus": 8_000, "mem": 32_000_000}, labels={"app": "db"}, job="db")
    return cluster


def five_shapes(runs: int) -> list[Request]:
    """Five jobs of equal size, each with constraints of another sort."""
    size = runs // 5
    names = [[f"{shape}-{number}" for number in range(size)] for shape in range(5)]
    plain = Lacks("gpus")
    return [
        Request(
            key="packed",
            ids=names[0],
            job="packed",
            amounts={"cpus": 1_000, "mem": 2_000_000},
            hard=(plain, Attribute("zone", ("z0", "z1"))),
        ),
        Request(
            key="balanced",
            ids=names[1],
            job="balanced",
            amounts={"cpus": 500, "mem": 1_000_000, "disk": 5_000_000},
            ports=2,
            hard=(plain, Balance("zone")),
            strategy=Strategy.SPREAD,
        ),
        Request(
            key="apart",
            ids=names[2],
            job="apart",
            amounts={"cpus": 250, "mem": 500_000},
            labels={"app": "web"},
            hard=(TaskLabel("app", "web", Condition.LESS_THAN, 4),),
            soft=(Soft(UniqueHost()), Soft(Balance("rack"))),
        ),
        Request(
            key="near",
            ids=names[3],
            job="near",
            amounts={"cpus": 100, "mem": 250_000},
            hard=(AnyOf((TaskLabel("app", "db", Condition.GREATER_THAN, 0), Attribute("type", ("m1",)))),),
            strategy=Strategy.SPREAD,
        ),
        Request(
            key="gang",
            ids=names[4],
            job="gang",
            amounts={"cpus": 200, "mem": 100_000, "network": 50_000},
            hard=(Attribute("rack", ("r1", "r2"), excluded=True),),
            gang="gang",
        ),
    ]


def first_fit(sizes: Sequence[dict[str, int]], runs: Sequence[dict[str, int]]) -> int:
    """The plain way, for comparison: each run goes to the first node with room; answers how many found one."""
    free = [dict(size) for size in sizes]
    placed = 0
    for amounts in runs:
        for node in free:
            if all(node.get(kind, 0) >= amount for kind, amount in amounts.items()):
                for kind, amount in amounts.items():
                    node[kind] -= amount
                placed += 1
                break
    return placed


def pools(count: int) -> list[PoolDemand]:
    """A root, a tenth of the pools below it, and the others below those."""
    groups = max(3, count // 10)
    tree = [PoolDemand("/", None)]
    tree += [
        PoolDemand(
            path=f"/p{number}",
            parent="/" if number <= groups else f"/p{number % groups + 1}",
            reservation=dict.fromkeys(KINDS, 1_000 * (number % 5)),
            limit=dict.fromkeys(KINDS, 50_000 + number) if number % 2 else {},
            share=dict.fromkeys(KINDS, 1_000 + number),
            demand=dict.fromkeys(KINDS, number * 777 % 9_000),
            allocation=dict.fromkeys(KINDS, number * 333 % 9_000),
        )
        for number in range(1, count)
    ]
    return tree


def best_of(repeats: int, work: Callable[[], object]) -> float:
    """The shortest of several measurements, in seconds."""
    measured = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        measured.append(time.perf_counter() - began)
    return min(measured)


def report(name: str, value: float, unit: str, goal: float, ratio: float) -> None:
    line = {"name": name, "value": round(value, 6), "unit": unit, "goal": goal, "ratio": round(ratio, 2)}
    print(json.dumps(line), flush=True)


def measure_pass(runs: int, nodes: int, goal: float) -> float:
    """Report one full pass, results for every run included; answers runs a second."""
    cluster = cluster_of(nodes)
    requests = five_shapes(runs)
    placed = len(list(place(cluster, requests).pairs()))
    if placed != runs:
        raise SystemExit(f"only {placed} of {runs} runs found a place")
    seconds = best_of(5, lambda: list(place(cluster, requests).pairs()))
    report(f"placement_{runs}_runs_{nodes}_nodes", seconds, "s", goal, goal / seconds)
    return runs / seconds


def measure_singles(requests: int, nodes: int, goal: float) -> None:
    """Report a pass over requests of one run each, which no grouping helps."""
    cluster = cluster_of(nodes)
    wanted = [
        Request(key=f"k{i}", ids=[f"r{i}"], job=f"j{i}", amounts={"cpus": 100 + i % 50, "mem": 1_000_000})
        for i in range(requests)
    ]
    seconds = best_of(3, lambda: place(cluster, wanted))
    report(f"placement_{requests}_single_runs_{nodes}_nodes", seconds, "s", goal, goal / seconds)


def measure_peer(rate: float) -> None:
    """Report plain Python on a small problem, and how many times faster the matrices are on theirs."""
    nodes, runs = 200, 2_000
    shapes = [dict(request.amounts) for request in five_shapes(5)]
    wanted = [shapes[number % 5] for number in range(runs)]
    seconds = best_of(3, lambda: first_fit([NODE_SIZE] * nodes, wanted))
    report(f"plain_first_fit_{runs}_runs_{nodes}_nodes", runs / seconds, "runs/s", 0, rate * seconds / runs)


def measure_entitlement(count: int, goal: float) -> None:
    tree = pools(count)
    capacity = dict.fromkeys(KINDS, 3_000 * count)
    seconds = best_of(20, lambda: entitle(tree, capacity))
    report(f"entitlement_{count}_pools", seconds, "s", goal, goal / seconds)


def main() -> None:
    measure_pass(10_000, 1_000, goal=0.1)
    rate = measure_pass(100_000, 10_000, goal=1.0)
    measure_singles(1_000, 1_000, goal=0.5)
    measure_peer(rate)
    measure_entitlement(10, goal=0.0003)
    measure_entitlement(500, goal=0.01)


if __name__ == "__main__":
    main()
