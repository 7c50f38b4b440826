"""The tables from Runs to stages and reason codes."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.identity import Instant, Micros
from portico.domain.runs import EndCause, Fault, Outcome, Run, RunSpec, RunState, StopOrder, StopReason
from portico.doors.titus import states
from portico.doors.titus.extension import stages
from portico.doors.titus.extension.context import NETWORK_MODES, duration_text
from portico.doors.titus.extension.records import KEPT_STATUSES, TaskStage, TitusTask
from portico.doors.titus.states import Reason
from portico.wire.titus import jobs_pb2

RUN = Run(id="r", door="titus", pool="/", spec=RunSpec(), amounts={}, created_at=Instant(0))
STOP = StopOrder(StopReason.KILLED, Instant(5), Micros(0), "why")


def changed(**facts):
    return msgspec.structs.replace(RUN, **facts)


def new_task():
    status, history = stages.accepted(1)
    return TitusTask(
        id="r", job="j", instance="i", original="r", status=status, history=history, version=1, accepted_at=1
    )


def test_the_tables_are_total():
    assert set(states.STAGES) == set(RunState)
    assert set(states.STOPPED_AS) == set(StopReason)
    assert set(states.ENDED_AS) == set(EndCause)
    assert set(states.FAULTS) == set(Fault)
    assert {stage.value for stage in TaskStage} <= set(jobs_pb2.TaskStatus.TaskState.keys())
    assert tuple(jobs_pb2.NetworkConfiguration.NetworkMode.keys()) == NETWORK_MODES


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ({}, TaskStage.ACCEPTED),
        ({"state": RunState.LAUNCHING}, TaskStage.LAUNCHED),
        ({"state": RunState.LAUNCHING, "preparing_at": 3}, TaskStage.START_INITIATED),
        ({"state": RunState.RUNNING, "preparing_at": 3, "started_at": 4}, TaskStage.STARTED),
        ({"state": RunState.UNREACHABLE, "started_at": 4}, TaskStage.STARTED),
        ({"state": RunState.UNREACHABLE}, TaskStage.LAUNCHED),
        ({"state": RunState.RUNNING, "started_at": 4, "stop": STOP}, TaskStage.KILL_INITIATED),
        ({"state": RunState.KILLED, "stop": STOP}, TaskStage.FINISHED),
    ],
)
def test_a_run_is_in_a_stage(facts, stage):
    assert states.stage_of(changed(**facts)) is stage


@pytest.mark.parametrize(
    ("state", "cause", "stopped_as", "code"),
    [
        (RunState.SUCCEEDED, EndCause.EXITED, "", Reason.NORMAL),
        (RunState.FAILED, EndCause.EXITED, "", Reason.FAILED),
        (RunState.FAILED, EndCause.OUT_OF_MEMORY, "", Reason.FAILED),
        (RunState.LOST, EndCause.LOST, "", Reason.LOST),
        (RunState.SUCCEEDED, EndCause.EXITED, Reason.KILLED, Reason.KILLED),
        (RunState.KILLED, EndCause.EXITED, Reason.EVICTED, Reason.KILLED),
        (RunState.KILLED, EndCause.EXITED, Reason.SCALED_DOWN, Reason.KILLED),
        (RunState.KILLED, EndCause.EXITED, Reason.RUNTIME_LIMIT, Reason.KILLED),
        (RunState.KILLED, EndCause.EXITED, Reason.STUCK_IN_STATE, Reason.TRANSIENT_SYSTEM_ERROR),
        (RunState.LOST, EndCause.LOST, Reason.KILLED, Reason.KILLED),
    ],
)
def test_an_end_has_a_code(state, cause, stopped_as, code):
    assert states.final_code(changed(state=state, outcome=Outcome(cause)), stopped_as) is code


@pytest.mark.parametrize(
    ("fault", "stopped_as", "code", "system"),
    [
        (None, "", Reason.FAILED, False),
        (Fault.REQUEST, "", Reason.INVALID_REQUEST, False),
        (Fault.NODE, "", Reason.LOCAL_SYSTEM_ERROR, True),
        (Fault.NODE, Reason.KILLED, Reason.KILLED, False),
    ],
)
def test_a_start_that_failed_is_told_by_whose_fault_it_was(fault, stopped_as, code, system):
    run = changed(state=RunState.FAILED, outcome=Outcome(EndCause.LAUNCH_FAILED, fault=fault))
    assert states.final_code(run, stopped_as) is code
    assert states.is_system_error(code, stopped_as) is system


RUNS = st.builds(
    changed,
    state=st.sampled_from(RunState),
    placed_at=st.integers(0, 9_000),
    preparing_at=st.integers(0, 9_000),
    started_at=st.integers(0, 9_000),
    ended_at=st.integers(0, 9_000),
    stop=st.none() | st.builds(StopOrder, st.sampled_from(StopReason), st.just(1), st.just(0)),
    outcome=st.builds(Outcome, st.sampled_from(EndCause)),
)


@settings(deadline=None)
@given(st.lists(RUNS, max_size=8))
def test_whatever_comes_in_whatever_order_stages_never_go_back(runs):
    order = list(TaskStage)
    task = new_task()
    for run in runs:
        later = stages.followed(task, run, 5)
        assert order.index(later.status.state) >= order.index(task.status.state)
        assert later.history[: len(task.history)] == task.history
        assert later.status.at >= task.status.at
        assert stages.followed(later, run, 5) is later or later.status.state == TaskStage.START_INITIATED
        if task.finished:
            assert later is task
        task = later
    instants = [status.at for status in (*task.history, task.status)]
    assert instants == sorted(instants)


def test_progress_does_not_grow_a_history_without_bound():
    task = new_task()
    for number in range(3 * KEPT_STATUSES):
        task = stages.advanced(task, TaskStage.START_INITIATED, "normal", f"step {number}", number)
    assert len(task.history) == KEPT_STATUSES
    assert task.history[0].code == "normal"
    assert task.status.message == f"step {3 * KEPT_STATUSES - 1}"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0ms"), (20, "20ms"), (1_000, "1s"), (61_500, "1min 1s 500ms"), (90_061_000, "1d 1h 1min 1s")],
)
def test_durations_are_written_as_the_api_does(milliseconds, text):
    assert duration_text(milliseconds) == text
