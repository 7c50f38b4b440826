"""What Runs mean for tasks: every combination has an answer, and the answers are those of the API."""

from itertools import product

import msgspec
import pytest

from portico.domain.identity import Instant, Micros
from portico.domain.runs import EndCause, Outcome, Run, RunSpec, RunState, StopOrder, StopReason
from portico.doors.mesos import states
from portico.doors.mesos.states import ExecutorEnd, TaskKind, Told, View
from portico.wire.mesos import mesos_pb2 as pb

NOTHING = frozenset()
AWARE = frozenset({"PARTITION_AWARE"})
KILLING = frozenset({"TASK_KILLING_STATE"})
ENDS = [RunState.SUCCEEDED, RunState.FAILED, RunState.KILLED, RunState.LOST]


def run(state, cause=None, stop=None, *, started=True, healthy=None, **outcome):
    return Run(
        id="r",
        door="mesos",
        pool="/mesos/x",
        spec=RunSpec(),
        amounts={},
        created_at=Instant(1),
        state=state,
        healthy=healthy,
        started_at=Instant(2 if started else 0),
        outcome=Outcome(cause, **outcome) if cause is not None else None,
        stop=StopOrder(stop, Instant(3), Micros(0)) if stop is not None else None,
    )


def every_run(states=RunState):
    for state in states:
        if state not in ENDS:
            for stop in (None, *StopReason):
                yield run(state, stop=stop)
            continue
        for cause, stop, started in product(EndCause, (None, *StopReason), (True, False)):
            yield run(state, cause, stop, started=started, message="m")
            yield run(state, cause, stop, started=started, exit_code=0)
            yield run(state, cause, stop, started=started, signal=9)


def every_view():
    executors = (None, ExecutorEnd("REASON_AGENT_RESTARTED", "e"))
    return [View(*parts) for parts in product(TaskKind, (NOTHING, AWARE, KILLING), (False, True), executors)]


VIEWS = every_view()
TASK_STATES = frozenset(pb.TaskState.keys())
SOURCES = frozenset(pb.TaskStatus.Source.keys())
REASONS = frozenset(pb.TaskStatus.Reason.keys())


@pytest.mark.parametrize("state", RunState)
def test_every_combination_has_an_answer_that_the_wire_knows(state):
    for one, view in product(every_run([state]), VIEWS):
        told = states.told(one, view)
        assert told.state in TASK_STATES
        assert told.source in SOURCES
        assert not told.reason or told.reason in REASONS
        if one.ended:
            assert told.state in states.TERMINAL
        if "PARTITION_AWARE" not in view.capabilities:
            assert told.state not in states.PARTITIONED
        if "TASK_KILLING_STATE" not in view.capabilities:
            assert told.state != "TASK_KILLING"


def test_the_tables_name_every_cause_and_reason():
    assert set(states._CAUSE_OF_FAILURE) == set(states._BY_EXECUTOR_CAUSE) == set(EndCause)
    assert set(states._STOP) == set(StopReason)
    told = {*states._BY_EXECUTOR_CAUSE.values(), *states._BY_EXECUTOR_STOP.values()}
    assert told <= set(states.STATE_OF_EXECUTOR_REASON) <= REASONS
    assert set(states.STATE_OF_EXECUTOR_REASON.values()) <= states.TERMINAL


def test_terminal_states_are_those_after_which_nothing_follows():
    going_on = {
        "TASK_STAGING",
        "TASK_STARTING",
        "TASK_RUNNING",
        "TASK_KILLING",
        "TASK_UNREACHABLE",
        "TASK_UNKNOWN",
        "TASK_GONE_BY_OPERATOR",
    }
    assert states.TERMINAL | going_on == TASK_STATES


COMMAND = View(TaskKind.COMMAND)
HOSTED = View(TaskKind.HOSTED)
GROUPED = View(TaskKind.GROUPED)
K = RunState.KILLED
F = RunState.FAILED


@pytest.mark.parametrize(
    ("one", "view", "expected"),
    [
        (run(RunState.LAUNCHING), COMMAND, Told("TASK_STAGING", "SOURCE_MASTER")),
        (run(RunState.RUNNING), COMMAND, Told("TASK_RUNNING", "SOURCE_EXECUTOR")),
        (run(RunState.RUNNING, healthy=False), COMMAND, Told("TASK_RUNNING", "SOURCE_EXECUTOR", healthy=False)),
        (run(RunState.RUNNING, stop=StopReason.CANCELLED), COMMAND, Told("TASK_RUNNING", "SOURCE_EXECUTOR")),
        (
            run(RunState.RUNNING, stop=StopReason.CANCELLED),
            View(TaskKind.COMMAND, KILLING),
            Told("TASK_KILLING", "SOURCE_EXECUTOR"),
        ),
        (
            run(RunState.SUCCEEDED, EndCause.EXITED, exit_code=0),
            COMMAND,
            Told("TASK_FINISHED", "SOURCE_EXECUTOR", "", "Command exited with status 0"),
        ),
        (
            run(F, EndCause.EXITED, exit_code=3),
            COMMAND,
            Told("TASK_FAILED", "SOURCE_EXECUTOR", "", "Command exited with status 3"),
        ),
        (
            run(F, EndCause.SIGNALLED, signal=9),
            COMMAND,
            Told("TASK_FAILED", "SOURCE_EXECUTOR", "", "Command terminated with signal Killed"),
        ),
        (
            run(F, EndCause.OUT_OF_MEMORY, signal=9, message="64 MB"),
            COMMAND,
            Told("TASK_FAILED", "SOURCE_AGENT", "REASON_CONTAINER_LIMITATION_MEMORY", "Memory limit exceeded: 64 MB"),
        ),
        (
            run(F, EndCause.OUT_OF_DISK, message="1 MB"),
            COMMAND,
            Told("TASK_FAILED", "SOURCE_AGENT", "REASON_CONTAINER_LIMITATION_DISK", "Disk usage exceeds quota: 1 MB"),
        ),
        (
            run(F, EndCause.SWITCHBOARD, message="killed"),
            COMMAND,
            Told("TASK_FAILED", "SOURCE_AGENT", "REASON_IO_SWITCHBOARD_EXITED", "'IOSwitchboard' exited: killed"),
        ),
        (
            run(F, EndCause.FETCH_FAILED, message="no x", started=False),
            COMMAND,
            Told(
                "TASK_FAILED",
                "SOURCE_AGENT",
                "REASON_CONTAINER_LAUNCH_FAILED",
                "Failed to launch container: Failed to fetch all URIs for container: no x",
            ),
        ),
        (
            run(F, EndCause.LAUNCH_FAILED, message="no x", started=False),
            COMMAND,
            Told("TASK_FAILED", "SOURCE_AGENT", "REASON_CONTAINER_LAUNCH_FAILED", "Failed to launch container: no x"),
        ),
        (
            run(F, EndCause.UNHEALTHY, signal=15, healthy=False),
            COMMAND,
            Told("TASK_KILLED", "SOURCE_EXECUTOR", "", "Command terminated with signal Terminated", healthy=False),
        ),
        (
            run(K, EndCause.STOPPED, StopReason.CANCELLED, signal=15),
            COMMAND,
            Told("TASK_KILLED", "SOURCE_EXECUTOR", "", "Command terminated with signal Terminated"),
        ),
        (
            run(K, EndCause.STOPPED, StopReason.CANCELLED, exit_code=0),
            COMMAND,
            Told("TASK_FINISHED", "SOURCE_EXECUTOR", "", "Command exited with status 0"),
        ),
        (
            run(K, EndCause.STOPPED, StopReason.CANCELLED, exit_code=7),
            GROUPED,
            Told("TASK_KILLED", "SOURCE_EXECUTOR", "", "Command exited with status 7"),
        ),
        (
            run(K, EndCause.STOPPED, StopReason.GANG_BROKEN, signal=9),
            GROUPED,
            Told("TASK_KILLED", "SOURCE_EXECUTOR", "", "Command terminated with signal Killed"),
        ),
        (
            run(K, EndCause.STOPPED, StopReason.CANCELLED, started=False),
            HOSTED,
            Told(
                "TASK_KILLED",
                "SOURCE_AGENT",
                "REASON_EXECUTOR_UNREGISTERED",
                "Task was killed before it was delivered to its executor",
            ),
        ),
        (
            run(K, EndCause.STOPPED, StopReason.OWNER_ENDED, message="Framework removed"),
            COMMAND,
            Told("TASK_KILLED", "SOURCE_MASTER", "REASON_FRAMEWORK_REMOVED", "Framework removed"),
        ),
        (
            run(K, EndCause.STOPPED, StopReason.PARENT_ENDED),
            GROUPED,
            Told("TASK_FAILED", "SOURCE_AGENT", "REASON_EXECUTOR_TERMINATED", "Executor terminated"),
        ),
        (
            run(K, EndCause.STOPPED, StopReason.PREEMPTED, message="m"),
            View(TaskKind.COMMAND, AWARE),
            Told("TASK_GONE", "SOURCE_AGENT", "REASON_CONTAINER_PREEMPTED", "m"),
        ),
        (
            msgspec.structs.replace(
                run(K, EndCause.SIGNALLED, signal=9),
                stop=StopOrder(StopReason.PREEMPTED, Instant(3), Micros(0), "its cpus are needed"),
            ),
            COMMAND,
            Told("TASK_LOST", "SOURCE_AGENT", "REASON_CONTAINER_PREEMPTED", "its cpus are needed"),
        ),
        (
            run(RunState.LOST, EndCause.LOST, message="its host ended"),
            View(TaskKind.HOSTED, executor=ExecutorEnd("REASON_CONTAINER_LIMITATION_MEMORY", "too much")),
            Told("TASK_FAILED", "SOURCE_AGENT", "REASON_CONTAINER_LIMITATION_MEMORY", "too much"),
        ),
        (
            run(RunState.LOST, EndCause.LOST),
            HOSTED,
            Told("TASK_FAILED", "SOURCE_AGENT", "REASON_EXECUTOR_TERMINATED", "Executor terminated"),
        ),
        (
            run(RunState.LOST, EndCause.LOST, message="refused", started=False),
            COMMAND,
            Told("TASK_LOST", "SOURCE_AGENT", "REASON_AGENT_RESTARTED", "refused"),
        ),
        (
            run(RunState.LOST, EndCause.LOST, message="refused", started=False),
            View(TaskKind.COMMAND, AWARE),
            Told("TASK_DROPPED", "SOURCE_AGENT", "REASON_AGENT_RESTARTED", "refused"),
        ),
        (
            run(RunState.LOST, EndCause.LOST, message="no trace"),
            View(TaskKind.COMMAND, AWARE),
            Told("TASK_GONE", "SOURCE_AGENT", "REASON_EXECUTOR_REREGISTRATION_TIMEOUT", "no trace"),
        ),
        (
            run(RunState.LOST, EndCause.LOST, message="away"),
            View(TaskKind.COMMAND, agent_away=True),
            Told("TASK_LOST", "SOURCE_MASTER", "REASON_AGENT_REMOVED", "away"),
        ),
        (
            run(RunState.UNREACHABLE),
            COMMAND,
            Told("TASK_LOST", "SOURCE_MASTER", "REASON_AGENT_REMOVED", "Agent is unreachable"),
        ),
        (
            run(RunState.UNREACHABLE),
            View(TaskKind.HOSTED, AWARE),
            Told("TASK_UNREACHABLE", "SOURCE_MASTER", "REASON_AGENT_REMOVED", "Agent is unreachable"),
        ),
    ],
)
def test_states_reasons_sources_and_messages(one, view, expected):
    assert states.told(one, view) == expected


def test_a_grouped_task_that_failed_itself_is_not_blamed_on_its_executor():
    view = View(TaskKind.GROUPED, executor=ExecutorEnd("REASON_EXECUTOR_TERMINATED", "Executor terminated"))
    told = states.told(run(F, EndCause.EXITED, exit_code=2), view)
    assert (told.state, told.reason, told.message) == ("TASK_FAILED", "", "Command exited with status 2")


@pytest.mark.parametrize(
    ("one", "registered", "expected"),
    [
        (run(F, EndCause.EXITED, exit_code=1), True, ("REASON_EXECUTOR_TERMINATED", "Executor terminated")),
        (
            run(RunState.SUCCEEDED, EndCause.EXITED, exit_code=0),
            True,
            ("REASON_EXECUTOR_TERMINATED", "Executor terminated"),
        ),
        (
            run(F, EndCause.LAUNCH_FAILED, message="no x", started=False),
            False,
            ("REASON_CONTAINER_LAUNCH_FAILED", "Failed to launch container: no x"),
        ),
        (
            run(K, EndCause.STOPPED, StopReason.HUNG),
            False,
            ("REASON_EXECUTOR_REGISTRATION_TIMEOUT", "Executor did not register within its timeout"),
        ),
        (run(K, EndCause.STOPPED, StopReason.CANCELLED), True, ("REASON_EXECUTOR_TERMINATED", "Executor terminated")),
        (
            run(K, EndCause.STOPPED, StopReason.PREEMPTED, signal=9),
            True,
            ("REASON_CONTAINER_PREEMPTED", "Command terminated with signal Killed"),
        ),
        (run(RunState.LOST, EndCause.LOST, started=False, message="x"), False, ("REASON_AGENT_RESTARTED", "x")),
        (
            run(RunState.LOST, EndCause.LOST, message="x"),
            True,
            ("REASON_EXECUTOR_REREGISTRATION_TIMEOUT", "x"),
        ),
    ],
)
def test_why_an_executor_ended(one, registered, expected):
    assert msgspec.structs.astuple(states.executor_end(one, registered=registered)) == expected


def test_every_end_of_an_executor_has_a_reason_with_a_state():
    for one in every_run():
        if one.ended:
            for registered in (True, False):
                assert states.executor_end(one, registered=registered).reason in states.STATE_OF_EXECUTOR_REASON


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(EndCause.EXITED, exit_code=3), 3 << 8),
        (Outcome(EndCause.SIGNALLED, signal=9), 9),
        (Outcome(EndCause.LOST), -1),
    ],
)
def test_wait_statuses(outcome, expected):
    assert states.wait_status(outcome) == expected


def test_what_the_master_says_itself():
    assert states.refused("REASON_INVALID_OFFERS", "m", NOTHING).state == "TASK_LOST"
    assert states.refused("REASON_INVALID_OFFERS", "m", AWARE).state == "TASK_DROPPED"
    assert states.unknown(AWARE).state == "TASK_UNKNOWN"
    assert states.unknown(AWARE, unreachable=True).state == "TASK_UNREACHABLE"
    assert states.unknown(NOTHING, unreachable=True).state == "TASK_LOST"
    assert states.wrong("REASON_TASK_INVALID", "m") == Told("TASK_ERROR", "SOURCE_MASTER", "REASON_TASK_INVALID", "m")
