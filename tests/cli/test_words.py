from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.cli import words
from portico.domain.jobs import INSTANCE_LIFE, InstanceState
from portico.domain.runs import RUN_LIFE, RunState

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_the_ended_states_are_those_of_the_domain() -> None:
    assert {state.value for state in INSTANCE_LIFE.final} == words.ENDED
    assert {state.value for state in RUN_LIFE.final} == words.RUN_ENDED


@pytest.mark.parametrize("state", [*InstanceState, *RunState])
def test_every_state_has_a_colour(state: str) -> None:
    assert words.colour(state)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 ms"),
        (0.0042, "4 ms"),
        (1.0, "1.0 s"),
        (9.94, "9.9 s"),
        (12, "12 s"),
        (59.4, "59 s"),
        (59.6, "1 m"),
        (200, "3 m 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 m"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("before", "text"),
    [(12, "12 s ago"), (119, "1 m ago"), (7300, "2 h ago"), (-3, "in 3 s"), (-90, "in 1 m"), (0, "0 s ago")],
)
def test_ages_are_told_in_one_unit(before: int, text: str) -> None:
    assert words.ago((NOW - timedelta(seconds=before)).isoformat(), NOW) == text


def test_what_is_older_than_a_day_is_a_local_date() -> None:
    text = words.ago((NOW - timedelta(days=3)).isoformat(), NOW)
    assert text == (NOW - timedelta(days=3)).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def test_no_time_is_no_text() -> None:
    assert words.ago(None, NOW) == words.local(None) == ""


def test_elapsed_counts_from_the_start_to_the_end_or_to_now() -> None:
    begun = (NOW - timedelta(seconds=30)).isoformat()
    ended = (NOW - timedelta(seconds=28)).isoformat()
    assert words.elapsed({"started_at": None, "ended_at": ended}, NOW) == ""
    assert words.elapsed({"started_at": begun, "ended_at": None}, NOW) == "30 s"
    assert words.elapsed({"started_at": begun, "ended_at": ended}, NOW) == "2.0 s"
    for state in ("waiting", "pending"):  # tried before, and waiting to be tried again
        assert words.elapsed({"state": state, "started_at": begun, "ended_at": None}, NOW) == ""


@given(st.text())
def test_nothing_printable_moves_the_cursor(text: str) -> None:
    assert words.printable(text).isprintable()


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S"))))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert words.printable(text) == text


def test_arguments_are_written_as_one_would_type_them() -> None:
    assert words.arguments(["a b", "\x1b[2J", "c"]) == r"'a b' '\x1b[2J' c"


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (85_123_456_789, "85.1 GB")])
def test_sizes_are_short(count: int, text: str) -> None:
    assert words.size(count) == text


def test_amounts_and_counts_leave_out_nothings() -> None:
    assert words.amounts({"mem": 128.0, "cpus": 0.5, "gpus": 0.0}) == "cpus 0.5, mem 128"
    assert words.counts({"running": 2, "waiting": 0}) == "2 running"
    assert words.counts({}) == "none"
