from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from deciding.oracle import PlainNode, PlainRun
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from portico.deciding.columns import ABSENT
from portico.deciding.matrix import HOSTNAME, ClusterMatrix
from portico.domain.errors import AlreadyExists, Conflict, NotFound

KINDS = ("cpus", "mem", "fpga")
sizes = st.dictionaries(st.sampled_from(KINDS), st.integers(0, 9), max_size=3)
attributes = st.dictionaries(st.sampled_from(["zone", "rack"]), st.sampled_from(["a", "b", "c"]), max_size=2)
charges = st.builds(
    PlainRun,
    amounts=sizes,
    ports=st.integers(0, 3),
    job=st.sampled_from(["", "red", "blue"]),
    labels=st.dictionaries(st.just("app"), st.sampled_from(["x", "y"]), max_size=1),
    exclusive=st.booleans(),
)


class MatrixAgainstPlainNodes(RuleBasedStateMachine):
    """The matrix after any changes equals plain nodes that had the same changes."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster = ClusterMatrix()
        self.plain: dict[str, PlainNode] = {}
        self.added = 0

    def pick(self, data: st.DataObject, *, busy: bool | None = None) -> PlainNode:
        nodes = [node for node in self.plain.values() if busy is None or bool(node.runs) is busy]
        return data.draw(st.sampled_from(nodes))

    @rule(total=sizes, ports=st.integers(0, 9), values=attributes, count=st.integers(1, 9))
    def add(self, total: dict[str, int], ports: int, values: dict[str, str], count: int) -> None:
        for _ in range(count):
            name = f"n{self.added}"
            self.added += 1
            row = self.cluster.add_node(name, total, ports=ports, attributes=values)
            assert row == self.cluster.row(name)
            self.plain[name] = PlainNode(name, dict(total), ports, dict(values))

    @precondition(lambda self: any(not node.runs for node in self.plain.values()))
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        node = self.pick(data, busy=False)
        self.cluster.remove_node(node.name)
        del self.plain[node.name]
        assert node.name not in self.cluster

    @precondition(lambda self: self.plain)
    @rule(data=st.data(), run=charges)
    def charge(self, data: st.DataObject, run: PlainRun) -> None:
        node = self.pick(data)
        fitting = all(node.free(kind) >= amount for kind, amount in run.amounts.items() if amount)
        expected = fitting and (not run.ports or node.free_ports() >= run.ports)
        assert self.cluster.fits(node.name, run.amounts, ports=run.ports) is expected
        self.cluster.charge(node.name, **vars(run))
        node.runs.append(run)

    @precondition(lambda self: any(node.runs for node in self.plain.values()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        node = self.pick(data, busy=True)
        run = node.runs.pop()
        self.cluster.release(node.name, **vars(run))

    @precondition(lambda self: self.plain)
    @rule(data=st.data(), total=sizes, ports=st.integers(0, 9), values=attributes, schedulable=st.booleans())
    def change(
        self, data: st.DataObject, total: dict[str, int], ports: int, values: dict[str, str], *, schedulable: bool
    ) -> None:
        node = self.pick(data)
        node.total, node.ports, node.attributes, node.schedulable = dict(total), ports, dict(values), schedulable
        self.cluster.set_total(node.name, total, ports=ports)
        self.cluster.set_attributes(node.name, values)
        self.cluster.set_schedulable(node.name, schedulable=schedulable)

    @invariant()
    def agrees(self) -> None:
        cluster = self.cluster
        assert len(cluster) == len(self.plain)
        jobs, labels = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for node in self.plain.values():
            row = cluster.row(node.name)
            assert cluster.node_ids[row] == node.name
            for kind, column in cluster.kinds.items():
                assert cluster.free[row, column] == node.free(kind)
                assert cluster.total[row, column] == node.total.get(kind, 0)
            assert cluster.ports[row] == node.free_ports()
            assert cluster.schedulable[row] == node.schedulable
            assert cluster.runs[row] == len(node.runs)
            assert cluster.exclusive_runs[row] == sum(run.exclusive for run in node.runs)
            for name, column in cluster.attributes.items():
                value = node.attributes.get(name, node.name if name == HOSTNAME else None)
                assert column.codes[row] == (ABSENT if value is None else column.find(value))
            jobs.update((run.job, node.name) for run in node.runs if run.job)
            labels.update((value, node.name) for run in node.runs for value in run.labels.values())
        for (job, name), count in jobs.items():
            assert cluster.jobs.column(job, cluster.rows)[cluster.row(name)] == count
        for (value, name), count in labels.items():
            assert cluster.labels.column(("app", value), cluster.rows)[cluster.row(name)] == count
        assert len(cluster.jobs) == len({job for job, _ in jobs})
        holders = {run.job for node in self.plain.values() for run in node.runs if run.exclusive}
        assert len(cluster.exclusives) == len(holders)
        assert len(cluster.labels) == len({value for value, _ in labels})

    @invariant()
    def leaves_nothing_on_spare_rows(self) -> None:
        spare = [row for row, name in enumerate(self.cluster.node_ids) if name is None]
        assert not self.cluster.free[spare].any()
        assert not self.cluster.schedulable[spare].any()
        assert self.cluster.free.flags.f_contiguous or self.cluster.free.strides[0] == 8


TestMatrixAgainstPlainNodes = MatrixAgainstPlainNodes.TestCase
TestMatrixAgainstPlainNodes.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


def one_node() -> ClusterMatrix:
    cluster = ClusterMatrix()
    cluster.add_node("n0", {"cpus": 4})
    return cluster


def test_a_node_is_added_once_and_must_be_known() -> None:
    cluster = one_node()
    with pytest.raises(AlreadyExists):
        cluster.add_node("n0", {})
    for act in (cluster.row, cluster.remove_node, lambda name: cluster.charge(name, {})):
        with pytest.raises(NotFound):
            act("n9")


def test_a_node_with_runs_is_not_removed() -> None:
    cluster = one_node()
    cluster.charge("n0", {})
    with pytest.raises(Conflict, match="1 runs"):
        cluster.remove_node("n0")


def test_what_was_not_charged_is_not_released() -> None:
    cluster = one_node()
    with pytest.raises(Conflict, match="no runs"):
        cluster.release("n0", {})
    cluster.charge("n0", {"cpus": 1}, job="j")
    with pytest.raises(Conflict, match="other"):
        cluster.release("n0", {"cpus": 1}, job="other")
    with pytest.raises(Conflict, match="app"):
        cluster.release("n0", {"cpus": 1}, job="j", labels={"app": "x"})


def test_releasing_one_of_two_leaves_one() -> None:
    cluster = one_node()
    for _ in range(2):
        cluster.charge("n0", {"cpus": 1}, job="j")
    cluster.release("n0", {"cpus": 1}, job="j")
    assert cluster.jobs.column("j", 1).tolist() == [1]


def test_values_that_no_node_has_any_more_are_forgotten() -> None:
    cluster = one_node()
    for number in range(100):
        cluster.add_node(f"x{number}", {})
        cluster.remove_node(f"x{number}")
    assert cluster.rows == 2
    assert cluster.attributes[HOSTNAME].code_count == 2
    assert cluster.attributes[HOSTNAME].find("x5") is None


def test_every_kind_stays_contiguous_when_rows_and_kinds_are_added() -> None:
    cluster = ClusterMatrix()
    for number in range(40):
        cluster.add_node(f"n{number}", {f"kind{number % 7}": 1})
    assert cluster.free.strides[0] == cluster.free.itemsize
    assert np.array_equal(cluster.free, cluster.total)
