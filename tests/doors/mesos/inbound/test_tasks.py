"""Tasks alone, with executors, and in groups."""

import msgspec
import pytest
from doors.mesos.inbound.building import AROUND, COMMAND, CUSTOM, DEFAULT, group, info, task

from portico.domain.containers import Container, Mount
from portico.domain.reservations import Reservation
from portico.domain.runs import Form, Limits
from portico.domain.slices import Label, Slice
from portico.doors.mesos.extension.plans import Held
from portico.doors.mesos.inbound.tasks import read_group, read_task
from portico.wire.mesos import mesos_pb2 as pb

MEGABYTE = 1 << 20
VOLUME = """resources { name: "disk" type: SCALAR scalar { value: 2 } role: "r" disk {
persistence { id: "v" } volume { mode: RW container_path: "data" } %s } }"""


def test_a_command_task_is_a_process():
    plan = task(COMMAND, 'command { environment { variables { name: "MESOS_SLAVE_ID" value: "mine" } } }')
    assert (plan.task, plan.name, plan.agent, plan.problem, plan.executor) == ("t", "n", "A", "", None)
    assert plan.held == Held((Slice("cpus", 1000), Slice("disk", 10000), Slice("mem", 64000)))
    assert (plan.spec.form, plan.spec.user, plan.spec.hosts) == (Form.PROCESS, "ann", False)
    assert plan.spec.limits == Limits(cpus=1000, memory=64 * MEGABYTE)
    assert (plan.grace, plan.revocable) == (3_000_000, False)
    assert plan.spec.environment == {
        "MESOS_FRAMEWORK_ID": "F",
        "MESOS_EXECUTOR_ID": "t",
        "MESOS_SLAVE_ID": "mine",
        "MESOS_SLAVE_PID": "slave(1)@10.0.0.1:5051",
        "MESOS_AGENT_ENDPOINT": "10.0.0.1:5051",
        "MESOS_CHECKPOINT": "0",
        "MESOS_HTTP_COMMAND_EXECUTOR": "0",
        "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
        "LIBPROCESS_PORT": "0",
    }


def test_what_is_kept_has_the_role_of_the_offer():
    kept = pb.TaskInfo.FromString(task(COMMAND).info)
    assert {one.allocation_info.role for one in kept.resources} == {"r"}
    kept = pb.TaskInfo.FromString(task(CUSTOM).info)
    assert {one.allocation_info.role for one in kept.executor.resources} == {"r"}


def test_the_message_that_was_read_stays_as_it_was():
    message = info(CUSTOM)
    before = message.SerializeToString()
    read_task(message, AROUND)
    assert message.SerializeToString() == before


def test_a_task_with_a_custom_executor():
    plan = task(CUSTOM, "executor { shutdown_grace_period { nanoseconds: 9000000000 } }")
    assert plan.problem == ""
    assert plan.spec.form is Form.HOSTED
    assert plan.spec.payload == plan.info
    executor = plan.executor
    assert (executor.executor, executor.default, executor.grace) == ("e", False, 9_000_000)
    assert (executor.spec.form, executor.spec.hosts, executor.spec.argv) == (
        Form.PROCESS,
        True,
        ("/bin/sh", "-c", "run"),
    )
    assert executor.spec.environment["MESOS_EXECUTOR_ID"] == "e"
    assert executor.spec.environment["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] == "9secs"
    assert executor.held == Held((Slice("cpus", 1000), Slice("disk", 10000), Slice("mem", 64000)))
    kept = pb.ExecutorInfo.FromString(executor.info)
    assert (kept.framework_id.value, kept.type) == ("F", pb.ExecutorInfo.CUSTOM)
    assert pb.TaskInfo.FromString(plan.info).executor == kept


def test_an_executor_that_checkpoints_is_told_how_long_to_try():
    around = msgspec.structs.replace(AROUND, checkpoint=True)
    said = task(CUSTOM, around=around).executor.spec.environment
    assert (said["MESOS_CHECKPOINT"], said["MESOS_RECOVERY_TIMEOUT"]) == ("1", "15mins")
    assert said["MESOS_SUBSCRIPTION_BACKOFF_MAX"] == "2secs"


def test_in_an_image_the_place_of_the_sandbox_is_known():
    text = 'executor { container { type: DOCKER docker { image: "i" } } }'
    assert task(CUSTOM, text).executor.spec.environment["MESOS_SANDBOX"] == "/mnt/mesos/sandbox"
    assert "MESOS_SANDBOX" not in task(CUSTOM).executor.spec.environment


def test_disk_is_limited_where_that_is_wanted_and_volumes_never():
    around = msgspec.structs.replace(AROUND, limit_disk=True)
    assert task(COMMAND, VOLUME % "", around=around).spec.limits.disk == 10 * MEGABYTE
    assert task(COMMAND, VOLUME % "").spec.limits.disk == 0


def test_a_persistent_volume_is_mounted_where_the_task_says():
    plan = task(COMMAND, VOLUME % "")
    assert plan.spec.container == Container(
        "portico/host",
        mounts=(Mount("/mnt/mesos/sandbox/data", "/data/volumes/roles/r/v", create=True),),
        sandbox_target="/mnt/mesos/sandbox",
    )
    assert Slice("disk", 2000, Label(Reservation("r").text, "n1/r/v")) in plan.held.slices
    elsewhere = task(COMMAND, VOLUME % 'source { type: PATH path { root: "/d" } }')
    assert elsewhere.spec.container.mounts[0].source == "/d/roles/r/v"


def test_revocable_resources_make_a_revocable_task():
    one = 'resources { name: "gpus" type: SCALAR scalar { value: 1 } revocable { } }'
    assert task(COMMAND, one).revocable


def test_revocable_cpus_weigh_little():
    revocable = task(COMMAND.replace('role: "*"', "revocable { }", 1))
    assert revocable.spec.limits == Limits(cpus=10, memory=64 * MEGABYTE)


def test_labels_and_grace_are_read():
    plan = task(
        COMMAND,
        'labels { labels { key: "a" value: "b" } labels { key: "c" } } kill_policy { grace_period { nanoseconds: 1000 } }',
    )
    assert (plan.labels, plan.grace) == ({"a": "b", "c": ""}, 1)


def test_zero_amounts_are_as_good_as_none():
    assert task(COMMAND, 'resources { name: "gpus" type: SCALAR scalar { value: 0 } }').held == task(COMMAND).held


@pytest.mark.parametrize(
    ("base", "text", "words"),
    [
        (COMMAND, 'task_id { value: "" }', "Task ID is invalid: ID must not be empty"),
        (COMMAND, 'task_id { value: "a/b" }', "Task ID is invalid: 'a/b' contains invalid characters"),
        (COMMAND, 'agent_id { value: "B" }', "Task uses invalid agent B while agent A is expected"),
        (
            COMMAND,
            'executor { executor_id { value: "e" } }',
            "at least one (but not both) of CommandInfo or ExecutorInfo",
        ),
        (COMMAND, 'resources { name: "cpus" type: SCALAR scalar { value: -1 } }', "Task uses invalid resources: "),
        (COMMAND, 'resources { name: "gpus" type: SCALAR scalar { value: 0.5 } }', "must be an unsigned integer"),
        (
            COMMAND,
            'resources { name: "cpus" type: SCALAR scalar { value: 1 } revocable { } }',
            "Cannot use both revocable and non-revocable 'cpus'",
        ),
        (
            CUSTOM,
            """executor { resources { name: "x" type: SCALAR scalar { value: 1 } revocable { } } }
            resources { name: "x" type: SCALAR scalar { value: 1 } }""",
            "Cannot use both revocable and non-revocable 'x'",
        ),
        (COMMAND, VOLUME % "" + VOLUME % "", "Persistence ID 'v' is used more than once"),
        (CUSTOM, VOLUME % "", "Persistent volumes of a task with an executor are not served"),
        (
            COMMAND,
            'resources { name: "disk" type: SCALAR scalar { value: 2 } role: "r" disk { persistence { id: "v" } } }',
            "Expecting 'volume' to be set for persistent volume",
        ),
        (
            COMMAND,
            "kill_policy { grace_period { nanoseconds: -1 } }",
            "'kill_policy.grace_period' must be non-negative",
        ),
        (CUSTOM, 'executor { executor_id { value: ".." } }', "Executor ID is invalid: '..' is disallowed"),
        (CUSTOM, 'executor { framework_id { value: "G" } }', "(Actual: G vs Expected: F)"),
        (CUSTOM, "executor { type: DEFAULT }", "An executor of type DEFAULT runs task groups only"),
        (CUSTOM, "executor { type: UNKNOWN }", "must be DEFAULT or CUSTOM"),
        (CUSTOM, "executor { shutdown_grace_period { nanoseconds: -1 } }", "must be non-negative"),
        (CUSTOM, 'executor { resources { name: "x" type: SET } }', "Executor uses invalid resources: "),
        (CUSTOM, "health_check { }", "Task uses invalid health check: "),
    ],
)
def test_what_is_wrong_with_a_task(base, text, words):
    plan = task(base, text)
    assert words in plan.problem
    assert plan.held == Held()
    assert plan.executor is None


def test_a_task_needs_resources_and_something_to_run():
    bare = 'name: "n" task_id { value: "t" } agent_id { value: "A" }'
    assert task(bare + " command { }").problem == "Task uses no resources"
    assert "at least one" in task(bare).problem
    no_command = CUSTOM.replace('command { value: "run" }', "")
    assert task(no_command).problem == "'ExecutorInfo.command' must be set for 'CUSTOM' executor"


# ---- groups ----------------------------------------------------------------------------------------------------

SECOND = COMMAND.replace('"t"', '"u"')


def test_a_group_in_the_built_in_executor():
    made = group("", COMMAND, SECOND)
    assert made.problem == ""
    assert (made.executor.default, made.executor.spec.form) == (True, Form.SCOPE)
    assert made.executor.spec.limits == Limits(cpus=1000, memory=64 * MEGABYTE)
    assert [plan.task for plan in made.tasks] == ["t", "u"]
    for plan in made.tasks:
        assert plan.spec.form is Form.PROCESS
        assert plan.spec.environment["MESOS_EXECUTOR_ID"] == "e"


def test_a_group_in_a_custom_executor():
    made = group('type: CUSTOM command { value: "run" }', COMMAND, SECOND)
    assert made.problem == ""
    assert made.executor.spec.hosts
    assert all(plan.spec.form is Form.HOSTED and plan.spec.payload == plan.info for plan in made.tasks)


@pytest.mark.parametrize(
    ("executor", "texts", "words"),
    [
        ("", [], "Task group cannot be empty"),
        ("", [COMMAND, COMMAND], "Task 't' is in its group more than once"),
        ("", [COMMAND, SECOND + ' agent_id { value: "B" }'], "Task 'u' is invalid: Task uses invalid agent B"),
        ("", [CUSTOM], "'TaskInfo.command' must be set"),
        ("", [CUSTOM + ' command { value: "x" }'], "'TaskInfo.executor' must not be set"),
        ("", [COMMAND + ' container { type: DOCKER docker { image: "i" } }'], "Docker ContainerInfo is not supported"),
        ("", [COMMAND + " container { type: MESOS network_infos { } }"], "NetworkInfos must not be set"),
        ('framework_id { value: "G" }', [COMMAND], "invalid FrameworkID"),
        ("type: UNKNOWN", [COMMAND], "must be DEFAULT or CUSTOM"),
        ('command { value: "x" }', [COMMAND], "'ExecutorInfo.command' must not be set for 'DEFAULT' executor"),
        ("type: CUSTOM", [COMMAND], "'ExecutorInfo.command' must be set for 'CUSTOM' executor"),
        ('container { type: DOCKER docker { image: "i" } }', [COMMAND], "must be 'MESOS' for 'DEFAULT' executor"),
        (
            'type: CUSTOM command { value: "x" } container { type: DOCKER docker { image: "i" } }',
            [COMMAND],
            "Docker ContainerInfo is not supported on the executor",
        ),
        ("container { type: MESOS mesos { image { type: DOCKER } } }", [COMMAND], "mesos.image' must not be set"),
        ('container { type: MESOS network_infos { name: "n" } }', [COMMAND], "network_infos' is not served"),
        (
            'container { type: MESOS volumes { container_path: "c" mode: RW host_path: "/h" } }',
            [COMMAND],
            "volumes' is not served",
        ),
        ('container { type: MESOS hostname: "h" }', [COMMAND], "hostname' is not served"),
        ("container { type: MESOS linux_info { } }", [COMMAND], "linux_info' is not served"),
        ("container { type: MESOS rlimit_info { } }", [COMMAND], "rlimit_info' is not served"),
        ("container { type: MESOS tty_info { } }", [COMMAND], "tty_info' is not served"),
        (VOLUME % "", [COMMAND], "Persistent volumes of a 'DEFAULT' executor are not served"),
    ],
)
def test_what_is_wrong_with_a_group(executor, texts, words):
    made = group(executor, *texts)
    assert words in made.problem
    assert len(made.tasks) == len(texts)


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ("", "Executor 'e' uses less cpus (None) than the minimum required (0.01)"),
        ("cpus 0.001", "Executor 'e' uses less cpus (0.001) than the minimum required (0.01)"),
        ("cpus 1", "Executor 'e' uses less mem (None) than the minimum required (32MB)"),
        ("cpus 1 mem 31.5", "Executor 'e' uses less mem (31.5MB) than the minimum required (32MB)"),
        ("cpus 1 mem 32", "Executor 'e' uses no disk"),
        ("cpus 1 mem 32 disk 1", ""),
    ],
)
def test_what_an_executor_of_a_group_needs_at_least(resources, words):
    executor = pb.ExecutorInfo(
        type=pb.ExecutorInfo.DEFAULT,
        executor_id=pb.ExecutorID(value="e"),
        framework_id=pb.FrameworkID(value="F"),
    )
    said = resources.split()
    for name, value in zip(said[::2], said[1::2], strict=True):
        executor.resources.add(name=name, type=pb.Value.SCALAR).scalar.value = float(value)
    assert read_group(executor, [info(COMMAND)], AROUND).problem == words


def test_an_executor_of_a_group_says_its_framework_and_type():
    executor = pb.ExecutorInfo(executor_id=pb.ExecutorID(value="e"))
    assert read_group(executor, [], AROUND).problem == "'ExecutorInfo.framework_id' must be set"
    executor.framework_id.value = "F"
    assert read_group(executor, [], AROUND).problem == "'ExecutorInfo.type' must be set"


def test_a_task_or_executor_that_fits_no_frame_is_refused():
    small, large = pb.TaskInfo(data=bytes(900_000)), pb.TaskInfo(data=bytes(1 << 20))
    for base in (COMMAND, CUSTOM):
        message = info(base)
        message.MergeFrom(small)
        assert read_task(message, AROUND).problem == ""
        message.MergeFrom(large)
        assert "bytes, more than 1048576" in read_task(message, AROUND).problem
    labelled = info(COMMAND)
    labelled.labels.labels.add(key="k", value="v" * 600_000)
    assert "bytes, more than 1048576" in read_task(labelled, AROUND).problem
    executor = info(DEFAULT, kind=pb.ExecutorInfo)
    executor.data = bytes(1 << 20)
    assert "Executor has" in read_group(executor, [info(COMMAND)], AROUND).problem


def test_a_group_that_is_too_large_is_refused():
    executor = info(DEFAULT, kind=pb.ExecutorInfo)

    def members(count, size):
        for number in range(count):
            message = info(COMMAND)
            message.task_id.value = f"t{number}"
            message.data = bytes(size)
            yield message

    assert read_group(executor, members(1_000, 0), AROUND).problem == ""
    assert read_group(executor, members(1_001, 0), AROUND).problem == "Task group has 1001 tasks, more than 1000"
    assert read_group(executor, members(31, 1_000_000), AROUND).problem == ""
    assert "bytes, more than 31457280" in read_group(executor, members(32, 1_000_000), AROUND).problem
