"""Tasks written without messages are what messages would have been."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.identity import Instant
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.extension.records import Agent, Executor, Pending, Task
from portico.doors.mesos.outbound import fields, statuses
from portico.doors.mesos.outbound.status_printer import StatusPrinter
from portico.doors.mesos.outbound.task_printer import TaskPrinter
from portico.doors.mesos.outbound.task_writer import TaskWriter
from portico.doors.mesos.states import Told
from portico.wire.mesos import mesos_pb2 as pb

NOW = Instant(1)
AGENTS = {"n1": Agent("n1", "M-S0", NOW)}
words = st.text(max_size=200)


@st.composite
def infos(draw):
    info = pb.TaskInfo(name=draw(words))
    info.task_id.value = draw(words)
    info.agent_id.value = "M-S0"
    for number in range(draw(st.integers(0, 3))):
        resource = info.resources.add(name=f"r{number}", type=pb.Value.SCALAR, role=draw(words))
        resource.scalar.value = number
    if draw(st.booleans()):
        info.command.value = draw(words)
        for _ in range(draw(st.integers(0, 3))):
            info.command.environment.variables.add(name="x", value=draw(words))
        if draw(st.booleans()):
            info.command.user = draw(words)
    if draw(st.booleans()):
        info.labels.labels.add(key=draw(words), value="v")
    if draw(st.booleans()):
        info.discovery.visibility = pb.DiscoveryInfo.EXTERNAL
        info.discovery.name = draw(words)
    if draw(st.booleans()):
        info.container.type = pb.ContainerInfo.MESOS
        info.container.hostname = draw(words)
    if draw(st.booleans()):
        info.data = draw(st.binary(max_size=300))
    return info


def expected(info, task):
    message = pb.Task(
        name=info.name,
        task_id=info.task_id,
        framework_id=pb.FrameworkID(value="F"),
        agent_id=pb.AgentID(value="M-S0"),
        state=task.state,
        resources=info.resources,
        statuses=[pb.TaskStatus.FromString(status) for status in task.statuses],
    )
    for part in ("labels", "discovery", "container"):
        if info.HasField(part):
            getattr(message, part).CopyFrom(getattr(info, part))
    if info.command.HasField("user"):
        message.user = info.command.user
    if task.executor:
        message.executor_id.value = "e"
    if task.pending:
        message.status_update_state = pb.TASK_FINISHED
        message.status_update_uuid = task.pending[0].uuid
    return message


def status(state):
    message = pb.TaskStatus(state=state, timestamp=1.5)
    message.task_id.value = "t"
    return message.SerializeToString()


@given(infos(), st.booleans(), st.booleans(), st.integers(0, 3))
def test_a_task_is_what_its_messages_would_make(info, hosted, waiting, statuses):
    task = Task(
        id="run",
        framework="F",
        task=info.task_id.value,
        name=info.name,
        node="n1",
        info=info.SerializeToString(),
        executor="host" if hosted else "",
        state="TASK_RUNNING",
        statuses=(status(pb.TASK_RUNNING),) * statuses,
        pending=(Pending(b"u" * 16, status(pb.TASK_FINISHED)),) if waiting else (),
        created_at=NOW,
    )
    host = Executor(id="host", framework="F", executor="e", node="n1", info=b"", created_at=NOW)
    writer = TaskWriter(AGENTS, {"host": host})
    printer = TaskPrinter(AGENTS, {"host": host})
    message = expected(info, task)
    for _ in range(2):
        assert pb.Task.FromString(writer.write(task)) == message
        assert jsonpb.parse(printer.print(task)) == jsonpb.to_plain(message)


@st.composite
def told(draw):
    message = pb.TaskStatus(state=draw(st.sampled_from(pb.TaskState.values())))
    message.task_id.value = draw(words)
    maybe = st.booleans()
    for name, values in (
        ("message", words),
        ("data", st.binary(max_size=9)),
        ("uuid", st.binary(max_size=16)),
        ("healthy", maybe),
        ("timestamp", st.floats(0, 1e10)),
        ("source", st.sampled_from(pb.TaskStatus.Source.values())),
        ("reason", st.sampled_from(pb.TaskStatus.Reason.values())),
    ):
        if draw(maybe):
            setattr(message, name, draw(values))
    for name in ("agent_id", "executor_id"):
        if draw(maybe):
            getattr(message, name).value = draw(words)
    if draw(maybe):
        message.unreachable_time.nanoseconds = 5
    if draw(maybe):
        message.container_status.CopyFrom(draw(containers()))
    return message


@st.composite
def containers(draw):
    container = pb.ContainerStatus()
    maybe = st.booleans()
    if draw(maybe):
        container.container_id.value = draw(words)
        if draw(maybe):
            container.container_id.parent.value = draw(words)
    if draw(maybe):
        container.executor_pid = 7
    for _ in range(draw(st.integers(0, 2))):
        container.network_infos.add().ip_addresses.add().ip_address = draw(words)
    return container


@given(told())
def test_a_status_is_printed_as_any_message(message):
    printer = StatusPrinter()
    for _ in range(2):
        assert jsonpb.parse(printer.print(message.SerializeToString())) == jsonpb.to_plain(message)


@given(st.integers(0, 1 << 40))
def test_numbers_are_written_as_the_library_does(value):
    message = pb.Value.Range(begin=value, end=0)
    assert fields.number(1, value) + fields.number(2, 0) == message.SerializeToString()


def test_the_status_of_a_command_task_is_not_even_parsed(monkeypatch):
    place = statuses.Where("M-S0", "ö1", "0198aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee", address="127.0.0.1")
    ended = Told("TASK_FINISHED", "SOURCE_EXECUTOR", message="Command exited with status 0")
    written = [
        statuses.status(told, "ö1", place, Instant(1_800_000_000_123_456), bytes(range(16)))
        for told in (ended, msgspec.structs.replace(ended, healthy=True, message=""))
    ]
    monkeypatch.setattr(StatusPrinter, "_any", lambda _self, _data: b"")
    printer = StatusPrinter()
    for status in (*written, *written):
        assert jsonpb.parse(printer.print(status)) == jsonpb.to_plain(pb.TaskStatus.FromString(status))
