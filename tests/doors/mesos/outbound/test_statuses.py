"""TaskStatus messages."""

import json

import pytest

from portico.domain.identity import Instant
from portico.domain.runs import CheckKind, CheckResult
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.extension.records import Executor, Task
from portico.doors.mesos.outbound import statuses
from portico.doors.mesos.outbound.status_printer import StatusPrinter
from portico.doors.mesos.outbound.statuses import Where
from portico.doors.mesos.states import Told
from portico.wire.mesos import mesos_pb2 as pb

AT = Instant(1_700_000_000_250_000)
UUID = bytes(range(16))


def task(**more):
    return Task(
        **{"id": "run", "framework": "f", "task": "t", "name": "n", "node": "x", "info": b"", "created_at": Instant(1)}
        | more
    )


def read(data):
    return pb.TaskStatus.FromString(data)


def test_a_status_says_all_that_is_known():
    told = Told("TASK_FAILED", "SOURCE_AGENT", "REASON_CONTAINER_LIMITATION_MEMORY", "m", healthy=False)
    place = Where("a-S1", "e", "run", "exec", "10.0.0.1")
    said = read(statuses.status(told, "t", place, AT, UUID))
    assert said == pb.TaskStatus(
        task_id=pb.TaskID(value="t"),
        state=pb.TASK_FAILED,
        source=pb.TaskStatus.SOURCE_AGENT,
        reason=pb.TaskStatus.REASON_CONTAINER_LIMITATION_MEMORY,
        message="m",
        healthy=False,
        uuid=UUID,
        timestamp=1_700_000_000.25,
        agent_id=pb.AgentID(value="a-S1"),
        executor_id=pb.ExecutorID(value="e"),
        container_status=pb.ContainerStatus(
            container_id=pb.ContainerID(value="run", parent=pb.ContainerID(value="exec")),
            network_infos=[pb.NetworkInfo(ip_addresses=[pb.NetworkInfo.IPAddress(ip_address="10.0.0.1")])],
        ),
    )


def test_what_is_not_known_is_not_said():
    said = read(statuses.status(Told("TASK_ERROR", "SOURCE_MASTER"), "t", Where(), AT))
    present = {field.name for field, _ in said.ListFields()}
    assert present == {"task_id", "state", "source", "timestamp"}


def test_unreachable_time_is_in_nanoseconds():
    said = read(statuses.status(Told("TASK_UNREACHABLE", "SOURCE_MASTER"), "t", Where(), AT, unreachable_at=Instant(5)))
    assert said.unreachable_time.nanoseconds == 5000


def executor(**more):
    return Executor(
        **{"id": "exec", "framework": "f", "executor": "e", "node": "x", "info": b"", "created_at": Instant(1)} | more
    )


@pytest.mark.parametrize(
    ("one", "around", "expected"),
    [
        (task(command=True), None, Where("a", "t", "run", address="ip")),
        (task(), executor(default=True), Where("a", "e", "run", "exec", "ip")),
        (task(), executor(), Where("a", "e", "exec", address="ip")),
        (task(), None, Where("a", "", "run", address="ip")),
    ],
)
def test_where_a_task_is(one, around, expected):
    assert statuses.where(one, "a", around, "ip") == expected


def test_an_executors_words_are_passed_on_with_what_the_agent_knows():
    own = pb.NetworkInfo(ip_addresses=[pb.NetworkInfo.IPAddress(ip_address="172.16.0.9")])
    said = pb.TaskStatus(
        task_id=pb.TaskID(value="t"),
        state=pb.TASK_RUNNING,
        data=b"d",
        uuid=UUID,
        timestamp=5.0,
        labels=pb.Labels(labels=[pb.Label(key="k", value="v")]),
        container_status=pb.ContainerStatus(network_infos=[own]),
    )
    before = said.SerializeToString()
    passed = read(statuses.relayed(said, Where("a", "e", "exec", address="10.0.0.1"), AT))
    assert said.SerializeToString() == before
    assert (passed.data, passed.uuid, passed.timestamp, passed.labels) == (b"d", UUID, 5.0, said.labels)
    assert (passed.agent_id.value, passed.executor_id.value) == ("a", "e")
    assert passed.source == pb.TaskStatus.SOURCE_EXECUTOR
    assert passed.container_status.container_id.value == "exec"
    assert list(passed.container_status.network_infos) == [own]


def test_an_executor_that_says_no_time_and_no_network_gets_ours():
    said = pb.TaskStatus(task_id=pb.TaskID(value="t"), state=pb.TASK_RUNNING, uuid=UUID)
    passed = read(statuses.relayed(said, Where("a", "e", "exec", address="10.0.0.1"), AT))
    assert passed.timestamp == 1_700_000_000.25
    assert passed.container_status.network_infos[0].ip_addresses[0].ip_address == "10.0.0.1"


def test_history_keeps_no_data():
    told = Told("TASK_RUNNING", "SOURCE_EXECUTOR")
    plain = statuses.status(told, "t", Where(), AT, UUID)
    full = read(plain)
    full.data = b"much"
    assert statuses.without_data(full.SerializeToString()) == plain
    assert statuses.without_data(plain) is plain


def test_a_removed_framework_leaves_killed_tasks():
    said = read(statuses.removed(task(), "a", AT))
    assert (said.state, said.reason) == (pb.TASK_KILLED, pb.TaskStatus.REASON_FRAMEWORK_REMOVED)
    assert not said.HasField("uuid")


C, S = pb.CheckInfo, pb.CheckStatusInfo


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (CheckResult(CheckKind.COMMAND), S(type=C.COMMAND, command=S.Command())),
        (CheckResult(CheckKind.COMMAND, 0), S(type=C.COMMAND, command=S.Command(exit_code=0))),
        (CheckResult(CheckKind.HTTP), S(type=C.HTTP, http=S.Http())),
        (CheckResult(CheckKind.HTTP, 404), S(type=C.HTTP, http=S.Http(status_code=404))),
    ],
)
def test_what_a_check_saw(seen, said):
    written = statuses.status(Told("TASK_RUNNING", "SOURCE_EXECUTOR", checked=seen), "t", Where(), AT, UUID)
    assert read(written).check_status == said
    assert read(written).HasField("check_status")
    kept = task(state="TASK_RUNNING", statuses=(written,))
    assert read(statuses.reconciled(kept, Where("a"), frozenset(), AT)).check_status == said
    assert json.loads(StatusPrinter().print(written))["check_status"] == json.loads(jsonpb.encode(said))


@pytest.mark.parametrize(
    ("capabilities", "state"), [(frozenset(), pb.TASK_LOST), (frozenset({"PARTITION_AWARE"}), pb.TASK_UNREACHABLE)]
)
def test_the_newest_state_is_told_to_who_asks(capabilities, state):
    kept = statuses.status(Told("TASK_RUNNING", "SOURCE_EXECUTOR", healthy=True), "t", Where(), AT, UUID)
    away = task(state="TASK_UNREACHABLE", statuses=(kept,), unreachable_at=Instant(7))
    said = read(statuses.reconciled(away, Where("a"), capabilities, AT))
    assert (said.state, said.reason) == (state, pb.TaskStatus.REASON_RECONCILIATION)
    assert said.source == pb.TaskStatus.SOURCE_MASTER
    assert (said.healthy, said.unreachable_time.nanoseconds) == (True, 7000)
    assert not said.HasField("uuid")


def test_a_task_without_a_history_is_told_as_staging():
    said = read(statuses.reconciled(task(), Where("a"), frozenset(), AT))
    assert said.state == pb.TASK_STAGING
    assert not said.HasField("healthy")
