"""The tables between states and the words of the API."""

import pytest

from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.doors.armonik import states
from portico.wire.armonik.result_status_pb2 import ResultStatus
from portico.wire.armonik.session_status_pb2 import SessionStatus
from portico.wire.armonik.task_status_pb2 import TaskStatus


@pytest.mark.parametrize(
    ("there", "back", "members", "wire", "prefix", "wordless"),
    [
        (states.TASK_STATUSES, states.CALL_STATES, CallState, TaskStatus, "TASK_STATUS_", {"UNSPECIFIED", "PROCESSED"}),
        (
            states.RESULT_STATUSES,
            states.RESULT_STATES,
            ResultState,
            ResultStatus,
            "RESULT_STATUS_",
            {"UNSPECIFIED", "NOTFOUND"},
        ),
        (
            states.SESSION_STATUSES,
            states.SESSION_STATES,
            SessionState,
            SessionStatus,
            "SESSION_STATUS_",
            {"UNSPECIFIED"},
        ),
    ],
)
def test_every_state_has_the_word_of_its_name(there, back, members, wire, prefix, wordless):
    assert {state: wire.Name(status) for state, status in there.items()} == {
        state: prefix + state.name for state in members
    }
    assert {status: state for state, status in there.items()} == back
    assert {name.removeprefix(prefix) for name, value in wire.items() if value not in back} == wordless
    assert states.NO_STATE not in set(members)
