"""Cron schedules: when a recurring kind fires next.

Owns the dialect of the `job.v1` server (the Go library robfig/cron v3, standard parser): five fields, names,
`?`, lists, ranges, steps, descriptors, `@every`, and a `TZ=` or `CRON_TZ=` prefix. A schedule fires at every
real instant whose wall clock, in the schedule's zone, matches on the whole minute. So a wall time skipped by a
clock change does not run, one that comes twice runs twice, and hourly schedules run every real hour.

Must never ask for the present time, and never walk through years minute by minute.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from portico.domain.errors import Invalid
from portico.domain.identity import DAY, SECOND, Instant

if TYPE_CHECKING:
    from collections.abc import Mapping

_STAR = 1 << 63  # set beside the values when a field was given as a star: it decides between AND and OR of days
_GO_INT_MAX = (1 << 63) - 1
_YEARS_AHEAD = 5
_LAST_YEAR = 9998
_MINUTE_SECONDS = 60
_DAY_MINUTES = DAY // SECOND // _MINUTE_SECONDS
_TWO_DAYS_SECONDS = 2 * DAY // SECOND  # more than any two offsets of a zone ever differed
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EVERY_SEVENTH = sum(1 << day for day in range(0, 42, 7))

# Go's notion of white space, which is narrower than Python's.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_FIELD = re.compile(f"[^{_SPACE}]+")
_NUMBER = re.compile(r"[+-]?[0-9]+\Z")
_DURATION_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,  # the micro sign
    "\u03bcs": 10**3,  # the Greek letter
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class _Field(msgspec.Struct, frozen=True):
    """One of the five fields: its name in messages, its bounds, and the words it takes for numbers."""

    name: str
    low: int
    high: int
    words: Mapping[str, int] = {}


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, {word: number for number, word in enumerate(_MONTHS, start=1)}),
    _Field("day of week", 0, 6, {word: number for number, word in enumerate(_WEEKDAYS)}),
)


class Calendar(msgspec.Struct, frozen=True):
    """Fires on matching wall-clock minutes of one zone; each field is a bit mask of its values."""

    minutes: int
    hours: int
    days: int
    months: int
    weekdays: int
    zone: ZoneInfo

    def next_after(self, instant: int) -> Instant | None:
        """Give the first firing strictly after `instant` (microseconds), or None if there is none within 5 years."""
        first = instant // SECOND + 1
        try:
            year = datetime.fromtimestamp(first, self.zone).year
        except (ValueError, OverflowError, OSError):
            return None  # outside the years that calendars know
        last_year = min(year + _YEARS_AHEAD, _LAST_YEAR)
        found = self._first_from(first, last_year) if year <= last_year else None
        return None if found is None else Instant(found * SECOND)

    def _first_from(self, second: int, last_year: int) -> int | None:
        """Search from an epoch second on, one stretch of constant offset after the other."""
        while True:
            offset = _offset(self.zone, second)
            wall = self._next_wall(-(-(second + offset) // _MINUTE_SECONDS), last_year)
            if wall is None:
                return None
            found = wall * _MINUTE_SECONDS - offset
            horizon = min(found, second + _TWO_DAYS_SECONDS)
            change = _first_change(self.zone, second, horizon)
            if change is not None and change <= found:
                second = change
            elif found == horizon:
                return found
            else:
                # No wall time between matches under any offset, so only the days just before `found` matter.
                second = max(horizon, found - _TWO_DAYS_SECONDS)

    def _next_wall(self, wall_minute: int, last_year: int) -> int | None:
        """Give the first matching minute of an unbroken wall clock at or after `wall_minute` (counted from 1970)."""
        day, minute = divmod(wall_minute, _DAY_MINUTES)
        today = date.fromordinal(day + _EPOCH_ORDINAL)
        if today.year <= last_year and self._month_days(today.year, today.month) >> today.day & 1:
            time = self._time_of_day(minute)
            if time is not None:
                return day * _DAY_MINUTES + time
        next_day = self._next_day(today, last_year)
        time = self._time_of_day(0)
        if next_day is None or time is None:
            return None
        return (next_day.toordinal() - _EPOCH_ORDINAL) * _DAY_MINUTES + time

    def _time_of_day(self, minute_of_day: int) -> int | None:
        """Give the first matching minute of a day at or after `minute_of_day`."""
        hour, minute = divmod(minute_of_day, 60)
        if self.hours >> hour & 1:
            later = _lowest_from(self.minutes, minute)
            if later is not None:
                return hour * 60 + later
        next_hour, first_minute = _lowest_from(self.hours, hour + 1), _lowest_from(self.minutes, 0)
        return None if next_hour is None or first_minute is None else next_hour * 60 + first_minute

    def _next_day(self, after: date, last_year: int) -> date | None:
        """Give the first matching date after `after`, month by month."""
        year, month, day = after.year, after.month, after.day + 1
        while year <= last_year:
            found = _lowest_from(self._month_days(year, month), day)
            if found is not None:
                return date(year, month, found)
            year, month, day = (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)
        return None

    def _month_days(self, year: int, month: int) -> int:
        """Build the mask of the matching days of one month.

        Both day fields restricted: either may match. One a star: both must. A star with a step is no star.
        """
        if not self.months >> month & 1:
            return 0
        first_weekday = date(year, month, 1).isoweekday() % 7
        by_weekday = 0
        for weekday in range(7):
            if self.weekdays >> weekday & 1:
                by_weekday |= _EVERY_SEVENTH << 1 + (weekday - first_weekday) % 7
        either = not (self.days | self.weekdays) & _STAR
        matching = self.days | by_weekday if either else self.days & by_weekday
        return matching & ((1 << _days_in(year, month) + 1) - 2)


class Interval(msgspec.Struct, frozen=True):
    """Fires a fixed time after the last firing; `period` is microseconds, whole seconds, at least one."""

    period: int

    def next_after(self, instant: int) -> Instant:
        """Give the instant one period after `instant`, counted from its whole second."""
        return Instant(instant // SECOND * SECOND + self.period)


Schedule = Calendar | Interval
"""What `parse` gives: `next_after(instant)` is all that its users need."""


def parse(text: str, default_zone: str) -> Schedule:
    """Read a schedule; wall times are of `default_zone` unless the text names a zone.

    Raises Invalid, its `field` being the cron field's name, `zone`, or empty when the whole text is wrong.
    """
    if not text:
        raise Invalid("cron text is empty; expected five fields or a descriptor such as @daily")
    zone_name, body = default_zone, text
    if text.startswith(("TZ=", "CRON_TZ=")):
        named, space, rest = text.partition("=")[2].partition(" ")
        if not space:
            raise Invalid(f"cron zone {named!r} is not followed by a schedule", "zone")
        zone_name = default_zone if named == "Local" else named or "UTC"
        body = rest.strip(" \t\n\v\f\r\x85\xa0")
    zone = _zone(zone_name)
    if body.startswith("@every "):
        return Interval(_interval(body.removeprefix("@every ")))
    if body.startswith("@"):
        if body not in _DESCRIPTORS:
            known = ", ".join([*_DESCRIPTORS, "@every DURATION"])
            raise Invalid(f"cron descriptor {body!r} is unknown; expected one of {known}")
        body = _DESCRIPTORS[body]
    fields = _FIELD.findall(body)
    if len(fields) != len(_FIELDS):
        raise Invalid(
            f"cron text {body!r} has {len(fields)} fields; "
            f"expected exactly 5: minute, hour, day of month, month, day of week"
        )
    minutes, hours, days, months, weekdays = (
        _parse_field(part, field) for part, field in zip(fields, _FIELDS, strict=True)
    )
    return Calendar(minutes, hours, days, months, weekdays, zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a directory or a stray file is an OSError
        raise Invalid(f"cron zone {name!r} is unknown", "zone") from error


def _parse_field(text: str, field: _Field) -> int:
    mask = 0
    try:
        for part in text.split(","):
            if part:  # empty list items are ignored, as robfig does; a field of commas alone never matches
                mask |= _parse_range(part, field)
    except ValueError as error:
        raise Invalid(f"cron field {field.name!r} is {text!r}: {error}", field.name) from error
    return mask


def _parse_range(part: str, field: _Field) -> int:
    """Read `*`, `?`, `N`, `N-M`, each with an optional `/step`; ValueError says what is wrong."""
    span, slash, step_text = part.partition("/")
    if "/" in step_text:
        raise ValueError(f"{part!r} has more than one slash")
    first, hyphen, last = span.partition("-")
    star = first in {"*", "?"}
    if star:
        low, high = field.low, field.high  # whatever follows a star and a hyphen is ignored, as robfig does
    else:
        if "-" in last:
            raise ValueError(f"{part!r} has more than one hyphen")
        low = _number(first, field.words)
        high = _number(last, field.words) if hyphen else low
    step = _number(step_text, {}) if slash else 1
    if slash and not hyphen:
        high = field.high  # N/step runs to the maximum
    _check_range(low, high, step, field)
    values = sum(1 << value for value in range(low, high + 1, step))
    return values | _STAR if star and step == 1 else values


def _check_range(low: int, high: int, step: int, field: _Field) -> None:
    if low < field.low:
        raise ValueError(f"{low} is below the minimum {field.low}")
    if high > field.high:
        raise ValueError(f"{high} is above the maximum {field.high}")
    if low > high:
        raise ValueError(f"the range begins at {low}, after its end {high}")
    if step == 0:
        raise ValueError("a step must be at least 1")


def _number(word: str, words: Mapping[str, int]) -> int:
    named = words.get(word.lower())
    if named is not None:
        return named
    # The length keeps absurd digit strings away from int(); robfig's own bound is 64 bits.
    if not _NUMBER.match(word) or len(word) > 64 or abs(int(word)) > _GO_INT_MAX:
        raise ValueError(f"{word!r} is not a number" + (f" or one of {', '.join(words)}" if words else ""))
    if int(word) < 0:
        raise ValueError(f"{word} is negative")
    return int(word)


def _interval(text: str) -> int:
    """Read a Go duration; give microseconds, rounded down to whole seconds, at least one."""
    sign = text[:1] if text[:1] in {"+", "-"} else ""
    rest = text.removeprefix(sign)
    parts = list(_DURATION_PART.finditer(rest))
    if rest != "0" and (not parts or "".join(part.group() for part in parts) != rest):
        raise _not_a_duration(text)
    nanoseconds = 0
    for part in parts:
        whole, fraction, unit = part.group(1), part.group(2) or "", part.group(3)
        if not whole + fraction or unit not in _NANOSECONDS or len(part.group()) > 64:
            raise _not_a_duration(text)
        nanoseconds += int(whole + fraction) * _NANOSECONDS[unit] // 10 ** len(fraction)
    if nanoseconds > _GO_INT_MAX:
        raise Invalid(f"cron interval {text!r} is longer than 292 years")
    return SECOND if sign == "-" else max(nanoseconds // 10**9 * SECOND, SECOND)


def _not_a_duration(text: str) -> Invalid:
    return Invalid(f"cron interval {text!r} is not a duration; expected numbers with units such as 1h30m, 90s, 1.5h")


def _lowest_from(mask: int, start: int) -> int | None:
    """Give the lowest set bit at or above `start`; the star's own bit does not count."""
    rest = (mask & ~_STAR) >> start
    return start + (rest & -rest).bit_length() - 1 if rest else None


def _days_in(year: int, month: int) -> int:
    following = date(year, month + 1, 1) if month < 12 else date(year + 1, 1, 1)
    return following.toordinal() - date(year, month, 1).toordinal()


def _offset(zone: ZoneInfo, second: int) -> int:
    """Give the zone's offset from UTC, in seconds, at an epoch second."""
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    assert offset is not None
    return offset.days * (DAY // SECOND) + offset.seconds


def _first_change(zone: ZoneInfo, start: int, end: int) -> int | None:
    """Find the second in (start, end] at which the offset changes; two changes never lie within two days."""
    before = _offset(zone, start)
    if _offset(zone, end) == before:
        return None
    while end - start > 1:
        middle = (start + end) // 2
        if _offset(zone, middle) == before:
            start = middle
        else:
            end = middle
    return end
