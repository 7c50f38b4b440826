import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.deciding.pods import NEVER, Fleet, Pace, Phase, Pod, decide
from portico.domain.calls.values import Partition
from portico.domain.identity import SECOND

NOW = 1_000 * SECOND
LONG_AGO = NOW - 500 * SECOND
PACE = Pace()
PLACED = (Phase.STARTING, Phase.IDLE, Phase.BUSY)


def pods(*phases, since=LONG_AGO, prefix="p"):
    return tuple(Pod(f"{prefix}{number}", phase, since) for number, phase in enumerate(phases))


def fleet(name="a", found=(), *, reserved=0, most=10, priority=1, percentage=0, parents=(), **facts):
    partition = Partition(name, tuple(parents), reserved, most, preemption_percentage=percentage, priority=priority)
    return Fleet(partition, tuple(found), **facts)


def one(found, now=NOW, pace=PACE):
    (change,) = decide([found], now, pace).changes
    return change


def many(*found, now=NOW, pace=PACE):
    return {change.partition: change for change in decide(found, now, pace).changes}


# ---- properties --------------------------------------------------------------------------------------------------


@st.composite
def partitions(draw, number):
    most = draw(st.integers(0, 6))
    return Partition(
        f"p{number}",
        tuple(draw(st.lists(st.sampled_from(["p0", "p1", "p2", "nobody"]), max_size=2))),
        draw(st.integers(0, most)),
        most,
        preemption_percentage=draw(st.integers(0, 100)),
        priority=draw(st.integers(0, 3)),
    )


@st.composite
def pod(draw, name):
    phase = draw(st.sampled_from(Phase))
    # An outdated busy pod is left to the examples: when it is replaced there is more to do than before.
    return Pod(name, phase, NOW - draw(st.integers(0, 90)) * SECOND, phase is not Phase.BUSY and draw(st.booleans()))


@st.composite
def clusters(draw):
    found = []
    for number in range(draw(st.integers(1, 3))):
        partition = draw(partitions(number))
        members = [draw(pod(f"{partition.id}-{index}")) for index in range(draw(st.integers(0, 8)))]
        busy = sum(pod.phase is Phase.BUSY for pod in members)
        found.append(
            Fleet(
                partition,
                tuple(members),
                queued=draw(st.integers(0, 12)),
                held=busy + draw(st.integers(0, 2)) * bool(busy),
                leaving=draw(st.integers(0, 2)),
                yielded=draw(st.integers(0, 3)),
            )
        )
    return found


def made_anew(pod):
    phase = Phase.WAITING if pod.phase is Phase.WAITING else Phase.HELD
    return msgspec.structs.replace(pod, phase=phase, since=NOW, outdated=False)


def applied(found, change):
    """What a fleet is once its change was carried out, and nothing else has happened."""
    going = {*change.gone, *change.yielding}
    still = sum(pod.phase in PLACED for pod in found.pods if pod.id in going)
    staying = [made_anew(pod) if pod.id == change.replaced else pod for pod in found.pods if pod.id not in going]
    made = [Pod(f"{found.partition.id}-n{n}", Phase.WAITING, NOW) for n in range(change.size - len(staying))]
    held = found.held if any(pod.phase is Phase.BUSY for pod in staying) else 0
    return msgspec.structs.replace(
        found,
        pods=(*staying, *made),
        held=held,
        queued=found.queued + found.held - held,
        leaving=found.leaving + still,
        yielded=change.yielded,
    )


@given(clusters())
def test_never_below_the_reserve_nor_above_the_maximum(found):
    for before, change in zip(found, decide(found, NOW, PACE).changes, strict=True):
        partition = before.partition
        busy = before.count(Phase.BUSY)
        assert change.size >= min(partition.pod_reserved, partition.pod_max)
        staying = len(before.pods) - len(change.gone) - len(change.yielding)
        assert change.size >= staying
        assert change.size == staying or change.size <= partition.pod_max
        assert staying <= max(partition.pod_max, busy)


@given(clusters())
def test_no_pod_is_chosen_twice_and_no_busy_one_is_scaled_down(found):
    for before, change in zip(found, decide(found, NOW, PACE).changes, strict=True):
        phases = {pod.id: pod.phase for pod in before.pods}
        chosen = [*change.gone, *change.yielding, *([change.replaced] if change.replaced else [])]
        assert len(chosen) == len(set(chosen))
        assert set(chosen) <= phases.keys()
        assert all(phases[identity] is not Phase.BUSY for identity in change.gone)


@given(clusters())
def test_a_plan_that_was_carried_out_asks_for_nothing_more(found):
    plan = decide(found, NOW, PACE)
    after = [applied(before, change) for before, change in zip(found, plan.changes, strict=True)]
    for before, change in zip(after, decide(after, NOW, PACE).changes, strict=True):
        assert (change.gone, change.yielding, change.replaced) == ((), (), "")
        assert change.size == len(before.pods)
        assert change.yielded == before.yielded


@given(clusters())
def test_only_the_stated_part_above_the_reserve_yields_and_only_to_higher_priority(found):
    changes = decide(found, NOW, PACE).changes
    for before, change in zip(found, changes, strict=True):
        if not change.yielding:
            continue
        above = before.placed - before.reserve
        bound = (above + before.yielded) * before.partition.preemption_percentage // 100
        assert before.yielded + len(change.yielding) <= bound
        assert before.placed - len(change.yielding) >= before.reserve
        assert any(other.queued and other.partition.priority > before.partition.priority for other in found)
    waiting = sum(min(other.count(Phase.WAITING), other.queued) for other in found)
    assert sum(len(change.yielding) for change in changes) <= max(0, waiting - sum(b.leaving for b in found))


@given(clusters())
def test_idle_pods_yield_before_busy_ones_and_those_begun_last_first(found):
    for before, change in zip(found, decide(found, NOW, PACE).changes, strict=True):
        left = [pod for pod in before.pods if pod.phase in PLACED and pod.id not in change.yielding]
        for pod in before.pods:
            if pod.id in change.yielding and pod.phase is Phase.BUSY:
                assert all(other.phase is Phase.BUSY and other.since <= pod.since for other in left)


@given(clusters(), st.integers(1, 6))
def test_however_long_one_waits_no_more_than_the_part_of_the_first_moment_yields(found, rounds):
    budgets = {
        before.partition.id: max(0, before.placed - before.reserve) * before.partition.preemption_percentage // 100
        for before in found
    }
    current = [msgspec.structs.replace(before, yielded=0, leaving=0) for before in found]
    given_away = dict.fromkeys(budgets, 0)
    for step in range(rounds):
        plan = decide(current, NOW + step * 10 * SECOND, Pace(cool_down=1_000 * SECOND))
        for change in plan.changes:
            given_away[change.partition] += len(change.yielding)
        current = [
            msgspec.structs.replace(applied(before, change), leaving=0)  # the room went to somebody else
            for before, change in zip(current, plan.changes, strict=True)
        ]
    for name, count in given_away.items():
        assert count <= budgets[name]


# ---- scaling -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("queued", "held", "reserved", "most", "wanted"),
    [(0, 0, 1, 4, 1), (3, 0, 1, 4, 3), (3, 2, 0, 4, 4), (100, 0, 0, 0, 0), (0, 0, 0, 4, 0), (2, 0, 3, 4, 3)],
)
def test_as_many_are_wanted_as_there_are_calls_between_the_bounds(queued, held, reserved, most, wanted):
    assert one(fleet(queued=queued, held=held, reserved=reserved, most=most)).size == wanted


def test_an_idle_pod_goes_when_it_has_cooled_down_the_longest_idle_first():
    fresh = Pod("fresh", Phase.IDLE, NOW - 10 * SECOND)
    old = Pod("old", Phase.IDLE, NOW - 61 * SECOND)
    change = one(fleet(found=(fresh, old)))
    assert (change.gone, change.size) == (("old",), 1)
    plan = decide([fleet(found=(fresh,))], NOW, PACE)
    assert plan.changes[0].gone == ()
    assert plan.again_at == NOW + 50 * SECOND


def test_a_busy_pod_stays_even_above_the_maximum():
    change = one(fleet(found=pods(Phase.BUSY, Phase.BUSY, Phase.IDLE, since=NOW), most=1, held=2))
    assert (change.gone, change.size) == (("p2",), 2)


def test_what_cannot_be_placed_goes_before_what_serves():
    change = one(fleet(found=pods(Phase.IDLE, Phase.WAITING, Phase.HELD, Phase.BUSY), held=1, reserved=2))
    assert (change.gone, change.size) == (("p2", "p1"), 2)


def test_with_nothing_to_come_there_is_no_next_moment():
    assert decide([fleet(found=pods(Phase.BUSY), held=1)], NOW, PACE).again_at == NEVER
    assert decide([], NOW, PACE).again_at == NEVER


# ---- parents -----------------------------------------------------------------------------------------------------


def test_idle_pods_of_parents_count_for_their_children_each_once():
    parent = fleet("parent", pods(Phase.IDLE, Phase.IDLE, since=NOW), reserved=2)
    first = fleet("first", queued=3, parents=["middle"], priority=2)
    second = fleet("second", queued=2, parents=["parent"])
    middle = fleet("middle", parents=["parent", "middle", "unknown"])
    changes = many(parent, first, second, middle)
    assert changes["first"].size == 1
    assert changes["second"].size == 2


def test_a_parent_with_calls_of_its_own_lends_nothing():
    parent = fleet("parent", pods(Phase.IDLE), reserved=1, queued=1)
    assert many(parent, fleet("child", queued=2, parents=["parent"]))["child"].size == 2


def test_idle_pods_stay_while_a_child_without_a_free_pod_has_calls():
    parent = fleet("parent", pods(Phase.IDLE, Phase.IDLE))
    child = fleet("child", pods(Phase.BUSY, prefix="c"), queued=1, held=1, most=1, parents=["parent"])
    assert many(parent, child)["parent"].gone == ()
    free = fleet("child", pods(Phase.IDLE, prefix="c"), queued=1, most=1, parents=["parent"])
    assert many(parent, free)["parent"].gone == ("p0", "p1")


# ---- contention --------------------------------------------------------------------------------------------------


def starving(count=1, *, queued=5, since=LONG_AGO, **more):
    found = tuple(Pod(f"h{number}", Phase.WAITING, since) for number in range(count))
    return fleet("high", found, priority=5, queued=queued, most=count, **more)


def test_half_of_the_pods_above_the_reserve_yield_idle_ones_first_then_those_begun_last():
    low = fleet(
        "low",
        (
            Pod("first", Phase.BUSY, NOW - 30),
            Pod("last", Phase.BUSY, NOW - 10),
            Pod("idle", Phase.IDLE, NOW - 50),
            Pod("middle", Phase.BUSY, NOW - 20),
            Pod("even", Phase.BUSY, NOW - 25),
            Pod("kept", Phase.BUSY, NOW - 40),
        ),
        queued=9,
        held=5,
        reserved=1,
        percentage=50,
    )
    change = many(low, starving(5))["low"]
    assert change.yielding == ("idle", "last")
    assert (change.size, change.yielded) == (4, 2)


def test_nobody_yields_to_equals_nor_to_one_without_calls_nor_at_no_percent():
    found = pods(Phase.BUSY, Phase.BUSY)
    assert many(fleet("low", found, held=2, percentage=100, priority=5), starving())["low"].yielding == ()
    assert many(fleet("low", found, held=2, percentage=100), starving(queued=0))["low"].yielding == ()
    assert many(fleet("low", found, held=2), starving())["low"].yielding == ()


def test_one_has_to_wait_for_a_moment_and_after_room_has_come_free():
    low = fleet("low", pods(Phase.BUSY, Phase.BUSY), held=2, percentage=100)
    plan = decide([low, starving(since=NOW)], NOW, PACE)
    assert plan.changes[0].yielding == ()
    assert plan.again_at == NOW + SECOND
    assert decide([low, starving(since=NOW)], NOW + SECOND, PACE).changes[0].yielding == ("p0",)
    assert many(low, starving(), pace=Pace(calm_since=NOW - 1))["low"].yielding == ()


def test_room_that_is_becoming_free_is_not_asked_for_twice():
    low = fleet("low", pods(Phase.BUSY, Phase.BUSY, Phase.BUSY), held=3, percentage=100, leaving=2)
    assert len(many(low, starving(3))["low"].yielding) == 1


def test_the_least_urgent_yield_first():
    found = [fleet(name, pods(Phase.BUSY, prefix=name), held=1, percentage=100, priority=rank)
             for name, rank in (("mid", 2), ("low", 1))]  # fmt: skip
    changes = many(*found, starving())
    assert (changes["low"].yielding, changes["mid"].yielding) == (("low0",), ())
    changes = many(*found, starving(2))
    assert (changes["low"].yielding, changes["mid"].yielding) == (("low0",), ("mid0",))


def test_one_that_has_yielded_does_not_grow_again_while_another_waits_and_does_after():
    low = fleet("low", pods(Phase.BUSY), queued=6, held=1, percentage=50, yielded=1)
    change = many(low, starving())["low"]
    assert (change.yielding, change.size, change.yielded) == ((), 1, 1)
    satisfied = fleet("high", pods(Phase.BUSY), priority=5, queued=5, held=1, most=1)
    change = many(low, satisfied)["low"]
    assert (change.size, change.yielded) == (7, 1)
    again = fleet("low", pods(Phase.BUSY, Phase.BUSY), held=2, percentage=50, yielded=1)
    assert many(again, satisfied)["low"].yielded == 0


def test_pods_that_only_wait_make_way_and_those_of_the_reserve_do_not():
    low = fleet("low", pods(Phase.BUSY, Phase.WAITING, Phase.WAITING, since=NOW), queued=6, held=1, percentage=10,
                reserved=2)  # fmt: skip
    change = many(low, starving())["low"]
    assert (len(change.gone), change.size) == (1, 2)


# ---- replacing ---------------------------------------------------------------------------------------------------


def old(name, phase, since=LONG_AGO):
    return Pod(name, phase, since, outdated=True)


def test_outdated_pods_are_replaced_one_by_one_idle_ones_first():
    found = (old("busy", Phase.BUSY), old("idle", Phase.IDLE), Pod("new", Phase.BUSY, NOW))
    assert one(fleet(found=found, held=2, queued=1)).replaced == "idle"
    assert one(fleet(found=(*found[:1], found[2]), held=2)).replaced == "busy"
    waiting = (*found, Pod("coming", Phase.STARTING, NOW))
    assert one(fleet(found=waiting, held=2, queued=2)).replaced == ""


def test_nothing_is_replaced_while_pods_go():
    found = (old("first", Phase.IDLE), old("second", Phase.IDLE))
    change = one(fleet(found=found, reserved=1))
    assert (change.gone, change.replaced) == (("first",), "")
