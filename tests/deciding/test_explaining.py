"""Explanations agree with placement: what nothing speaks against is placed, and each reason counts its own nodes."""

from hypothesis import given
from hypothesis import strategies as st

from portico.deciding.explaining import SAMPLES, Reason, phrase
from portico.deciding.explaining import explain as ask
from portico.deciding.matrix import ClusterMatrix
from portico.deciding.placement import place
from portico.deciding.requests import Request
from portico.domain.constraints import (
    AllOf,
    AnyOf,
    Attribute,
    Balance,
    Condition,
    ExclusiveHost,
    HostLabel,
    Lacks,
    TaskLabel,
    UniqueHost,
)


def cluster(*cpus, ports=4):
    matrix = ClusterMatrix()
    for number, amount in enumerate(cpus):
        zone = {"zone": "ab"[number % 2]} if number % 3 else {}
        matrix.add_node(f"n{number}", {"cpus": amount, "mem": 4_000}, ports=ports, attributes=zone)
    return matrix


def request(**more):
    return Request(**{"key": "r", "ids": ("r",), "amounts": {"cpus": 1_000}, "job": "j", **more})


def explain(matrix, wanted, closed):
    return ask(matrix, wanted, closed).reasons


def takers(matrix, wanted):
    return ask(matrix, wanted, {}).takers


def test_no_nodes_are_a_reason():
    assert explain(ClusterMatrix(), request(), {}) == (Reason("there are no nodes"),)
    assert takers(ClusterMatrix(), request()) == 0


def test_size_and_room_are_told_apart():
    matrix = cluster(500, 2_000, 2_000, 4_000)
    matrix.charge("n1", {"cpus": 1_500})
    matrix.charge("n2", {"cpus": 1_200})
    assert explain(matrix, request(), {}) == (
        Reason("not enough cpus free for 1 cpus", 2, ("n1", "n2")),
        Reason("too small for 1 cpus", 1, ("n0",)),
    )
    assert takers(matrix, request()) == 1


def test_a_kind_that_no_node_has_speaks_against_all():
    assert explain(cluster(1_000), request(amounts={"tpus": 1_000}), {}) == (
        Reason("too small for 1 tpus", 1, ("n0",)),
    )


def test_closed_nodes_say_why():
    matrix = cluster(*[4_000] * 8)
    for number in range(7):
        matrix.set_schedulable(f"n{number}", schedulable=False)
    closed = dict.fromkeys(("n0", "n1"), "is being drained")
    found = explain(matrix, request(), closed)
    assert [(reason.text, reason.nodes) for reason in found] == [("takes nothing new", 5), ("is being drained", 2)]
    assert len(explain(matrix, request(), {})[0].samples) == SAMPLES
    assert takers(matrix, request()) == 1


def test_constraints_ports_and_other_jobs_are_reasons():
    matrix = cluster(4_000, 4_000, 4_000, ports=0)
    matrix.charge("n0", {}, job="j")
    matrix.charge("n1", {}, job="other", exclusive=True)
    both = AllOf((UniqueHost(), Attribute("zone", ("b",))))
    found = {reason.text: reason.samples for reason in explain(matrix, request(hard=(both,), ports=2), {})}
    assert found == {
        "not 2 ports free": ("n0", "n1", "n2"),
        "is kept by another job for itself": ("n1",),
        "constraint: no other task of the job is on the node": ("n0",),
        "constraint: zone is one of b": ("n0", "n2"),
    }


def test_a_balance_needs_its_attribute():
    found = explain(cluster(4_000, 4_000), request(hard=(Balance("zone"),)), {})
    assert found == (Reason("constraint: balance over zone, which the node does not have", 1, ("n0",)),)


def test_spare_rows_are_no_nodes():
    matrix = cluster(4_000, 500)
    matrix.remove_node("n1")
    assert explain(matrix, request(amounts={"cpus": 9_000}), {}) == (Reason("too small for 9 cpus", 1, ("n0",)),)


def test_every_predicate_has_words():
    leaves = (
        Attribute("zone", ("a",), excluded=True),
        HostLabel("rack", "1", Condition.EQUAL, 1),
        TaskLabel("app", "x", Condition.LESS_THAN, 2),
        UniqueHost(),
        ExclusiveHost(),
        Lacks("gpus"),
    )
    words = [phrase(leaf) for leaf in leaves]
    assert len(set(words)) == len(leaves)
    assert phrase(AnyOf(leaves)) == f"({' or '.join(words)})"
    assert phrase(AllOf(leaves)) == f"({' and '.join(words)})"


ZONES = st.sampled_from([(), (Attribute("zone", ("a",)),), (UniqueHost(),), (Balance("zone"),), (ExclusiveHost(),)])


@given(
    sizes=st.lists(st.integers(0, 3_000), max_size=6),
    taken=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2_000), st.sampled_from(["j", "k"])), max_size=6),
    closed=st.sets(st.integers(0, 5)),
    hard=ZONES,
    ports=st.integers(0, 5),
)
def test_a_request_is_placed_if_and_only_if_some_node_has_nothing_against_it(sizes, taken, closed, hard, ports):
    matrix = cluster(*sizes)
    for row, amount, job in taken:
        if row < len(sizes):
            matrix.charge(f"n{row}", {"cpus": amount}, job=job)
    for row in closed:
        if row < len(sizes):
            matrix.set_schedulable(f"n{row}", schedulable=False)
    wanted = request(hard=hard, ports=ports)
    placed = bool(list(place(matrix, [wanted]).pairs()))
    assert placed == bool(takers(matrix, wanted))
    found = explain(matrix, wanted, {})
    assert placed or found
    assert all(0 < reason.nodes <= len(sizes) for reason in found if sizes)
