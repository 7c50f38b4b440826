"""The cron dialect: what it accepts, what it refuses, and when it fires, clock changes included."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from portico.deciding.cron import Calendar, Interval, Schedule, parse
from portico.domain.errors import Invalid

SECOND = 1_000_000

# A busy machine must not fail these: they are bounded by their number of examples alone.
BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def at(text: str) -> int:
    """Read an ISO time (UTC unless it says otherwise) as microseconds."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp()) * SECOND


def shown(instant: int | None, zone: str = "UTC") -> str | None:
    if instant is None:
        return None
    return datetime.fromtimestamp(instant // SECOND, ZoneInfo(zone)).isoformat(timespec="minutes")


def firings(schedule: Schedule, start: int, count: int, zone: str) -> list[str | None]:
    result = []
    moment: int | None = start
    for _ in range(count):
        assert moment is not None
        moment = schedule.next_after(moment)
        result.append(shown(moment, zone))
    return result


def values(mask: int) -> set[int]:
    return {value for value in range(60) if mask >> value & 1}


# --- what is accepted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("5 * * * *", "minutes", {5}),
        ("5,6,7 * * * *", "minutes", {5, 6, 7}),
        ("1,5-7/2,3 * * * *", "minutes", {1, 3, 5, 7}),
        ("5-6/2 * * * *", "minutes", {5}),
        ("*/20 * * * *", "minutes", {0, 20, 40}),
        ("50/4 * * * *", "minutes", {50, 54, 58}),
        ("007 * * * *", "minutes", {7}),
        ("+7 * * * *", "minutes", {7}),
        ("1,,2 * * * *", "minutes", {1, 2}),
        ("*/99 * * * *", "minutes", {0}),
        ("* 22/1 * * *", "hours", {22, 23}),
        ("* *-3 * * *", "hours", set(range(24))),
        ("* * ? * *", "days", set(range(1, 32))),
        ("* * */10 * *", "days", {1, 11, 21, 31}),
        ("* * * jan,MAR-May *", "months", {1, 3, 4, 5}),
        ("* * * OCT/1 *", "months", {10, 11, 12}),
        ("* * * * mon-FRI", "weekdays", {1, 2, 3, 4, 5}),
        ("* * * * Sun/3", "weekdays", {0, 3, 6}),
        ("* * * * ?", "weekdays", set(range(7))),
        ("\t*  *\u00a0* *   1 ", "weekdays", {1}),
        (", * * * *", "minutes", set()),
    ],
)
def test_a_field_is_read_into_its_values(text: str, field: str, expected: set[int]) -> None:
    assert values(getattr(parse(text, "UTC"), field)) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("   ", "has 0 fields"),
        ("* * * *", "has 4 fields"),
        ("0 0 0 1 1 *", "has 6 fields"),
        (" @daily", "has 1 fields"),
        ("60 * * * *", "'minute' is '60': 60 is above the maximum 59"),
        ("* 24 * * *", "'hour' is '24': 24 is above the maximum 23"),
        ("* * 0 * *", "'day of month' is '0': 0 is below the minimum 1"),
        ("* * 32 * *", "'day of month'"),
        ("* * * 13 *", "'month' is '13'"),
        ("* * * 0 *", "'month' is '0'"),
        ("* * * * 7", "'day of week' is '7': 7 is above the maximum 6"),
        ("* * * * FRI-MON", "begins at 5, after its end 1"),
        ("* * * * monday", "'monday' is not a number or one of sun, mon"),
        ("* * jan * *", "'jan' is not a number"),
        ("* * L * *", "'L' is not a number"),
        ("* * 15W * *", "'15W' is not a number"),
        ("* * * * 5#3", "'5#3' is not a number"),
        ("1-2-3 * * * *", "more than one hyphen"),
        ("1/2/3 * * * *", "more than one slash"),
        ("*/0 * * * *", "at least 1"),
        ("*/-2 * * * *", "-2 is negative"),
        ("*/x * * * *", "'x' is not a number"),
        ("-5 * * * *", "'' is not a number"),
        ("1_0 * * * *", "'1_0' is not a number"),
        ("٣ * * * *", "is not a number"),
        ("9" * 5000 + " * * * *", "is not a number"),
        ("99999999999999999999 * * * *", "is not a number"),
        ("@Daily", "'@Daily' is unknown"),
        ("@daily ", "'@daily ' is unknown"),
        ("@reboot", "'@reboot' is unknown"),
        ("@every", "'@every' is unknown"),
        ("@every ", "'' is not a duration"),
        ("@every 5", "'5' is not a duration"),
        ("@every 5 m", "'5 m' is not a duration"),
        ("@every  5m", "' 5m' is not a duration"),
        ("@every 1d", "'1d' is not a duration"),
        ("@every 1h-5m", "is not a duration"),
        ("@every .s", "is not a duration"),
        ("@every -", "is not a duration"),
        ("@every 1..5s", "is not a duration"),
        ("@every 9999999h", "longer than 292 years"),
        ("TZ=Mars/Olympus * * * * *", "zone 'Mars/Olympus' is unknown"),
        ("TZ=America * * * * *", "zone 'America' is unknown"),
        ("TZ=../etc/passwd * * * * *", "is unknown"),
        ("CRON_TZ=UTC", "not followed by a schedule"),
        (" TZ=UTC * * * * *", "has 6 fields"),
        ("tz=UTC * * * * *", "has 6 fields"),
    ],
)
def test_a_wrong_text_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text, "UTC")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "field"),
    [("60 * * * *", "minute"), ("* * x * *", "day of month"), ("TZ=X/Y @daily", "zone"), ("@nope", "")],
)
def test_the_error_names_the_field(text: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text, "UTC")
    assert caught.value.field == field


def test_the_default_zone_is_checked_too() -> None:
    with pytest.raises(Invalid, match="zone 'Nowhere' is unknown"):
        parse("* * * * *", "Nowhere")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h30m", 5400),
        ("90s", 90),
        ("1.5h", 5400),
        (".5m", 30),
        ("1.s", 1),
        ("2500ms", 2),
        ("1999999us", 1),
        ("3000000µs", 3),  # the micro sign
        ("3000000μs", 3),  # the Greek letter
        ("7000000000ns", 7),
        ("10ms", 1),
        ("0", 1),
        ("0s", 1),
        ("-5m", 1),
        ("+5m", 300),
        ("1m1m", 120),
        ("1h0.5s999ms", 3601),
    ],
)
def test_every_takes_go_durations_in_whole_seconds(text: str, seconds: int) -> None:
    assert parse(f"@every {text}", "UTC") == Interval(seconds * SECOND)


def test_every_counts_from_the_whole_second() -> None:
    schedule = parse("@every 5m", "UTC")
    assert schedule.next_after(at("2026-03-01T10:00:07") + 999_999) == at("2026-03-01T10:05:07")


# --- when it fires, in UTC --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("0/15 * * * *", "2012-07-09T14:45", "2012-07-09T15:00"),
        ("0/15 * * * *", "2012-07-09T14:59:59", "2012-07-09T15:00"),
        ("20-35/15 * * * *", "2012-07-09T15:45", "2012-07-09T16:20"),
        ("20-35/15 * * * *", "2012-07-09T23:45", "2012-07-10T00:20"),
        ("20-35/15 1/2 * * *", "2012-07-09T23:35:51", "2012-07-10T01:20"),
        ("0 0 9 Apr-Oct ?", "2012-07-09T23:35", "2012-08-09T00:00"),
        ("0 0 * Feb Mon", "2012-07-09T23:35", "2013-02-04T00:00"),
        ("0 0 29 Feb ?", "2012-07-09T23:35", "2016-02-29T00:00"),
        ("* * * * *", "2012-12-31T23:59:45", "2013-01-01T00:00"),
        # both day fields restricted: either one; a star in one: both
        ("0 0 13 * 5", "2026-11-13T00:00", "2026-11-20T00:00"),
        ("0 0 13 * *", "2026-11-13T00:00", "2026-12-13T00:00"),
        ("0 0 * * 5", "2026-11-13T00:00", "2026-11-20T00:00"),
        ("0 0 1,* * 5", "2026-11-13T00:00", "2026-11-20T00:00"),
        ("0 0 */1 * 5", "2026-11-13T00:00", "2026-11-20T00:00"),
        ("0 0 1-31 * 5", "2026-11-13T00:00", "2026-11-14T00:00"),
        # the rows where Python's cron libraries differ
        ("0 0 */10 * 1", "2026-11-02T00:00", "2026-11-09T00:00"),
        ("0 0 */10 * 1", "2026-11-09T00:00", "2026-11-11T00:00"),
        ("0 0 15 * */2", "2026-11-14T00:00", "2026-11-15T00:00"),
        ("* * * * ?", "2026-11-14T00:00", "2026-11-14T00:01"),
        ("@daily", "2026-11-14T00:00", "2026-11-15T00:00"),
        ("@every 1h30m", "2026-11-14T00:00", "2026-11-14T01:30"),
        ("CRON_TZ=Asia/Tokyo 0 9 * * *", "2026-11-14T00:00", "2026-11-15T00:00"),
        ("TZ=Asia/Tokyo   @daily", "2026-11-14T00:00", "2026-11-14T15:00"),
        ("TZ= 0 0 * * *", "2026-11-14T00:00", "2026-11-15T00:00"),
        ("0 0 31 2 *", "2026-11-14T00:00", None),
        ("0 0 , * *", "2026-11-14T00:00", None),
        (", * * * *", "2026-11-14T00:00", None),
        ("* , * * *", "2026-11-14T00:00", None),
        ("0 0 29 2 *", "2096-03-01T00:00", None),  # 2100 is no leap year, and 2104 is more than 5 years away
        ("0 0 29 2 *", "2099-03-01T00:00", "2104-02-29T00:00"),
        # descriptors
        ("@yearly", "2026-11-14T00:00", "2027-01-01T00:00"),
        ("@annually", "2026-11-14T00:00", "2027-01-01T00:00"),
        ("@monthly", "2026-11-14T00:00", "2026-12-01T00:00"),
        ("@weekly", "2026-11-14T00:00", "2026-11-15T00:00"),
        ("@midnight", "2026-11-14T00:00", "2026-11-15T00:00"),
        ("@hourly", "2026-11-14T00:00", "2026-11-14T01:00"),
    ],
)
def test_the_next_firing(text: str, after: str, expected: str | None) -> None:
    found = parse(text, "UTC").next_after(at(after))
    assert found == (at(expected) if expected else None)


def test_a_microsecond_before_the_minute_is_before_it() -> None:
    noon = at("2026-05-05T12:00")
    schedule = parse("* * * * *", "UTC")
    assert schedule.next_after(noon - 1) == noon
    assert schedule.next_after(noon) == noon + 60 * SECOND
    assert schedule.next_after(noon + 1) == noon + 60 * SECOND


def test_the_prefix_wins_over_the_default_zone_and_local_means_it() -> None:
    after = at("2026-06-01T00:00")
    assert parse("TZ=UTC 0 12 * * *", "Asia/Tokyo").next_after(after) == at("2026-06-01T12:00")
    assert parse("TZ=Local 0 12 * * *", "Asia/Tokyo").next_after(after) == at("2026-06-01T03:00")
    assert parse("0 12 * * *", "Asia/Tokyo").next_after(after) == at("2026-06-01T03:00")


def test_years_no_calendar_knows_have_no_firings() -> None:
    schedule = parse("* * * * *", "Europe/Berlin")
    assert schedule.next_after(at("9999-12-31T23:59")) is None
    assert schedule.next_after(10**30) is None
    assert schedule.next_after(-(10**30)) is None


# --- clock changes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "text", "after", "expected"),
    [
        # Berlin 2026-03-29: 02:00 becomes 03:00
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00+01:00", ["2026-03-30T02:30+02:00"]),
        ("Europe/Berlin", "0 3 * * *", "2026-03-28T12:00+01:00", ["2026-03-29T03:00+02:00", "2026-03-30T03:00+02:00"]),
        ("Europe/Berlin", "0 * * * *", "2026-03-29T00:30+01:00", ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]),
        ("Europe/Berlin", "30 2 29 3 *", "2026-03-28T12:00+01:00", ["2027-03-29T02:30+02:00"]),
        # Berlin 2026-10-25: 03:00 becomes 02:00
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00+02:00", ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-26T02:30+01:00"]),
        ("Europe/Berlin", "0 * * * *", "2026-10-25T01:30+02:00", ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"]),
        ("Europe/Berlin", "0 3 * * *", "2026-10-24T12:00+02:00", ["2026-10-25T03:00+01:00", "2026-10-26T03:00+01:00"]),
        # New York 2026-03-08: 02:00 becomes 03:00; 2026-11-01: 02:00 becomes 01:00
        ("America/New_York", "30 2 8 Mar ?", "2026-03-08T00:00-05:00", ["2027-03-08T02:30-05:00"]),
        ("America/New_York", "*/30 1-3 * * *", "2026-03-08T01:00-05:00", ["2026-03-08T01:30-05:00", "2026-03-08T03:00-04:00"]),
        ("America/New_York", "30 1 1 Nov ?", "2026-11-01T00:00-04:00", ["2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00", "2027-11-01T01:30-04:00"]),
        ("America/New_York", "30 2 1 Nov ?", "2026-11-01T00:00-04:00", ["2026-11-01T02:30-05:00"]),
        # Lord Howe 2026-10-04: 02:00 becomes 02:30; 2026-04-05: 02:00 becomes 01:30
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00+10:30", ["2026-10-05T02:15+11:00"]),
        ("Australia/Lord_Howe", "45 2 * * *", "2026-10-03T12:00+10:30", ["2026-10-04T02:45+11:00"]),
        ("Australia/Lord_Howe", "0 * * * *", "2026-10-04T00:30+10:30", ["2026-10-04T01:00+10:30", "2026-10-04T03:00+11:00"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00+11:00", ["2026-04-05T01:45+11:00", "2026-04-05T01:45+10:30", "2026-04-06T01:45+10:30"]),
        ("Australia/Lord_Howe", "15 1 * * *", "2026-04-04T12:00+11:00", ["2026-04-05T01:15+11:00", "2026-04-06T01:15+10:30"]),
        # midnight skipped (Cairo 2026-04-24), midnight repeated (Havana 2026-11-01), a whole day skipped (Apia 2011)
        ("Africa/Cairo", "0 0 * * *", "2026-04-23T12:00+02:00", ["2026-04-25T00:00+03:00"]),
        ("Africa/Cairo", "0 5 24 4 *", "2026-04-23T12:00+02:00", ["2026-04-24T05:00+03:00"]),
        ("America/Havana", "0 0 * * *", "2026-10-31T12:00-04:00", ["2026-11-01T00:00-04:00", "2026-11-01T00:00-05:00", "2026-11-02T00:00-05:00"]),
        ("Pacific/Apia", "0 6 * * *", "2011-12-29T00:00-10:00", ["2011-12-29T06:00-10:00", "2011-12-31T06:00+14:00"]),
        # a clock set back across midnight (St John's 2010-11-07, 00:01 becomes 23:01 of the day before)
        ("America/St_Johns", "0-1,30 0,23 * * *", "2010-11-06T23:01-02:30", ["2010-11-06T23:30-02:30", "2010-11-07T00:00-02:30", "2010-11-06T23:01-03:30", "2010-11-06T23:30-03:30", "2010-11-07T00:00-03:30"]),
    ],
)  # fmt: skip
def test_clock_changes(zone: str, text: str, after: str, expected: list[str]) -> None:
    assert firings(parse(text, zone), at(after), len(expected), zone) == expected


# --- properties -------------------------------------------------------------------------------------------------------


def field_texts(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).filter(lambda pair: pair[0] < pair[1]).map("{0[0]}-{0[1]}".format)
    step = st.integers(2, max(high // 2, 2))
    item = st.one_of(
        number.map(str),
        span,
        st.tuples(span, step).map(lambda pair: f"{pair[0]}/{pair[1]}"),
        step.map(lambda width: f"*/{width}"),
    )
    return st.one_of(st.just("*"), item, st.lists(item, min_size=2, max_size=4).map(",".join))


CRON_TEXTS = st.tuples(
    field_texts(0, 59), field_texts(0, 23), field_texts(1, 31), field_texts(1, 12), field_texts(0, 6)
).map(" ".join)
INSTANTS = st.integers(at("2000-01-01") // SECOND, at("2090-01-01") // SECOND).map(lambda second: second * SECOND)


@BOUNDED
@given(CRON_TEXTS, INSTANTS)
def test_in_utc_it_agrees_with_an_independent_library(text: str, after: int) -> None:
    schedule = parse(text, "UTC")
    assert isinstance(schedule, Calendar)
    _, _, days, _, weekdays = text.split()
    # The oracle takes a list of all values for a star, which decides between "both days" and "either day".
    assume(days == "*" or len(values(schedule.days)) < 31)
    assume(weekdays == "*" or len(values(schedule.weekdays)) < 7)
    found = schedule.next_after(after)
    start = datetime.fromtimestamp(after // SECOND, UTC)
    if found is None:
        with pytest.raises(CroniterBadDateError):
            croniter(text, start, max_years_between_matches=5).get_next(datetime)
        return
    assert found == at(croniter(text, start).get_next(datetime).isoformat())


def matches(schedule: Calendar, second: int) -> bool:
    """Say directly whether a schedule with both day fields open fires at this second."""
    wall = datetime.fromtimestamp(second, schedule.zone)
    return bool(wall.second == 0 and schedule.minutes >> wall.minute & 1 and schedule.hours >> wall.hour & 1)


CHANGES = st.sampled_from(
    [
        ("Europe/Berlin", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-10-25T01:00"),
        ("America/New_York", "2026-03-08T07:00"),
        ("America/New_York", "2026-11-01T06:00"),
        ("Australia/Lord_Howe", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "2026-04-04T15:00"),
        ("America/Havana", "2026-11-01T05:00"),
        ("America/St_Johns", "2010-11-07T02:31"),
        ("Pacific/Apia", "2011-12-30T10:00"),
        ("Antarctica/Troll", "2026-10-25T01:00"),
    ]
)


@BOUNDED
@given(CHANGES, field_texts(0, 59), field_texts(0, 23), st.integers(-1500, 1500))
def test_around_clock_changes_it_fires_at_every_matching_minute(
    change: tuple[str, str], minutes: str, hours: str, distance: int
) -> None:
    zone, moment = change
    schedule = parse(f"{minutes} {hours} * * *", zone)
    assert isinstance(schedule, Calendar)
    start = at(moment) // SECOND + distance * 60
    expected = next(second for second in range(start + 60, start + 4 * 86400, 60) if matches(schedule, second))
    assert schedule.next_after(start * SECOND) == expected * SECOND


@BOUNDED
@given(st.one_of(st.text(max_size=40), st.text("0123456789*/-,?@ TZ=everymondayhs.", max_size=30)), INSTANTS)
def test_any_text_is_either_refused_or_gives_increasing_instants(text: str, after: int) -> None:
    try:
        schedule = parse(text, "Europe/Berlin")
    except Invalid:
        return
    found = schedule.next_after(after)
    assert found is None or found > after


def test_rare_schedules_are_found_fast() -> None:
    schedules = [parse(text, "Europe/Berlin") for text in ("0 0 29 2 *", "0 0 29 2 1", "0 0 31 2 *", "* * * * ,")]
    after = at("2026-03-01")
    started = time.process_time()
    for schedule in schedules * 100:
        schedule.next_after(after)
    assert (time.process_time() - started) / 400 < 0.001
