"""What a disruption budget allows now, and what remains of it after something was taken.

Owns the arithmetic of quotas, rolling rates, time windows and token buckets; all of it is a function of its arguments.
Promises: a quota is the least of all restrictions; within any 20 slots of its interval a rate is never exceeded by
what was taken with its leave; a clock that goes back gives nothing away.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portico.domain.disruption import (
    UNLIMITED,
    WHOLE_SHARE,
    AvailabilityLimit,
    Bucket,
    Budget,
    CountRate,
    Load,
    Quota,
    Rate,
    RelocationLimit,
    Restriction,
    SelfManaged,
    ShareRate,
    Spent,
    Tokens,
    UnhealthyLimit,
    UnlimitedRate,
    Window,
)
from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Instant, Micros

SLOTS = 20
"""Slots of a rolling window: what was taken in a slot counts until the twentieth slot after it begins."""

_SHORT_ZONES = {
    "": "UTC",
    "Z": "UTC",
    "PST": "America/Los_Angeles",
    "CST": "America/Chicago",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "ECT": "Europe/Paris",
    "CTT": "Asia/Shanghai",
    "AET": "Australia/Sydney",
}
"""Short names that callers know and the zone database does not have."""


@lru_cache(maxsize=512)
def zone_of(name: str) -> tzinfo:
    """Find a time zone; raises Invalid."""
    try:
        return ZoneInfo(_SHORT_ZONES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"{name!r} is not a time zone") from error


def in_windows(windows: Iterable[Window], now: Instant) -> bool:
    """Tell whether one of the windows is open; without windows any time will do."""
    listed = tuple(windows)
    return not listed or any(_is_open(window, now) for window in listed)


def _is_open(window: Window, now: Instant) -> bool:
    local = datetime.fromtimestamp(now // SECOND, tz=UTC).astimezone(zone_of(window.zone))
    if window.days and local.weekday() not in window.days:
        return False
    return not window.hours or any(first <= local.hour <= last for first, last in window.hours)


def least_healthy(policy: AvailabilityLimit | UnhealthyLimit, desired: int) -> int:
    """Give how many of the wanted members must stay healthy; all but one at most."""
    if isinstance(policy, AvailabilityLimit):
        return min(-(-desired * policy.share // WHOLE_SHARE), desired - 1)
    return desired - max(1, policy.most)


def most_per_interval(rate: CountRate | ShareRate, desired: int) -> int:
    """Give how many members a rate lets go within its interval."""
    if isinstance(rate, CountRate):
        return rate.most
    return max(1, desired * rate.share // WHOLE_SHARE)


def quota(budget: Budget, load: Load, spent: Spent, now: Instant) -> Quota:
    """Say how many members may go now, and what each part of the budget allows."""
    if budget.legacy:
        return Quota((Restriction("selfManaged", 0, "Legacy job"),))
    found = [
        part
        for part in (_by_window(budget, now), _by_policy(budget, load), _by_rate(budget.rate, load, spent, now))
        if part is not None
    ]
    return Quota(tuple(found))


def _by_window(budget: Budget, now: Instant) -> Restriction | None:
    if not budget.windows:
        return None
    if in_windows(budget.windows, now):
        return Restriction("timeWindow", UNLIMITED, "Inside a time window")
    return Restriction("timeWindow", 0, "Outside all time windows")


def _by_policy(budget: Budget, load: Load) -> Restriction | None:
    policy = budget.policy
    match policy:
        case SelfManaged():
            return None
        case AvailabilityLimit() | UnhealthyLimit():
            name = "availabilityPercentage" if isinstance(policy, AvailabilityLimit) else "unhealthyTasks"
            if load.desired < 2:
                return None
            least = least_healthy(policy, load.desired)
            said = f"{load.healthy} of {load.desired} tasks are healthy, at least {least} must stay so"
            return Restriction(name, max(0, load.healthy - least), said)
        case RelocationLimit():
            said = f"{load.movable} tasks were relocated less often than {policy.most} times"
            return Restriction("relocationLimit", load.movable, said)
        case _:
            assert_never(policy)


def _by_rate(rate: Rate, load: Load, spent: Spent, now: Instant) -> Restriction | None:
    if isinstance(rate, UnlimitedRate):
        return None
    most = most_per_interval(rate, load.desired)
    taken = count_spent(rate, spent, now)
    said = f"{taken} of {most} relocations were taken within {rate.interval / SECOND:g} s"
    return Restriction("relocationRate", max(0, most - taken), said)


# ---- rolling rates ---------------------------------------------------------------------------------------------


def count_spent(rate: CountRate | ShareRate, spent: Spent, now: Instant) -> int:
    """Count what was taken within the rolling window that ends now."""
    step = _step(rate)
    oldest = now // step - SLOTS
    return sum(count for slot, count in _slots_of(spent, step, now) if slot > oldest)


def spend(rate: Rate, spent: Spent, now: Instant) -> Spent:
    """Take one; of an unlimited rate nothing is kept."""
    if isinstance(rate, UnlimitedRate):
        return Spent()
    step = _step(rate)
    present = now // step
    counts: dict[int, int] = {}
    for slot, count in _slots_of(spent, step, now):
        if slot > present - SLOTS:
            counts[slot] = counts.get(slot, 0) + count
    counts[present] = counts.get(present, 0) + 1
    return Spent(step, tuple(sorted(counts.items())))


def all_returned_at(spent: Spent) -> Instant:
    """Give when nothing of what was taken counts any more; 0 when nothing was taken."""
    if not spent.slots:
        return Instant(0)
    return Instant((spent.slots[-1][0] + SLOTS) * spent.step)


def next_return(spent: Spent, now: Instant) -> Instant:
    """Give when the first part of what was taken stops to count; 0 when nothing does."""
    if not spent.step:
        return Instant(0)
    present = now // spent.step
    counting = [slot for slot, _ in spent.slots if slot > present - SLOTS]
    return Instant((min(counting) + SLOTS) * spent.step) if counting else Instant(0)


def _step(rate: CountRate | ShareRate) -> Micros:
    return Micros(max(1, rate.interval // SLOTS))


def _slots_of(spent: Spent, step: Micros, now: Instant) -> Iterable[tuple[int, int]]:
    """Give what was taken in slots of another length; each old slot counts as if all of it was taken at its end."""
    if spent.step in (0, step):
        return spent.slots
    return [(min((slot + 1) * spent.step - 1, now) // step, count) for slot, count in spent.slots]


# ---- one bucket for all ----------------------------------------------------------------------------------------

TOKEN = 1_000_000


def refill(bucket: Bucket, tokens: Tokens, now: Instant) -> Tokens:
    """Give what is in a bucket by now; it begins empty when it is first looked at."""
    if not tokens.at:
        return Tokens(0, now)
    passed = max(0, now - tokens.at)
    return Tokens(min(bucket.capacity * TOKEN, tokens.amount + passed * bucket.refill), max(now, tokens.at))


def bucket_quota(bucket: Bucket, tokens: Tokens, now: Instant, *, exempt: bool = False) -> Quota:
    """Say how many tokens may be taken now; `exempt` ones are not bound to the windows."""
    whole = max(0, refill(bucket, tokens, now).amount // TOKEN)
    found = [Restriction("system", whole, f"{whole} of {bucket.capacity} relocations are left for the whole system")]
    if bucket.windows and not exempt and not in_windows(bucket.windows, now):
        found.append(Restriction("systemTimeWindow", 0, "Outside the system's time windows"))
    return Quota(tuple(found))


def take_token(bucket: Bucket, tokens: Tokens, now: Instant) -> Tokens:
    """Take one; below nothing when it is taken without leave."""
    filled = refill(bucket, tokens, now)
    return Tokens(max(filled.amount - TOKEN, -bucket.capacity * TOKEN), filled.at)
