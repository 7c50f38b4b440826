"""The older service's filters, read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.calls.states import CALL_LIFE, CallState, SessionState
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.choices import (
    SessionChoice,
    TaskChoice,
    names_final,
    read_session_choice,
    read_task_choice,
)
from portico.doors.armonik.states import SESSION_STATUSES, TASK_STATUSES
from portico.wire.armonik.submitter_pb2 import SessionFilter, TaskFilter

IDS = TaskFilter.IdsRequest(ids=["b", "a", "b"])
Statuses = TaskFilter.StatusesRequest
CALL_STATE_SETS = st.frozensets(st.sampled_from(CallState))


def test_ids_are_kept_in_order_and_once():
    assert read_task_choice(TaskFilter(session=IDS)) == TaskChoice(sessions=("b", "a"))
    assert read_task_choice(TaskFilter(task=IDS)) == TaskChoice(tasks=("b", "a"))


@given(CALL_STATE_SETS)
def test_included_and_excluded_states_are_each_others_rest(states):
    statuses = Statuses(statuses=[TASK_STATUSES[state] for state in states])
    assert read_task_choice(TaskFilter(task=IDS, included=statuses)).states == states
    assert read_task_choice(TaskFilter(task=IDS, excluded=statuses)).states == frozenset(CallState) - states
    assert names_final(TaskFilter(task=IDS, included=statuses), CALL_LIFE.final) == bool(states & CALL_LIFE.final)


@given(st.frozensets(st.sampled_from(SessionState)))
def test_sessions_are_chosen_by_state_and_id(states):
    statuses = SessionFilter.StatusesRequest(statuses=[SESSION_STATUSES[state] for state in states])
    assert read_session_choice(SessionFilter(included=statuses)) == SessionChoice(None, states)
    chosen = read_session_choice(SessionFilter(sessions=["x"], excluded=statuses))
    assert chosen == SessionChoice(("x",), frozenset(SessionState) - states)
    assert read_session_choice(SessionFilter()) == SessionChoice()


def test_statuses_that_nothing_has_match_nothing():
    nothing = Statuses(statuses=[0, 10])
    assert read_task_choice(TaskFilter(task=IDS, included=nothing)).states == frozenset()
    assert read_task_choice(TaskFilter(task=IDS, excluded=nothing)).states == frozenset(CallState)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (TaskFilter(), "filter.ids"),
        (TaskFilter(session=TaskFilter.IdsRequest()), "filter.session.ids"),
        (TaskFilter(task=TaskFilter.IdsRequest()), "filter.task.ids"),
        (TaskFilter(task=IDS, included=Statuses(statuses=[4, 99])), "filter.included.statuses[1]"),
        (TaskFilter(task=IDS, excluded=Statuses(statuses=[-1])), "filter.excluded.statuses[0]"),
    ],
)
def test_what_is_wrong_is_named(message, field):
    with pytest.raises(Invalid) as caught:
        read_task_choice(message, "filter")
    assert caught.value.field == field
