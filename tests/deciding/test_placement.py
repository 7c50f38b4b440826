from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from deciding.oracle import PlainNode, PlainRun, can_take, check_step, matrix_of, names_of
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.deciding.matrix import ClusterMatrix
from portico.deciding.placement import place
from portico.deciding.requests import Request, Strategy
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
    Predicate,
    Soft,
    TaskLabel,
    UniqueHost,
)
from portico.domain.errors import Invalid

JOBS = ("red", "blue")
LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["x", "y"]), max_size=2)
conditions = st.sampled_from(Condition)
leaves = st.one_of(
    st.builds(
        Attribute,
        st.sampled_from(["zone", "rack"]),
        st.lists(st.sampled_from(["a", "b", "gone"]), max_size=2).map(tuple),
        st.booleans(),
    ),
    st.builds(HostLabel, st.just("zone"), st.sampled_from(["a", "b"]), conditions, st.integers(0, 2)),
    st.builds(TaskLabel, st.just("app"), st.sampled_from(["x", "y"]), conditions, st.integers(0, 3)),
    st.just(UniqueHost()),
    st.just(ExclusiveHost()),
    st.just(Lacks("gpus")),
)
predicates = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(tuple).map(AllOf), st.lists(parts, max_size=3).map(tuple).map(AnyOf)
    ),
    max_leaves=4,
)


@st.composite
def nodes(draw: st.DrawFn) -> list[PlainNode]:
    drawn = []
    for number in range(draw(st.integers(0, 7))):
        node = PlainNode(
            name=f"n{number}",
            total={"cpus": draw(st.integers(0, 8)), "mem": draw(st.integers(0, 12)), "gpus": draw(st.integers(0, 1))},
            ports=draw(st.integers(0, 4)),
            attributes=draw(
                st.dictionaries(st.sampled_from(["zone", "rack"]), st.sampled_from(["a", "b", "c"]), max_size=2)
            ),
            schedulable=draw(st.integers(0, 4)) > 0,
        )
        for _ in range(draw(st.integers(0, 2))):
            node.runs.append(
                PlainRun(
                    amounts={"cpus": draw(st.integers(0, 2))},
                    ports=draw(st.integers(0, 1)),
                    job=draw(st.sampled_from(JOBS)),
                    labels=draw(LABELS),
                    exclusive=draw(st.integers(0, 5)) == 0,
                )
            )
        drawn.append(node)
    return drawn


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    drawn = []
    for number in range(draw(st.integers(1, 4))):
        hard: list[Constraint] = list(draw(st.lists(predicates, max_size=2)))
        wishes: list[Predicate] = draw(st.lists(predicates, max_size=2))
        soft = [Soft(wish, draw(st.integers(1, 3))) for wish in wishes]
        match draw(st.integers(0, 4)):
            case 0:
                hard.append(Balance("zone"))
            case 1:
                soft.append(Soft(Balance("zone")))
            case _:
                pass
        drawn.append(
            Request(
                key=f"k{number}",
                ids=[f"k{number}-{i}" for i in range(draw(st.integers(0, 9)))],
                amounts=draw(
                    st.dictionaries(st.sampled_from(["cpus", "mem", "gpus", "fpga"]), st.integers(0, 3), max_size=2)
                ),
                ports=draw(st.integers(0, 2)),
                job=draw(st.sampled_from(JOBS)),
                labels=draw(LABELS),
                hard=tuple(hard),
                soft=tuple(soft),
                strategy=draw(st.sampled_from(Strategy)),
                gang=draw(st.sampled_from(["", "", "g", "h"])),
            )
        )
    return drawn


@settings(max_examples=60, deadline=None)
@given(nodes(), requests())
def test_a_plan_breaks_no_rule_and_leaves_no_run_behind_that_fits(
    machines: list[PlainNode], wanted: list[Request]
) -> None:
    plan = place(matrix_of(machines), wanted)
    by_name = {node.name: node for node in machines}
    turn = sorted(
        range(len(wanted)),
        key=lambda i: (
            next(j for j, other in enumerate(wanted) if other is wanted[i] or wanted[i].gang == other.gang != ""),
            i,
        ),
    )
    for position in turn:
        part = plan.placed[position]
        assert part.request is wanted[position]
        check_step(by_name, part.request, names_of(plan, part))
        if part.unplaced and not part.request.gang:
            assert not any(can_take(node, part.request) for node in machines)
        assert [*part.ids, *part.unplaced] == list(part.request.ids)
    for gang in {request.gang for request in wanted} - {""}:
        members = [part for part in plan.placed if part.request.gang == gang]
        assert all(not part.unplaced for part in members) or all(not part.ids for part in members)


@settings(max_examples=40, deadline=None)
@given(nodes(), requests())
def test_equal_input_gives_equal_plans_and_the_cluster_stays_as_it_was(
    machines: list[PlainNode], wanted: list[Request]
) -> None:
    cluster = matrix_of(machines)
    before = cluster.free.copy(), cluster.ports.copy(), cluster.runs.copy()
    pairs = list(place(cluster, wanted).pairs())
    assert pairs == list(place(cluster, wanted).pairs())
    assert pairs == list(place(matrix_of(machines), wanted).pairs())
    assert all(map(np.array_equal, before, (cluster.free, cluster.ports, cluster.runs)))


@settings(max_examples=40, deadline=None)
@given(nodes(), requests())
def test_a_gang_alone_is_placed_whenever_its_runs_would_be(machines: list[PlainNode], wanted: list[Request]) -> None:
    request = wanted[0]
    loose = Request(key="k", ids=request.ids, amounts=request.amounts, ports=request.ports)
    gang = Request(key="k", ids=request.ids, amounts=request.amounts, ports=request.ports, gang="g")
    cluster = matrix_of(machines)
    single = place(cluster, [loose]).placed[0]
    together = place(cluster, [gang]).placed[0]
    assert len(together.ids) == (0 if single.unplaced else len(single.ids))


def cluster_of(*sizes: int, **attributes: str) -> ClusterMatrix:
    """Nodes n0, n1 … with so many cpus; an attribute lists one value per node, one letter each."""
    cluster = ClusterMatrix()
    for number, size in enumerate(sizes):
        values = {name: letters[number] for name, letters in attributes.items()}
        cluster.add_node(f"n{number}", {"cpus": size}, ports=10, attributes=values)
    return cluster


def request(count: int, cpus: int = 1, **words: object) -> Request:
    words = {"key": "k", "job": "j"} | words
    return Request(ids=[f"r{i}" for i in range(count)], amounts={"cpus": cpus}, **words)  # type: ignore[arg-type]


def where(cluster: ClusterMatrix, *wanted: Request) -> list[dict[str, int]]:
    """How many runs of each request go to which node."""
    plan = place(cluster, wanted)
    return [dict(sorted(Counter(names_of(plan, part)).items())) for part in plan.placed]


def test_pack_fills_the_fullest_node_first() -> None:
    cluster = cluster_of(10, 10, 10)
    cluster.charge("n1", {"cpus": 5})
    assert where(cluster, request(7)) == [{"n0": 2, "n1": 5}]


def test_spread_levels_the_load() -> None:
    cluster = cluster_of(10, 10, 20)
    cluster.charge("n0", {"cpus": 5})
    assert where(cluster, request(15, strategy=Strategy.SPREAD)) == [{"n1": 5, "n2": 10}]
    assert where(cluster, request(19, strategy=Strategy.SPREAD)) == [{"n0": 1, "n1": 6, "n2": 12}]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), min_size=1, max_size=12),
    st.integers(1, 200),
    st.integers(1, 5),
)
def test_spread_gives_as_if_run_by_run(sizes: list[tuple[int, int]], count: int, cpus: int) -> None:
    cluster = cluster_of(*(size for size, _ in sizes))
    used = []
    for number, (size, taken) in enumerate(sizes):
        used.append(min(size, taken))
        cluster.charge(f"n{number}", {"cpus": used[-1]})
    [got] = where(cluster, request(count, cpus, strategy=Strategy.SPREAD))
    after = [used[i] + cpus * got.get(f"n{i}", 0) for i in range(len(sizes))]
    open_loads = [after[i] / size for i, (size, _) in enumerate(sizes) if after[i] + cpus <= size]
    for i, (size, _) in enumerate(sizes):
        if got.get(f"n{i}"):  # its last run came when no node with room was less loaded; of equal ones any will do
            assert (after[i] - cpus) / size <= min(open_loads, default=1.0) + 1e-9
    assert sum(got.values()) == count or not open_loads


def test_weightless_runs_spread_too() -> None:
    assert where(cluster_of(5, 5), request(6, cpus=0, strategy=Strategy.SPREAD)) == [{"n0": 3, "n1": 3}]


def test_earlier_requests_come_first() -> None:
    assert where(cluster_of(3), request(2), request(2)) == [{"n0": 2}, {"n0": 1}]


def test_ports_bound_what_fits() -> None:
    assert where(cluster_of(10, 10), request(9, ports=4)) == [{"n0": 2, "n1": 2}]


def test_a_closed_node_takes_nothing() -> None:
    cluster = cluster_of(4, 4)
    cluster.set_schedulable("n0", schedulable=False)
    assert where(cluster, request(9)) == [{"n1": 4}]


def test_an_unknown_kind_fits_nowhere_unless_nothing_of_it_is_asked() -> None:
    cluster = cluster_of(4)
    asked = Request(key="k", ids=["r"], amounts={"cpus": 1, "fpga": 1})
    not_asked = Request(key="k", ids=["r"], amounts={"cpus": 1, "fpga": 0})
    assert where(cluster, asked, not_asked) == [{}, {"n0": 1}]


def test_a_node_charged_above_its_size_takes_nothing() -> None:
    cluster = cluster_of(4, 4)
    cluster.charge("n0", {"cpus": 9})
    assert where(cluster, request(9)) == [{"n1": 4}]


def test_unique_host_sees_the_same_pass_and_the_past() -> None:
    cluster = cluster_of(9, 9, 9)
    cluster.charge("n1", {"cpus": 1}, job="j")
    wanted = request(1, hard=(UniqueHost(),))
    assert where(cluster, wanted, wanted, wanted) == [{"n0": 1}, {"n2": 1}, {}]


def test_exclusive_host_keeps_other_jobs_away_in_the_same_pass_and_later() -> None:
    cluster = cluster_of(9, 9)
    cluster.charge("n0", {"cpus": 1}, job="other")
    alone = request(2, hard=(ExclusiveHost(),))
    assert where(cluster, alone, request(20, job="third"), request(1)) == [{"n1": 2}, {"n0": 8}, {"n1": 1}]
    cluster.charge("n1", {"cpus": 1}, job="j", exclusive=True)
    assert where(cluster, request(20, job="third")) == [{"n0": 8}]


def test_balance_evens_out_what_is_there_and_ignores_full_values() -> None:
    cluster = cluster_of(9, 9, 1, zone="abc")
    cluster.charge("n0", {"cpus": 1}, job="j")
    cluster.charge("n0", {"cpus": 1}, job="j")
    assert where(cluster, request(7, hard=(Balance("zone"),))) == [{"n0": 2, "n1": 4, "n2": 1}]


def test_hard_balance_needs_the_attribute_and_soft_balance_does_not() -> None:
    cluster = cluster_of(9, zone="a")
    cluster.add_node("n1", {"cpus": 9})
    assert where(cluster, request(12, hard=(Balance("zone"),))) == [{"n0": 9}]
    assert where(cluster, request(12, soft=(Soft(Balance("zone")),))) == [{"n0": 6, "n1": 6}]
    assert where(cluster, request(12, hard=(Balance("nothing"),))) == [{}]


def test_balance_over_many_values_keeps_the_strategy_inside_each() -> None:
    cluster = cluster_of(8, 8, 8, 8, zone="aabb")
    packed = request(8, hard=(Balance("zone"),))
    assert where(cluster, packed) == [{"n0": 4, "n2": 4}]
    spreading = request(8, hard=(Balance("zone"),), strategy=Strategy.SPREAD)
    assert where(cluster, spreading) == [{"n0": 2, "n1": 2, "n2": 2, "n3": 2}]


def test_a_hard_balance_and_wishes_share_out_within_their_values() -> None:
    cluster = cluster_of(8, 8, 8, zone="abb", rack="xyx")
    wanted = request(6, hard=(Balance("zone"),), soft=(Soft(Attribute("rack", ("x",))),))
    assert where(cluster, wanted) == [{"n0": 3, "n2": 3}]


def test_a_wish_for_a_value_whose_turn_it_is_not_gives_way_to_a_hard_balance() -> None:
    cluster = cluster_of(9, 9, zone="ab")
    for _ in range(3):
        cluster.charge("n0", {"cpus": 1}, job="j")
    assert where(cluster, request(2, hard=(Balance("zone"),), soft=(Soft(Attribute("zone", ("a",))),))) == [{"n1": 2}]


def test_wishes_are_weighed() -> None:
    cluster = cluster_of(2, 2, 2, zone="abb", rack="xxy")
    wishes = (Soft(Attribute("zone", ("a",)), 3), Soft(Attribute("rack", ("y",)), 2), Soft(Lacks("cpus"), 9))
    assert where(cluster, request(3, soft=wishes)) == [{"n0": 2, "n2": 1}]


def test_a_wish_to_be_alone_yields_when_there_is_no_other_room() -> None:
    cluster = cluster_of(9, 9, 9)
    cluster.charge("n1", {"cpus": 1}, job="j")
    assert where(cluster, request(2, soft=(Soft(UniqueHost()),))) == [{"n0": 1, "n2": 1}]
    assert sum(where(cluster, request(26, soft=(Soft(UniqueHost()),)))[0].values()) == 26


def test_a_wish_to_be_near_its_own_kind_is_not_spread_away() -> None:
    near = Soft(TaskLabel("app", "x", Condition.GREATER_THAN, 0))
    wanted = request(6, labels={"app": "x"}, soft=(near,), strategy=Strategy.SPREAD)
    cluster = cluster_of(4, 4, 4)
    cluster.charge("n0", {"cpus": 1})
    assert where(cluster, wanted) == [{"n1": 4, "n2": 2}]


def test_alternatives_on_own_labels_go_on_where_the_first_ends() -> None:
    either = AnyOf(
        (TaskLabel("app", "x", Condition.LESS_THAN, 2), TaskLabel("app", "x", Condition.GREATER_THAN, 1)),
    )
    assert where(cluster_of(7), request(9, labels={"app": "x"}, hard=(either,))) == [{"n0": 7}]
    gap = AnyOf((TaskLabel("app", "x", Condition.LESS_THAN, 2), TaskLabel("app", "x", Condition.GREATER_THAN, 2)))
    assert where(cluster_of(7), request(9, labels={"app": "x"}, hard=(gap,))) == [{"n0": 2}]


@pytest.mark.parametrize(
    ("condition", "own", "taken"),
    [
        (Condition.LESS_THAN, "x", {"n0": 2, "n1": 1}),
        (Condition.EQUAL, "x", {"n2": 1}),
        (Condition.GREATER_THAN, "x", {"n3": 6}),
        (Condition.LESS_THAN, "y", {"n0": 9, "n1": 8}),
        (Condition.EQUAL, "y", {"n2": 7}),
        (Condition.GREATER_THAN, "y", {"n3": 6}),
    ],
)
def test_a_label_is_counted_before_each_run(condition: Condition, own: str, taken: dict[str, int]) -> None:
    cluster = cluster_of(9, 9, 9, 9)
    for number in range(4):
        for _ in range(number):
            cluster.charge(f"n{number}", {"cpus": 1}, labels={"app": "x"})
    wanted = request(30, labels={"app": own}, hard=(TaskLabel("app", "x", condition, 2),))
    assert where(cluster, wanted) == [taken]


@pytest.mark.parametrize(
    ("constraint", "taken"),
    [
        (Attribute("zone", ("a", "b")), {"n0": 2, "n1": 2}),
        (Attribute("zone", ("a", "b"), excluded=True), {"n2": 2, "n3": 2}),
        (Attribute("hostname", ("n3", "n8")), {"n3": 2}),
        (Attribute("zone", ()), {}),
        (Attribute("unknown", ("a",)), {}),
        (Attribute("unknown", ("a",), excluded=True), {"n0": 2, "n1": 2, "n2": 2, "n3": 2}),
        (HostLabel("zone", "a", Condition.LESS_THAN, 1), {"n1": 2, "n2": 2, "n3": 2}),
        (HostLabel("zone", "a", Condition.EQUAL, 1), {"n0": 2}),
        (HostLabel("zone", "a", Condition.GREATER_THAN, 0), {"n0": 2}),
        (HostLabel("zone", "a", Condition.GREATER_THAN, 1), {}),
        (Lacks("gpus"), {"n0": 2, "n1": 2, "n2": 2}),
        (Lacks("unheard of"), {"n0": 2, "n1": 2, "n2": 2, "n3": 2}),
        (AllOf((Attribute("zone", ("a", "b")), Attribute("zone", ("b", "c")))), {"n1": 2}),
        (AnyOf((Attribute("zone", ("a",)), Attribute("zone", ("c",)))), {"n0": 2, "n2": 2}),
        (AllOf(()), {"n0": 2, "n1": 2, "n2": 2, "n3": 2}),
        (AnyOf(()), {"n0": 2, "n1": 2, "n2": 2, "n3": 2}),
    ],
)
def test_what_a_node_is_decides_whether_it_may_be_used(constraint: Predicate, taken: dict[str, int]) -> None:
    cluster = cluster_of(2, 2, 2, 2, zone="abcd")
    cluster.set_total("n3", {"cpus": 2, "gpus": 1}, ports=10)
    assert where(cluster, request(9, hard=(constraint,))) == [taken]


def test_alternatives_count_in_full_for_a_balance() -> None:
    cluster = cluster_of(9, 9, zone="ab")
    cluster.charge("n1", {"cpus": 1}, labels={"app": "x"})
    always = AnyOf((TaskLabel("app", "x", Condition.LESS_THAN, 1), TaskLabel("app", "x", Condition.GREATER_THAN, 0)))
    assert where(cluster, request(8, labels={"app": "x"}, hard=(always, Balance("zone")))) == [{"n0": 4, "n1": 4}]


def test_what_a_pass_placed_counts_for_the_fullest_node() -> None:
    cluster = cluster_of(10, 10)
    cluster.charge("n1", {"cpus": 2})
    there = request(5, hard=(Attribute("hostname", ("n0",)),))
    assert where(cluster, there, request(1)) == [{"n0": 5}, {"n0": 1}]


def test_an_exclusive_host_has_no_other_run_of_the_same_pass() -> None:
    cluster = cluster_of(9, 9)
    assert where(cluster, request(1, job="other"), request(9, hard=(ExclusiveHost(),))) == [{"n0": 1}, {"n1": 9}]


def test_a_gang_takes_nothing_when_one_member_does_not_fit_and_others_get_its_room() -> None:
    first = request(2, cpus=2, gang="g", key="a")
    second = request(1, cpus=3, gang="g", key="b", labels={"app": "x"})
    other = request(5, key="c", hard=(TaskLabel("app", "x", Condition.LESS_THAN, 1),))
    assert where(cluster_of(5), first, other, second) == [{}, {"n0": 5}, {}]
    assert where(cluster_of(4, 4), first, other, second) == [{"n0": 2}, {}, {"n1": 1}]


def test_a_failed_exclusive_gang_does_not_bar_the_node() -> None:
    gang = request(9, gang="g", hard=(ExclusiveHost(),))
    assert where(cluster_of(5), gang, request(5, job="other")) == [{}, {"n0": 5}]


def test_runs_of_many_jobs_may_share_a_request_without_job_constraints() -> None:
    assert where(cluster_of(5), request(2, job="", hard=(Lacks("gpus"),))) == [{"n0": 2}]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"ports": -1}, "negative"),
        ({"cpus": -1}, "negative"),
        ({"hard": (Balance("zone"),), "soft": (Soft(Balance("rack")),)}, "more than one balance"),
        ({"job": "", "hard": (AnyOf((UniqueHost(),)),)}, "no job"),
        ({"job": "", "soft": (Soft(Balance("zone")),)}, "no job"),
    ],
)
def test_requests_that_cannot_be_placed_sensibly_are_refused(words: dict[str, object], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        request(1, **words)  # type: ignore[arg-type]


def test_no_nodes_and_no_requests_are_nothing_special() -> None:
    assert where(ClusterMatrix(), request(3)) == [{}]
    assert list(place(cluster_of(3), []).pairs()) == []


def test_a_plan_names_nodes_as_they_were() -> None:
    cluster = cluster_of(3, 3)
    cluster.charge("n1", {"cpus": 1})
    plan = place(cluster, [request(1)])
    cluster.release("n1", {"cpus": 1})
    cluster.remove_node("n1")
    cluster.add_node("n9", {"cpus": 3})
    assert list(plan.pairs()) == [("r0", "n1")]
