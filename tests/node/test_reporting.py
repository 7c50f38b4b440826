from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from portico.domain.frames import Observation, Report
from portico.domain.identity import Instant
from portico.domain.runs import CheckKind, CheckResult, EndCause, Outcome
from portico.node.reporting import LARGEST_REPORT, WINDOW, Outbox


class Line:
    """An outbox with a loop that turns when told to, and a control that hears."""

    def __init__(self) -> None:
        self.sent: list[Report] = []
        self.due: list[Callable[[], None]] = []
        self.outbox = Outbox(self.sent.append, self.due.append)

    def turn(self) -> None:
        due, self.due[:] = list(self.due), []
        for call in due:
            call()


def started(number: int) -> Observation:
    return Observation(f"r{number}", 1, Instant(number), started=True)


def test_nothing_is_said_before_the_welcome_and_then_everything() -> None:
    line = Line()
    line.outbox.add(started(1))
    line.turn()
    assert line.sent == []
    assert line.outbox.resume(0) == []
    assert line.sent == [Report(1, (started(1),))]


def test_one_turn_is_one_report() -> None:
    line = Line()
    line.outbox.resume(0)
    for number in range(10):
        line.outbox.add(started(number))
    assert line.sent == []
    line.turn()
    assert [len(report.observations) for report in line.sent] == [10]


def test_the_window_holds_back() -> None:
    line = Line()
    line.outbox.resume(0)
    count = LARGEST_REPORT * (WINDOW + 2)
    for number in range(count):
        line.outbox.add(started(number))
    line.turn()
    assert len(line.sent) == WINDOW
    said = line.outbox.acknowledge(1)
    assert len(said) == LARGEST_REPORT
    assert len(line.sent) == WINDOW + 1
    line.outbox.acknowledge(WINDOW + 2)
    line.outbox.acknowledge(WINDOW + 2)
    assert line.outbox.idle
    assert sum(len(report.observations) for report in line.sent) == count


def test_health_that_changed_again_is_told_once_and_never_after_the_end() -> None:
    line = Line()
    for healthy in (True, False, True):
        line.outbox.add(Observation("r", 1, Instant(1), healthy=healthy))
    line.outbox.add(Observation("s", 1, Instant(1), healthy=False))
    line.outbox.add(Observation("s", 1, Instant(2), outcome=Outcome(EndCause.EXITED)))
    line.outbox.resume(0)
    (report,) = line.sent
    assert [(said.run, said.healthy) for said in report.observations] == [("s", None), ("r", True)]


def test_what_a_check_saw_last_is_told_beside_health() -> None:
    line = Line()
    for code in (0, 1, 2):
        seen = CheckResult(CheckKind.COMMAND, code)
        line.outbox.add(Observation("r", 1, Instant(1), healthy=code > 0))
        line.outbox.add(Observation("r", 1, Instant(1), checked=seen))
        line.outbox.add(Observation("s", 1, Instant(1), checked=seen))
    line.outbox.add(Observation("s", 1, Instant(2), outcome=Outcome(EndCause.EXITED)))
    assert not line.outbox.idle
    line.outbox.resume(0)
    (report,) = line.sent
    assert [(said.run, said.healthy, said.checked) for said in report.observations] == [
        ("s", None, None),
        ("r", True, None),
        ("r", None, CheckResult(CheckKind.COMMAND, 2)),
    ]


class Conversation(RuleBasedStateMachine):
    """However connections break, control hears everything, in order, and nothing twice that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.said = 0
        self.durable = 0
        self.heard: list[str] = []
        self.connected = False
        self.read = 0

    @rule(count=st.integers(1, 700))
    def observe(self, count: int) -> None:
        for _ in range(count):
            self.line.outbox.add(started(self.said))
            self.said += 1

    @rule()
    def turn(self) -> None:
        self.line.turn()

    @rule()
    def connect(self) -> None:
        self.line.outbox.pause()
        self.read = len(self.line.sent)
        self.line.outbox.resume(self.durable)
        self.connected = True

    @rule()
    def disconnect(self) -> None:
        self.line.outbox.pause()
        self.connected = False

    @rule(acknowledged=st.booleans())
    def hear(self, *, acknowledged: bool) -> None:
        if not self.connected:
            return
        for report in self.line.sent[self.read :]:
            assert report.sequence <= self.durable + 1
            if report.sequence == self.durable + 1:
                self.durable += 1
                self.heard.extend(said.run for said in report.observations)
        self.read = len(self.line.sent)
        if acknowledged:
            self.line.outbox.acknowledge(self.durable)

    @invariant()
    def in_order(self) -> None:
        assert self.heard == [f"r{number}" for number in range(len(self.heard))]

    def teardown(self) -> None:
        self.connect()
        while len(self.heard) < self.said:
            before = len(self.heard)
            self.line.turn()
            self.hear(acknowledged=True)
            assert len(self.heard) > before


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
