"""The ledger against a plain model: whatever is told in whatever order, no call runs twice and no end is lost."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from portico.domain.frames import CallEnd, CallKey, Invoke
from portico.domain.identity import Instant
from portico.doors.jobv1.outpost.ledger import ENDS_PER_REPORT, Ledger

NAMES = st.sampled_from("abcdefgh")


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.queue: list[Invoke] = []
        self.running: Invoke | None = None
        self.finished: dict[tuple[str, int], CallEnd] = {}
        self.told: dict[int, tuple[CallEnd, ...]] = {}
        self.sequence = 0
        self.begun_told = True

    @rule(calls=st.lists(st.tuples(NAMES, st.integers(1, 3)), max_size=5))
    def take(self, calls: list[tuple[str, int]]) -> None:
        returned = []
        for call, lease in calls:
            new = Invoke(call, lease, "f")
            if (call, lease) in self.finished or (
                self.running and self.running.call == call and lease <= self.running.lease
            ):
                continue
            older = next((one for one in self.queue if one.call == call), None)
            if older is None:
                self.queue.append(new)
            elif older.lease < lease:
                returned.append(CallKey(call, older.lease))
                self.queue[self.queue.index(older)] = new
        assert self.ledger.take([Invoke(call, lease, "f") for call, lease in calls]) == tuple(returned)

    @rule(names=st.none() | st.sets(NAMES))
    def give_back(self, names: set[str] | None) -> None:
        gone = {one.call for one in self.queue} if names is None else names
        returned = {CallKey(one.call, one.lease) for one in self.queue if one.call in gone}
        self.queue = [one for one in self.queue if one.call not in gone]
        assert set(self.ledger.give_back(names)) == returned

    @precondition(lambda self: self.queue and self.running is None)
    @rule()
    def begin(self) -> None:
        self.running = self.queue.pop(0)
        assert self.ledger.begin(Instant(9)) == self.running
        self.begun_told = False

    @precondition(lambda self: not self.begun_told)
    @rule()
    def report_begun(self) -> None:
        report = self.ledger.report_begun()
        self.sequence += 1
        assert report.sequence == self.sequence
        assert (report.begun, report.begun_at) == ((CallKey(self.running.call, self.running.lease),), 9)
        assert not report.ended
        self.begun_told = True

    @precondition(lambda self: self.running)
    @rule()
    def finish(self) -> None:
        end = CallEnd(self.running.call, self.running.lease, Instant(1), Instant(2))
        self.ledger.finish(end)
        self.finished[end.call, end.lease] = end
        self.running = None
        self.begun_told = True

    @rule()
    def report(self) -> None:
        report = self.ledger.report()
        self.sequence += 1
        assert report.sequence == self.sequence
        assert len(report.ended) <= ENDS_PER_REPORT
        self.told[report.sequence] = report.ended

    @rule(back=st.integers(0, 3))
    def acknowledge(self, back: int) -> None:
        upto = max(0, self.sequence - back)
        self.ledger.acknowledge(upto)
        for sequence in [one for one in self.told if one <= upto]:
            for end in self.told.pop(sequence):
                self.finished.pop((end.call, end.lease), None)

    @rule()
    def reopen(self) -> None:
        self.ledger.reopen()
        self.sequence = 0
        self.told.clear()
        self.begun_told = self.running is None

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        held = {(one.call, one.lease) for one in [*self.queue, *([self.running] if self.running else [])]}
        assert {(key.call, key.lease) for key in self.ledger.holding()} == held | self.finished.keys()
        assert self.ledger.running == (self.running.call if self.running else "")
        assert self.ledger.settled == (not self.finished)
        assert self.ledger.begun_told is self.begun_told
        told = {(end.call, end.lease) for ends in self.told.values() for end in ends}
        assert self.ledger.untold == len(self.finished.keys() - told)


TestLedger = LedgerMachine.TestCase
