"""Quotas are the least of their parts, rates never exceed their bound, windows follow the clocks of their zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.deciding import disruption
from portico.deciding.disruption import SLOTS, count_spent, in_windows, least_healthy, most_per_interval, quota, spend
from portico.domain.disruption import (
    NOTHING_SPENT,
    PERCENT,
    UNLIMITED,
    AvailabilityLimit,
    Bucket,
    Budget,
    CountRate,
    Load,
    RelocationLimit,
    SelfManaged,
    ShareRate,
    Tokens,
    UnhealthyLimit,
    UnlimitedRate,
    Window,
)
from portico.domain.errors import Invalid
from portico.domain.identity import HOUR, MINUTE, SECOND

NOW = 1_800_000_000_000_000


def at(zone, *parts):
    """The instant of a wall clock."""
    return round(datetime(*parts, tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


percents = st.integers(0, 100 * PERCENT)
policies = st.one_of(
    st.builds(SelfManaged),
    st.builds(AvailabilityLimit, percents),
    st.builds(UnhealthyLimit, st.integers(0, 50)),
    st.builds(RelocationLimit, st.integers(1, 9)),
)
limited_rates = st.one_of(
    st.builds(CountRate, st.integers(1_000, HOUR), st.integers(1, 30)),
    st.builds(ShareRate, percents, st.integers(1_000, HOUR)),
)
rates = st.one_of(st.just(UnlimitedRate()), limited_rates)
windows = st.lists(
    st.builds(
        Window,
        st.lists(st.integers(0, 6), max_size=3).map(tuple),
        st.lists(st.tuples(st.integers(0, 12), st.integers(13, 24)), max_size=2).map(tuple),
        st.sampled_from(["UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "PST"]),
    ),
    max_size=2,
).map(tuple)
budgets = st.builds(Budget, policies, rates, windows)
loads = st.builds(Load, st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))


# ---- quotas ----------------------------------------------------------------------------------------------------


@given(budgets, loads, st.integers(NOW, NOW + 400 * 24 * HOUR))
def test_a_quota_is_the_least_of_its_parts(budget, load, now):
    found = quota(budget, load, NOTHING_SPENT, now)
    parts = [UNLIMITED]
    if not in_windows(budget.windows, now):
        parts.append(0)
    if isinstance(budget.policy, AvailabilityLimit | UnhealthyLimit) and load.desired >= 2:
        parts.append(max(0, load.healthy - least_healthy(budget.policy, load.desired)))
    if isinstance(budget.policy, RelocationLimit):
        parts.append(load.movable)
    if not isinstance(budget.rate, UnlimitedRate):
        parts.append(most_per_interval(budget.rate, load.desired))
    if budget.legacy:
        parts.append(0)
    assert found.amount == min(parts)
    assert (found.amount <= 0) == bool(found.missing)
    assert found.message


@pytest.mark.parametrize(
    ("share", "desired", "least"),
    [(95, 20, 19), (95, 10, 9), (50, 10, 5), (0, 10, 0), (100, 10, 9), (33.3, 10, 4), (7, 100, 7), (55, 20, 11)],
)
def test_at_least_one_member_may_always_go_of_an_available_job(share, desired, least):
    policy = AvailabilityLimit(round(share * PERCENT))
    assert least_healthy(policy, desired) == least
    assert quota(Budget(policy), Load(desired, desired), NOTHING_SPENT, NOW).amount == desired - least


@pytest.mark.parametrize(("most", "healthy", "expected"), [(2, 10, 2), (2, 9, 1), (2, 8, 0), (2, 5, 0), (0, 10, 1)])
def test_unhealthy_members_are_counted_against_the_limit(most, healthy, expected):
    assert quota(Budget(UnhealthyLimit(most)), Load(10, healthy), NOTHING_SPENT, NOW).amount == expected


@pytest.mark.parametrize("policy", [AvailabilityLimit(100 * PERCENT), UnhealthyLimit(1)])
@pytest.mark.parametrize("desired", [0, 1])
def test_small_jobs_have_nobody_to_keep_them_up(policy, desired):
    assert quota(Budget(policy), Load(desired, 0), NOTHING_SPENT, NOW).amount == UNLIMITED


def test_a_job_that_says_nothing_but_its_own_patience_has_no_quota():
    found = quota(Budget(SelfManaged(HOUR)), Load(5, 5), NOTHING_SPENT, NOW)
    assert (found.amount, found.message) == (0, "Legacy job")
    assert quota(Budget(SelfManaged(HOUR), CountRate(MINUTE, 3)), Load(5, 5), NOTHING_SPENT, NOW).amount == 3
    open_always = Budget(SelfManaged(HOUR), windows=(Window(),))
    assert quota(open_always, Load(5, 5), NOTHING_SPENT, NOW).amount == UNLIMITED


# ---- rates -----------------------------------------------------------------------------------------------------


@given(limited_rates, st.integers(1, 60), st.lists(st.integers(0, 5 * MINUTE), max_size=80))
def test_a_rate_is_never_exceeded_within_its_slots(rate, desired, gaps):
    now, spent, taken = NOW, NOTHING_SPENT, []
    most = most_per_interval(rate, desired)
    step = max(1, rate.interval // SLOTS)
    for gap in gaps:
        now += gap
        allowed = quota(Budget(RelocationLimit(9), rate), Load(desired, desired), spent, now).amount > 0
        in_window = [moment for moment in taken if moment // step > now // step - SLOTS]
        assert allowed == (len(in_window) < most)
        if allowed:
            spent = spend(rate, spent, now)
            taken.append(now)
        assert len(spent.slots) <= SLOTS
    for start in taken:
        assert sum(start // step <= moment // step < start // step + SLOTS for moment in taken) <= most


@given(limited_rates, limited_rates, st.lists(st.integers(0, MINUTE), min_size=1, max_size=30))
def test_a_new_interval_forgets_nothing_that_is_younger(before, after, gaps):
    now, spent, taken = NOW, NOTHING_SPENT, []
    for gap in gaps:
        now += gap
        spent = spend(before, spent, now)
        taken.append(now)
    step = max(1, before.interval // SLOTS), max(1, after.interval // SLOTS)
    certain = [
        moment
        for moment in taken
        if moment // step[0] > now // step[0] - SLOTS and moment // step[1] > now // step[1] - SLOTS
    ]
    assert count_spent(after, spent, now) >= len(certain)
    assert count_spent(after, spend(after, spent, now), now) == count_spent(after, spent, now) + 1


@given(limited_rates, st.integers(0, HOUR))
def test_a_clock_that_goes_back_gives_nothing_away(rate, back):
    spent = spend(rate, NOTHING_SPENT, NOW)
    assert count_spent(rate, spent, NOW - back) == 1
    again = spend(rate, spent, NOW - back)
    assert count_spent(rate, again, NOW - back) == 2


@given(limited_rates, st.lists(st.integers(0, MINUTE), min_size=1, max_size=10))
def test_what_was_taken_comes_back_when_it_is_said(rate, gaps):
    now, spent = NOW, NOTHING_SPENT
    for gap in gaps:
        now += gap
        spent = spend(rate, spent, now)
    counted = count_spent(rate, spent, now)
    back = disruption.next_return(spent, now)
    assert count_spent(rate, spent, back - 1) == counted
    assert count_spent(rate, spent, back) < counted
    assert count_spent(rate, spent, disruption.all_returned_at(spent)) == 0


@pytest.mark.parametrize(("share", "desired", "most"), [(10, 100, 10), (10, 5, 1), (0, 100, 1), (33, 10, 3)])
def test_a_share_is_rounded_down_but_never_to_nothing(share, desired, most):
    assert most_per_interval(ShareRate(share * PERCENT), desired) == most


def test_nothing_is_kept_of_an_unlimited_rate():
    assert spend(UnlimitedRate(), NOTHING_SPENT, NOW) == NOTHING_SPENT
    assert disruption.next_return(NOTHING_SPENT, NOW) == 0
    assert disruption.all_returned_at(NOTHING_SPENT) == 0


# ---- windows ---------------------------------------------------------------------------------------------------


@given(windows, st.integers(NOW, NOW + 800 * 24 * HOUR))
def test_windows_are_open_by_the_wall_clock_of_their_zone(listed, now):
    def open_by_wall_clock(window):
        zone = ZoneInfo("America/Los_Angeles" if window.zone == "PST" else window.zone)
        local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)
        local = local.astimezone(zone)
        hour_fits = not window.hours or any(local.hour in range(first, last + 1) for first, last in window.hours)
        return (not window.days or local.weekday() in window.days) and hour_fits

    assert in_windows(listed, now) == (not listed or any(map(open_by_wall_clock, listed)))


def test_the_whole_last_hour_counts():
    window = (Window(hours=((8, 16),), zone="America/Los_Angeles"),)
    zone = "America/Los_Angeles"
    assert not in_windows(window, at(zone, 2026, 6, 1, 7, 59, 59))
    assert in_windows(window, at(zone, 2026, 6, 1, 8))
    assert in_windows(window, at(zone, 2026, 6, 1, 16, 59, 59))
    assert not in_windows(window, at(zone, 2026, 6, 1, 17))


def test_windows_follow_the_change_of_the_clocks():
    berlin = (Window(hours=((9, 9),), zone="Europe/Berlin"),)
    assert in_windows(berlin, at("UTC", 2026, 3, 28, 8, 30))
    assert not in_windows(berlin, at("UTC", 2026, 3, 29, 8, 30))
    assert in_windows(berlin, at("UTC", 2026, 3, 29, 7, 30))
    skipped = (Window(hours=((2, 2),), zone="Europe/Berlin"),)
    hours = [at("UTC", 2026, 3, 28, 23) + hour * HOUR for hour in range(6)]
    assert not any(in_windows(skipped, hour) for hour in hours)
    twice = [at("UTC", 2026, 10, 24, 22) + hour * HOUR for hour in range(7)]
    assert sum(in_windows(skipped, hour) for hour in twice) == 2


def test_a_day_is_that_of_the_zone():
    monday = (Window(days=(0,), zone="Asia/Tokyo"),)
    assert in_windows(monday, at("UTC", 2026, 6, 7, 15))
    assert not in_windows(monday, at("UTC", 2026, 6, 8, 15))


def test_an_unknown_zone_is_refused():
    for name in ("Nowhere/Town", "../etc/passwd", "a\0b"):
        with pytest.raises(Invalid, match="not a time zone"):
            disruption.zone_of(name)


# ---- one bucket for all ----------------------------------------------------------------------------------------


@given(st.integers(1, 50), st.integers(0, 20), st.lists(st.integers(0, 3 * SECOND), max_size=60))
def test_a_bucket_never_gives_more_than_it_was_filled_with(capacity, rate, gaps):
    bucket = Bucket(capacity=capacity, refill=rate)
    tokens = disruption.refill(bucket, Tokens(), NOW)
    now, taken = NOW, 0
    for gap in gaps:
        now += gap
        if disruption.bucket_quota(bucket, tokens, now).amount > 0:
            tokens = disruption.take_token(bucket, tokens, now)
            taken += 1
        assert taken * SECOND <= rate * (now - NOW)
        assert 0 <= disruption.bucket_quota(bucket, tokens, now).amount <= capacity


def test_a_bucket_is_empty_first_and_closed_outside_its_windows():
    bucket = Bucket(capacity=10, refill=5, windows=(Window(hours=((0, 0),), zone="UTC"),))
    noon = at("UTC", 2026, 6, 1, 12)
    assert disruption.bucket_quota(bucket, Tokens(), noon).amount == 0
    full = disruption.refill(bucket, Tokens(0, noon), noon + 5 * SECOND)
    assert disruption.bucket_quota(bucket, full, noon + 5 * SECOND).amount == 0
    assert disruption.bucket_quota(bucket, full, noon + 5 * SECOND, exempt=True).amount == 10
    assert disruption.take_token(bucket, Tokens(0, noon), noon).amount == -disruption.TOKEN


def test_what_was_taken_without_leave_is_owed():
    bucket = Bucket(capacity=2, refill=1)
    owing = disruption.take_token(bucket, Tokens(0, NOW), NOW)
    assert disruption.bucket_quota(bucket, owing, NOW + SECOND).amount == 0
    assert disruption.bucket_quota(bucket, owing, NOW + 2 * SECOND).amount == 1
