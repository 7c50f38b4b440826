"""Scaling: which step an alarm leads to, how a target is followed, and what never happens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.deciding.autoscaling import IN_PERIODS, OUT_PERIODS, Decision, Wish, decide, judge, number, window
from portico.domain.autoscaling import (
    NEVER,
    Acted,
    Adjustment,
    Alarm,
    Comparison,
    Measure,
    Point,
    Size,
    Statistic,
    Step,
    StepPolicy,
    TargetPolicy,
)
from portico.domain.identity import MINUTE, Instant, Micros

NOW = Instant(1_800_000_000_000_000)


def ago(minutes):
    return Instant(NOW - round(minutes * MINUTE))


def points(*values, members=4):
    """One measurement a minute, the last one now; each is the same on all members."""
    newest = len(values) - 1
    return [
        Point(ago(newest - place), members, value * members, value, value, members)
        for place, value in enumerate(values)
    ]


def steps(*changes, adjustment=Adjustment.CHANGE, comparison=Comparison.AT_LEAST, **more):
    alarm = {"measure": Measure.CPU, "statistic": Statistic.AVERAGE, "comparison": comparison, "threshold": 70.0}
    alarm |= {"periods": 2, "period": Micros(MINUTE)}
    alarm |= {name: more.pop(name) for name in tuple(more) if name in Alarm.__struct_fields__}
    made = tuple(Step(*change) for change in changes) or (Step(0, None, 1),)
    return StepPolicy(Alarm(**alarm), adjustment, made, **{"cooldown": Micros(5 * MINUTE), **more})


def target(value=50.0, **more):
    every = {"out_cooldown": Micros(5 * MINUTE), "in_cooldown": Micros(5 * MINUTE), **more}
    return TargetPolicy(Measure.CPU, Statistic.AVERAGE, value, **every)


SIZE = Size(1, 4, 10)


def wished(policy, measured, size=SIZE, acted=NEVER):
    return judge("p", policy, measured, size, acted, NOW)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((80, 80), 5),
        ((70, 70), 5),
        ((60, 80), None),
        ((80, 60), None),
        ((80,), None),
        ((), None),
        ((80, 60, 80, 80), 5),
    ],
)
def test_an_alarm_rings_when_every_period_lies_beyond_the_threshold(values, expected):
    assert wished(steps(), points(*values)).desired == expected


@pytest.mark.parametrize(
    ("comparison", "rings"),
    [
        (Comparison.AT_LEAST, (False, True, True)),
        (Comparison.ABOVE, (False, False, True)),
        (Comparison.BELOW, (True, False, False)),
        (Comparison.AT_MOST, (True, True, False)),
    ],
)
def test_comparisons(comparison, rings):
    policy = steps((None, None, 1), comparison=comparison, periods=1)
    assert tuple(wished(policy, points(value)).desired == 5 for value in (69, 70, 71)) == rings


@pytest.mark.parametrize(("value", "expected"), [(70, 5), (79.9, 5), (80, 7), (300, 7), (69.9, 3), (50, 2), (50.1, 3)])
def test_the_distance_from_the_threshold_chooses_the_step(value, expected):
    policy = steps((0, 10, 1), (10, None, 3), (-20, 0, -1), (None, -20, -2), comparison=Comparison.AT_LEAST, periods=1)
    low = steps(*[(one.lower, one.upper, one.change) for one in policy.steps], comparison=Comparison.BELOW, periods=1)
    found = [wished(one, points(value)).desired for one in (policy, low)]
    assert expected in found


def test_no_step_no_change():
    assert wished(steps((20, None, 1)), points(80, 80)).desired is None


@pytest.mark.parametrize(
    ("adjustment", "change", "least", "expected"),
    [
        (Adjustment.CHANGE, 3, 0, 7),
        (Adjustment.CHANGE, 30, 0, 10),
        (Adjustment.CHANGE, -30, 0, 1),
        (Adjustment.EXACT, 9, 0, 9),
        (Adjustment.EXACT, 0, 0, 1),
        (Adjustment.PERCENT, 50, 0, 6),
        (Adjustment.PERCENT, 10, 0, 5),
        (Adjustment.PERCENT, 90, 0, 7),
        (Adjustment.PERCENT, -10, 0, 3),
        (Adjustment.PERCENT, -60, 0, 2),
        (Adjustment.PERCENT, 10, 3, 7),
        (Adjustment.PERCENT, -10, 2, 2),
        (Adjustment.PERCENT, 0, 2, None),
        (Adjustment.EXACT, 4, 0, None),
    ],
)
def test_adjustments(adjustment, change, least, expected):
    policy = steps((0, None, change), adjustment=adjustment, least_change=least)
    assert wished(policy, points(80, 80)).desired == expected


def test_a_disabled_alarm_and_one_without_a_measure_never_ring():
    assert wished(steps(enabled=False), points(80, 80)).desired is None
    assert wished(steps(measure=None), points(80, 80)).desired is None


def test_the_numbers_of_all_periods_are_put_together_to_choose_the_step():
    changes = ((0, 10, 1), (10, 20, 2), (20, None, 3))
    for gathered, expected in ((Statistic.LEAST, 5), (Statistic.AVERAGE, 6), (Statistic.MOST, 7)):
        assert wished(steps(*changes, gathered=gathered), points(75, 95)).desired == expected


def test_statistics():
    some = [Point(NOW, 2, 30.0, 10.0, 20.0, 2), Point(NOW, 1, 60.0, 60.0, 60.0, 1), Point(NOW, 0, 0.0, 0.0, 0.0, 0)]
    found = {statistic: number(statistic, some) for statistic in Statistic}
    assert found == {
        Statistic.COUNT: 3.0,
        Statistic.SUM: 90.0,
        Statistic.AVERAGE: 30.0,
        Statistic.LEAST: 10.0,
        Statistic.MOST: 60.0,
    }
    assert number(Statistic.SUM, some[2:]) is None


def test_a_target_is_followed_in_proportion_both_ways():
    assert wished(target(), points(*[75.0] * OUT_PERIODS)).desired == 6
    assert wished(target(), points(*[75.0] * (OUT_PERIODS - 1))).desired is None
    assert wished(target(), points(*[25.0] * IN_PERIODS)).desired == 2
    assert wished(target(), points(*[25.0] * (IN_PERIODS - 1))) == Wish("p", None, holds=True)
    assert wished(target(never_in=True), points(*[25.0] * IN_PERIODS)) == Wish("p")


def test_members_that_have_not_begun_bear_no_load():
    assert wished(target(), points(*[75.0] * 3, members=2)).desired is None
    assert wished(target(), points(*[75.0] * 3, members=3)).desired == 5


def test_a_target_looks_only_at_what_was_measured_since_it_acted():
    acted = Acted(larger_at=ago(2.5))
    policy = target(out_cooldown=Micros(0))
    assert wished(policy, points(90.0, 90.0, 90.0, 90.0), acted=Acted(larger_at=ago(1.5))).desired is None
    assert wished(policy, points(90.0, 60.0, 60.0, 60.0), acted=acted).desired == 5


def test_cooldowns():
    hot, cold = points(80, 80), points(10, 10)
    grow, shrink = steps(), steps((None, 0, -1), comparison=Comparison.BELOW)
    assert wished(grow, hot, acted=Acted(larger_at=ago(4))).desired is None
    assert wished(grow, hot, acted=Acted(larger_at=ago(5))).desired == 5
    assert wished(grow, hot, acted=Acted(smaller_at=ago(1))).desired == 5
    assert wished(shrink, cold, acted=Acted(smaller_at=ago(4))).desired is None
    assert wished(shrink, cold, acted=Acted(larger_at=ago(4))).desired is None
    assert wished(shrink, cold, acted=Acted(larger_at=ago(6), smaller_at=ago(5))).desired == 3


def test_growing_wins_and_a_missed_target_keeps_a_job_from_shrinking():
    assert decide(SIZE, []) is None
    assert decide(SIZE, [Wish("a", 6), Wish("b", 8), Wish("c", 2)]) == Decision(8, ("a", "b"))
    assert decide(SIZE, [Wish("a", 2), Wish("b", 3)]) == Decision(3, ("a", "b"))
    assert decide(SIZE, [Wish("a", 2), Wish("b", holds=True)]) is None
    assert decide(SIZE, [Wish("a", 4)]) is None


def test_how_far_back_policies_look():
    assert window(steps(periods=3, period=Micros(2 * MINUTE)), Micros(MINUTE)) == 6 * MINUTE
    assert window(steps(periods=3, period=Micros(1)), Micros(MINUTE)) == 3 * MINUTE
    assert window(target(), Micros(MINUTE)) == IN_PERIODS * MINUTE


VALUES = st.lists(st.floats(0, 1e6), max_size=20)
SIZES = st.lists(st.integers(0, 50), min_size=3, max_size=3).map(sorted).map(lambda three: Size(*three))
BOUND = st.none() | st.floats(-100, 100)
STEPS = st.builds(
    steps,
    st.tuples(BOUND, BOUND, st.integers(-200, 200)),
    st.tuples(BOUND, BOUND, st.integers(-200, 200)),
    adjustment=st.sampled_from(Adjustment),
    comparison=st.sampled_from(Comparison),
    statistic=st.sampled_from(Statistic),
    periods=st.integers(1, 3),
    least_change=st.integers(0, 9),
)
TARGETS = st.builds(target, st.floats(1e-6, 1e6), never_in=st.booleans())
ACTED = st.builds(Acted, st.integers(0, 10).map(ago), st.integers(0, 10).map(ago))


@given(policy=STEPS | TARGETS, values=VALUES, size=SIZES, acted=ACTED, members=st.integers(1, 60))
def test_a_wish_lies_between_the_bounds_and_keeps_the_cooldowns(policy, values, size, acted, members):
    wish = judge("p", policy, points(*values, members=members), size, acted, NOW)
    decided = decide(size, [wish])
    if decided is None:
        return
    assert size.minimum <= decided.desired <= size.maximum
    assert decided.desired != size.desired
    assert NOW - acted.larger_at >= 5 * MINUTE
    if decided.desired < size.desired:
        assert NOW - acted.smaller_at >= 5 * MINUTE
        assert not (isinstance(policy, TargetPolicy) and policy.never_in)


@given(goal=st.floats(1, 1e3), shares=st.lists(st.floats(0.9, 1.0), min_size=1, max_size=20), size=SIZES)
def test_near_the_target_nothing_happens(goal, shares, size):
    measured = points(*[goal * share for share in shares], members=max(1, size.desired))
    assert judge("p", target(goal), measured, size, NEVER, NOW).desired is None


@given(goal=st.floats(1, 1e3), load=st.floats(1, 1e4), size=SIZES)
def test_following_a_target_comes_to_rest(goal, load, size):
    """With a load that stays, one change leads to a size from which no further one follows."""
    present = size
    changes = 0
    for _ in range(4):
        if present.desired == 0:
            return
        measured = points(*[load / present.desired] * IN_PERIODS, members=present.desired)
        wish = judge("p", target(goal), measured, present, NEVER, NOW)
        if wish.desired is None:
            break
        changes += 1
        present = Size(size.minimum, wish.desired, size.maximum)
    assert changes <= 1


@given(wishes=st.lists(st.builds(Wish, st.text(max_size=3), st.none() | st.integers(0, 9), st.booleans()), max_size=5))
def test_a_decision_is_one_of_the_wishes(wishes):
    decided = decide(SIZE, wishes)
    if decided is not None:
        assert decided.desired in [wish.desired for wish in wishes]
        assert decided.desired != SIZE.desired
        assert decided.policies
