"""Health checks under a clock of their own: the rules of Mesos, second by second."""

import asyncio
import contextlib
import heapq

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.identity import SECOND, Micros
from portico.domain.runs import CheckKind, CheckResult, HealthCheck, StatusCheck
from portico.node.checks import watch_health, watch_status


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to the next timer instead of waiting for it."""

    def __init__(self):
        super().__init__()
        self.virtual = 0.0

    def time(self):
        return self.virtual

    def _run_once(self):
        if not self._ready and self._scheduled:
            while self._scheduled and self._scheduled[0]._cancelled:
                heapq.heappop(self._scheduled)._scheduled = False
            if self._scheduled:
                self.virtual = max(self.virtual, self._scheduled[0]._when)
        super()._run_once()


class Scripted:
    """Answers as told: True, False, or seconds to take before True."""

    def __init__(self, answers):
        self.answers = list(answers)
        self.looked_at = []

    async def look(self, _check):
        loop = asyncio.get_running_loop()
        self.looked_at.append(round(loop.time(), 3))
        if not self.answers:
            await loop.create_future()
        answer = self.answers.pop(0)
        if not isinstance(answer, bool):
            await asyncio.sleep(answer)
            answer = True
        return answer


def check(**seconds):
    failures = seconds.pop("failures", 3)
    durations = {name: Micros(int(value * SECOND)) for name, value in seconds.items()}
    return HealthCheck(CheckKind.COMMAND, failures=failures, **durations)


def watch(health, answers, until=10_000.0):
    """Watch until the end or the given second; gives (ended, reports with their seconds, seconds of the looks)."""
    probe = Scripted(answers)
    reports = []

    async def run():
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(until):
                await watch_health(health, probe, lambda well: reports.append((round(loop.time(), 3), well)))
        except TimeoutError:
            return False
        return True

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run()), reports, probe.looked_at


def test_defaults_of_mesos():
    ended, reports, looks = watch(check(), [False, False, False])
    assert ended
    assert looks == [15, 25, 35]
    assert reports == [(15, False), (25, False), (35, False)]


def test_successes_are_told_once_and_again_after_a_failure():
    ended, reports, looks = watch(check(delay=0), [True, True, False, False, True, True, False], until=65)
    assert not ended
    assert looks == [0, 10, 20, 30, 40, 50, 60]
    assert reports == [(0, True), (20, False), (30, False), (40, True), (60, False)]


def test_failures_within_grace_do_not_count_before_the_first_success():
    health = check(delay=1, interval=2, grace=6)
    ended, reports, _ = watch(health, [False] * 6)
    assert ended
    assert reports == [(7, False), (9, False), (11, False)]
    ended, reports, _ = watch(health, [False, True, False, False, False])
    assert ended
    assert reports == [(3, True), (5, False), (7, False), (9, False)], "a success ends the grace"


def test_no_answer_in_time_is_a_failure_and_the_interval_counts_from_its_end():
    ended, reports, looks = watch(check(delay=0, interval=10, timeout=5, grace=0, failures=2), [4, 6, 6])
    assert ended
    assert looks == [0, 14, 29]
    assert reports == [(4, True), (19, False), (34, False)]


def test_zero_timeout_waits_forever():
    ended, reports, _ = watch(check(delay=0, timeout=0), [5000], until=6000)
    assert not ended
    assert reports == [(5000, True)]


@pytest.mark.parametrize("failures", [0, 1])
def test_first_failure_may_be_the_last(failures):
    ended, reports, _ = watch(check(delay=0, grace=0, failures=failures), [True, False])
    assert ended
    assert reports == [(0, True), (10, False)]


def test_a_status_check_tells_what_every_look_sees_and_never_ends():
    class Seeing:
        def __init__(self):
            self.answers = [(0, 0), (3, 7), (0, None), (9, 1), (0, 7)]

        async def see(self, _check):
            if not self.answers:
                await asyncio.get_running_loop().create_future()
            seconds, answer = self.answers.pop(0)
            await asyncio.sleep(seconds)
            return answer

    reports = []

    async def run():
        loop = asyncio.get_running_loop()
        check = StatusCheck(CheckKind.COMMAND, timeout=Micros(5 * SECOND))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1000):
                await watch_status(check, Seeing(), lambda seen: reports.append((round(loop.time(), 3), seen)))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())
    assert [second for second, _ in reports[:5]] == [15, 28, 38, 53, 63]
    assert [seen for _, seen in reports[:5]] == [
        CheckResult(CheckKind.COMMAND, value) for value in (0, 7, None, None, 7)
    ]
    assert {seen.value for _, seen in reports[5:]} == {None}, "no answer is no result, again and again"


def test_looks_without_an_interval_leave_time_for_others():
    ended, _, looks = watch(check(delay=0, interval=0, timeout=0), [True] * 200, until=1)
    assert not ended
    assert len(looks) <= 101


def test_cancelling_ends_the_look():
    ended = asyncio.Event()

    class Endless:
        async def look(self, _check):
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    async def run():
        task = asyncio.create_task(watch_health(check(delay=0), Endless(), lambda _well: None))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert ended.is_set()


@settings(max_examples=100, deadline=None)
@given(answers=st.lists(st.booleans(), max_size=25), failures=st.integers(1, 4), grace=st.integers(0, 60))
def test_ends_exactly_at_so_many_failures_in_a_row(answers, failures, grace):
    ended, reports, looks = watch(check(delay=5, grace=grace, failures=failures, timeout=0), answers, until=1000)
    counted = []
    succeeded = False
    for second, answer in zip((5 + 10 * number for number in range(25)), answers, strict=False):
        succeeded = succeeded or answer
        if answer or succeeded or second > grace:
            counted.append(answer)
        if counted[-failures:] == [False] * failures:
            break
    assert ended == (counted[-failures:] == [False] * failures)
    assert [well for _, well in reports].count(False) == counted.count(False)
    assert len(looks) == len(answers) + 1 or ended
