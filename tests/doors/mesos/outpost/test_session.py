"""A session between an agent, an executor and a process of its own that all may fail at any moment."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from portico.domain.errors import Exhausted
from portico.doors.mesos.outpost import events, session
from portico.doors.mesos.outpost.events import Event
from portico.doors.mesos.outpost.hosting import Launch, Note, Noted, Started, Stop, TaskEnd, ToAgent, Welcome
from portico.doors.mesos.outpost.ledger import FILE, Ledger
from portico.doors.mesos.outpost.session import Session
from portico.doors.mesos.outpost.words import GROUP_LABEL, ExecutorFacts
from portico.wire.mesos import mesos_pb2 as pb

FACTS = ExecutorFacts("host", 1, "A", b"", b"", b"")


def task(name: str) -> bytes:
    info = pb.TaskInfo(name=name, task_id=pb.TaskID(value=name), agent_id=pb.AgentID(value="A"))
    return info.SerializeToString()


def status(name: str, state: int, uuid: bytes) -> pb.TaskStatus:
    return pb.TaskStatus(
        task_id=pb.TaskID(value=name),
        state=state,  # type: ignore[arg-type]
        source=pb.TaskStatus.SOURCE_EXECUTOR,
        uuid=uuid,
    )


class Stream:
    """An executor's stream that remembers what came."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.open = True

    def send(self, event: Event) -> object:
        self.events.append(event)
        return True

    def close(self) -> None:
        self.open = False

    def kinds(self) -> list[str]:
        return [Event.Type.Name(event.type) for event in self.events]


def started(directory: str, say: list[ToAgent] | None = None) -> Session:
    said = [] if say is None else say
    return Session(FACTS, "F", "E", Ledger(Path(directory)), lambda *words: said.extend(words))


class Agent:
    """An agent and control behind it: what was told, what is durable."""

    def __init__(self) -> None:
        self.launched: dict[str, Launch] = {}
        self.stops: dict[str, Stop] = {}
        self.running: set[str] = set()
        self.ended: dict[str, bytes] = {}
        self.outbox: list[Note | TaskEnd] = []
        self.noted: list[Noted] = []
        self.durable: dict[str, list[pb.TaskStatus]] = {}
        self.over: set[str] = set()
        self.connected = False

    def say(self, *words: ToAgent) -> None:
        """Hear the session, if it is connected."""
        for word in words if self.connected else ():
            match word:
                case Started(run=run):
                    self.running.add(run)
                case Note() if word.run in self.over:
                    self.noted.append(Noted(word.run, word.number))
                case Note() if word not in self.outbox:
                    self.outbox.append(word)
                case TaskEnd(run=run) if run not in self.ended:
                    self.ended[run] = word.output
                    self.outbox.append(word)

    def connect(self, held: Session) -> None:
        self.connected = True
        for run, word in self.launched.items():
            if run not in self.ended:
                held.hear(Launch(run, 1, word.payload, word.labels, started=run in self.running))
                if run in self.stops:
                    held.hear(self.stops[run])
        held.hear(Welcome())

    def die(self) -> None:
        """Begin anew with what the journal has: the ends, not the notes."""
        self.outbox = [word for word in self.outbox if isinstance(word, TaskEnd)]
        self.noted.clear()

    def make_durable(self, held: Session) -> None:
        for word in self.outbox:
            if isinstance(word, TaskEnd):
                self.over.add(word.run)
                continue
            told = pb.TaskStatus.FromString(word.payload)
            known = self.durable.setdefault(word.run, [])
            if word.run not in self.over and told.uuid not in {one.uuid for one in known}:
                known.append(told)
            self.noted.append(Noted(word.run, word.number))
        self.outbox.clear()
        noted, self.noted = self.noted, []
        for word in noted if self.connected else ():
            held.hear(word)


class Program:
    """An executor: what it holds until it is acknowledged, what it was given and what it has sent."""

    def __init__(self) -> None:
        self.tasks: dict[str, None] = {}
        self.updates: dict[bytes, pb.TaskStatus] = {}
        self.sent: dict[str, list[bytes]] = {}
        self.over: set[str] = set()
        self.deliveries: list[str] = []
        self.stream: Stream | None = None
        self.seen = 0

    @property
    def unfinished(self) -> list[str]:
        return sorted(self.sent.keys() - self.over)

    def read(self) -> None:
        """Read what has come."""
        for event in self.stream.events[self.seen :] if self.stream is not None else ():
            self.seen += 1
            match Event.Type.Name(event.type):
                case "LAUNCH":
                    self.take(event.launch.task.task_id.value)
                case "LAUNCH_GROUP":
                    first, second = event.launch_group.task_group.tasks
                    self.take(first.task_id.value)
                    self.take(second.task_id.value)
                case "ACKNOWLEDGED":
                    self.updates.pop(event.acknowledged.uuid, None)
                    self.tasks.pop(event.acknowledged.task_id.value, None)

    def take(self, name: str) -> None:
        self.deliveries.append(name)
        self.tasks[name] = None
        self.sent[name] = []

    def subscribe(self, held: Session) -> None:
        self.read()
        self.stream, self.seen = Stream(), 0
        held.subscribe(self.stream, list(self.tasks), list(self.updates.values()))
        self.read()

    def cut_off(self) -> None:
        """Lose the stream with all that was not read."""
        self.stream, self.seen = None, 0


STATES = [pb.TASK_STARTING, pb.TASK_RUNNING, pb.TASK_FINISHED, pb.TASK_FAILED]


class Lives(RuleBasedStateMachine):
    """Tasks come and go while connections break, and agent and outpost die."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.mkdtemp()
        self.agent = Agent()
        self.program = Program()
        self.ledger: Ledger | None = None
        self.registered = False
        self.outposts = 0
        self.number = 0
        self.renew()

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            assert self.ledger is not None
            self.ledger.close()
            shutil.rmtree(self.directory)

    def renew(self) -> None:
        """Begin a new outpost."""
        if self.ledger is not None:
            self.ledger.close()
        self.outposts += 1
        self.ledger = Ledger(Path(self.directory))
        self.agent.connected = False
        self.program.cut_off()
        facts = ExecutorFacts("host", 1, "A", b"", b"", b"", registered=self.registered)
        self.session = Session(facts, "F", "E", self.ledger, self.agent.say)

    @rule()
    def launch(self) -> None:
        self.order(1, {})

    @rule()
    def launch_group(self) -> None:
        self.order(2, {GROUP_LABEL: f"g{self.number}/2"})

    @rule()
    def launch_group_with_a_broken_connection(self) -> None:
        if self.agent.connected:
            run = f"t{self.number + 1}"
            self.order(2, {GROUP_LABEL: f"g{self.number}/2"}, heard=1)
            self.agent.stops[run] = Stop(run, grace=1_000)
            self.agent.connected = False

    def order(self, count: int, labels: dict[str, str], heard: int = 2) -> None:
        """Launch tasks in one message, of which so many are heard."""
        for position in range(count):
            self.number += 1
            name = f"t{self.number}"
            word = self.agent.launched[name] = Launch(name, 1, task(name), labels)
            if self.agent.connected and position < heard:
                self.session.hear(word)

    @precondition(lambda self: self.agent.launched)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(sorted(self.agent.launched)))
        if run not in self.agent.ended:
            word = self.agent.stops[run] = Stop(run, grace=1_000)
            if self.agent.connected:
                self.session.hear(word)

    @rule()
    def agent_connects(self) -> None:
        self.agent.connect(self.session)

    @rule()
    def agent_disconnects(self) -> None:
        self.agent.connected = False

    @rule()
    def agent_and_outpost_die(self) -> None:
        self.agent.die()
        self.renew()

    @rule(unread=st.booleans())
    def outpost_dies(self, *, unread: bool) -> None:
        if not unread:
            self.program.read()
        self.renew()

    @rule()
    def control_catches_up(self) -> None:
        self.agent.make_durable(self.session)

    @precondition(lambda self: self.session.welcomed.is_set())
    @rule()
    def subscribe(self) -> None:
        self.registered = True
        self.program.subscribe(self.session)

    @precondition(lambda self: self.program.stream is not None and self.program.unfinished)
    @rule(data=st.data(), state=st.sampled_from(STATES))
    def update(self, data: st.DataObject, state: int) -> None:
        self.program.read()
        name = data.draw(st.sampled_from(self.program.unfinished))
        self.number += 1
        uuid = self.number.to_bytes(8) * 2
        said = self.program.updates[uuid] = status(name, state, uuid)
        self.program.sent[name].append(uuid)
        if state in events.TERMINAL:
            self.program.over.add(name)
        self.session.update(said)

    @precondition(lambda self: self.program.stream is not None and self.program.updates)
    @rule(data=st.data())
    def update_again(self, data: st.DataObject) -> None:
        self.session.update(data.draw(st.sampled_from(list(self.program.updates.values()))))

    def settle(self) -> None:
        """Connect everything, let control catch up, and look at what came of it."""
        self.agent_connects()
        if self.program.stream is None:
            self.subscribe()
        for _ in range(2):
            self.control_catches_up()
            self.program.read()
        program, agent = self.program, self.agent
        assert self.ledger is not None
        if self.outposts == 1:  # what ends without an outpost stays in the ledger until it is full
            assert not [run for run in agent.over if self.ledger.delivered(run)]
        for run in agent.launched:
            assert run in agent.ended or run in program.sent, f"{run}: neither delivered nor ended"
        assert program.updates == {}
        assert len(program.deliveries) == len(set(program.deliveries))
        for run, told in agent.durable.items():
            ends = [one.state in events.TERMINAL for one in told]
            assert True not in ends[:-1], f"{run}: something follows the end"
            assert run in agent.over or not any(ends)
        for run, uuids in program.sent.items():
            told = agent.durable.get(run, [])
            theirs = [one.uuid for one in told if one.source == pb.TaskStatus.SOURCE_EXECUTOR]
            if run in agent.over:
                last = pb.TaskStatus.FromString(agent.ended[run])
                theirs += [last.uuid] if last.uuid not in theirs else []
                assert last.uuid == uuids[-1]
            assert theirs == [uuid for uuid in uuids if uuid in theirs], f"{run}: out of order"
            assert run in agent.over or theirs == uuids, f"{run}: an update is missing"
            assert (run in program.over) == (run in agent.over), f"{run}: the end is missing"
        for run in agent.stops:
            assert run in agent.ended or run in program.deliveries, f"{run}: not stopped"


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_a_task_that_runs_is_not_queued_again(tmp_path: Path) -> None:
    held = started(str(tmp_path))
    held.hear(Launch("r", 1, task("t"), started=True))
    held.hear(Welcome())
    stream = Stream()
    held.subscribe(stream, (), ())
    assert stream.kinds() == ["SUBSCRIBED"]


def test_a_launch_without_a_task_is_refused(tmp_path: Path) -> None:
    said: list[ToAgent] = []
    held = started(str(tmp_path), said)
    held.hear(Launch("r", 1, b"\xff\xff"))
    (end,) = said
    assert isinstance(end, TaskEnd)
    assert end.message


def test_a_durable_update_is_acknowledged_again_but_not_passed_on(tmp_path: Path) -> None:
    said: list[ToAgent] = []
    held = started(str(tmp_path), said)
    held.hear(Launch("r", 1, task("t"), started=True))
    held.hear(Welcome())
    stream = Stream()
    held.subscribe(stream, (), ())
    update = status("t", pb.TASK_RUNNING, b"u" * 16)
    held.update(update)
    (note,) = said
    assert isinstance(note, Note)
    held.hear(Noted("r", note.number))
    held.update(update)
    assert said == [note]
    assert stream.kinds() == ["SUBSCRIBED", "ACKNOWLEDGED", "ACKNOWLEDGED"]


def test_the_ledger_lets_go_of_what_is_over(tmp_path: Path) -> None:
    said: list[ToAgent] = []
    held = started(str(tmp_path), said)
    held.hear(Launch("r", 1, task("t")))
    held.hear(Welcome())
    held.subscribe(Stream(), (), ())
    for number, state in enumerate((pb.TASK_STARTING, pb.TASK_FINISHED)):
        held.update(status("t", state, bytes([number]) * 16))
    first, last = (word for word in said if isinstance(word, Note))
    held.hear(Noted("r", first.number))
    held.hear(Noted("r", last.number))
    assert (tmp_path / FILE).read_text() == "delivered r\nheard r\ngone r\n"


def test_an_end_is_not_acknowledged_before_it_is_durable(tmp_path: Path) -> None:
    """Not even when the agent, which has the end in its journal, names the task no more."""
    said: list[ToAgent] = []
    held = started(str(tmp_path), said)
    held.hear(Launch("r", 1, task("t"), started=True))
    held.hear(Welcome())
    stream = Stream()
    held.subscribe(stream, (), ())
    update = status("t", pb.TASK_FINISHED, b"u" * 16)
    held.update(update)
    held.hear(Welcome())
    held.update(update)
    assert stream.kinds() == ["SUBSCRIBED"]
    assert said == said[:2] * 2
    note = said[0]
    assert isinstance(note, Note)
    held.hear(Noted("r", note.number))
    assert stream.kinds() == ["SUBSCRIBED", "ACKNOWLEDGED"]


def test_a_leaving_executor_gets_no_task(tmp_path: Path) -> None:
    said: list[ToAgent] = []
    held = started(str(tmp_path), said)
    held.hear(Welcome())
    stream = Stream()
    held.subscribe(stream, (), ())
    assert stream.kinds() == ["SUBSCRIBED", "SHUTDOWN"]
    held.hear(Launch("r", 1, task("t")))
    (note, end) = said
    assert isinstance(note, Note)
    assert isinstance(end, TaskEnd)
    told = pb.TaskStatus.FromString(note.payload)
    assert (told.state, told.reason) == (pb.TASK_LOST, pb.TaskStatus.REASON_EXECUTOR_TERMINATED)
    assert "LAUNCH" not in stream.kinds()


def test_too_many_updates_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST_UNHEARD", 2)
    held = started(str(tmp_path))
    held.hear(Launch("r", 1, task("t"), started=True))
    held.hear(Welcome())
    for number in range(2):
        held.update(status("t", pb.TASK_RUNNING, bytes([number]) * 16))
    with pytest.raises(Exhausted):
        held.update(status("t", pb.TASK_RUNNING, b"x" * 16))
    held.update(status("t", pb.TASK_RUNNING, bytes(16)))  # one that is under way already


def test_large_data_stays_out_of_the_outcome() -> None:
    small, large = status("t", pb.TASK_FINISHED, b"u" * 16), status("t", pb.TASK_FINISHED, b"u" * 16)
    small.data, large.data = b"d" * 100, b"d" * 100_000
    assert pb.TaskStatus.FromString(events.end_of("r", small).output) == small
    assert not pb.TaskStatus.FromString(events.end_of("r", large).output).HasField("data")


def test_a_grace_that_nobody_named_is_not_passed_on() -> None:
    assert not events.kill("t", events.LONGEST_GRACE).kill.HasField("kill_policy")
    assert events.kill("t", 5).kill.kill_policy.grace_period.nanoseconds == 5_000
