"""The agent with a worker on the genuine PyPI package."""

from __future__ import annotations

import pytest
from doors.armonik.outpost import genuine
from doors.armonik.outpost.control import NAMING
from doors.armonik.outpost.rig import WORKERS, gone, rig

from portico.domain.calls.frames import Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import CallOptions, OptionsPatch

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120)]
SHORT = CallOptions(max_duration=300_000, max_retries=2, priority=1, partition="default")


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    with rig(tmp_path_factory.mktemp("rig"), str(genuine.python()), str(WORKERS / "genuine_worker.py")) as made:
        yield made


def test_results_small_and_large(worker):
    for payload, data in ((b"echo:hello", b"hello"), (b"echo:", b""), (b"large:3000000", b"x" * 3_000_000)):
        ending = worker.control.run(payload)
        assert ending.verdict is Verdict.OK
        assert worker.control.bytes_of(ending.effects.data[0][1]) == data


def test_dependencies_and_further_data(worker):
    ending = worker.control.run(b"joined", needs=[b"a", b"y" * 100_000])
    assert worker.control.bytes_of(ending.effects.data[0][1]) == b"a+" + b"y" * 100_000
    worker.control.data[77] = b"z" * 50_000
    ending = worker.control.run(f"fetch:{NAMING.text(Kind.RESULT, 77)}".encode())
    assert worker.control.bytes_of(ending.effects.data[0][1]) == b"z" * 50_000


def test_subtasks(worker):
    call = worker.control.assign(worker.control.call(b"split"))
    effects = worker.control.ending(call).effects
    assert [result.name for result in effects.results] == ["in", "big", "bare"]
    small, big, bare = effects.results
    assert worker.control.bytes_of(big.content) == b"b" * (1 << 20)
    assert dict(effects.data)[bare.number].inline == b"late"
    (created,) = effects.calls
    assert (created.payload, created.outputs, created.dependencies) == (small.number, call.outputs, (big.number,))
    assert created.options == OptionsPatch(max_duration=1_500_000, max_retries=4, priority=3, options={"a": "b"})
    assert worker.control.run(b"split:failed ").effects is None


def test_errors_and_accidents(worker):
    ending = worker.control.run(b"say:no good")
    assert (ending.verdict, ending.error) == (Verdict.ERROR, "no good")
    for accident in (b"crash:oh", b"token:wrong"):
        ending = worker.control.run(accident)
        assert ending.verdict is Verdict.FAILED
        assert ending.error.startswith("Worker returned error Internal:\n")


def test_an_overdue_task_costs_its_worker_and_the_next_one_runs(worker):
    before = worker.worker
    overdue, following = worker.control.call(b"wait:60", options=SHORT), worker.control.call(b"echo:x")
    worker.control.assign(overdue, following)
    assert worker.control.ending(overdue, 20).verdict is Verdict.TIMEOUT
    assert gone(before)
    assert worker.control.ending(following, 20).verdict is Verdict.OK


def test_a_withdrawn_task_costs_its_worker_when_it_goes_on(worker):
    call = worker.control.assign(worker.control.call(b"wait:60"))
    worker.control.until(lambda: (call.call, call.lease) in worker.control.begun)
    worker.control.withdraw(call)
    assert worker.control.ending(call, 20).verdict is Verdict.CANCELLED
    assert worker.control.run(b"echo:x", seconds=20).verdict is Verdict.OK


def test_a_worker_that_dies(worker):
    ending = worker.control.run(b"die")
    assert ending.verdict is Verdict.FAILED
    assert ending.error.startswith("Worker went down with error Unavailable:")
    assert worker.control.run(b"echo:x", seconds=20).verdict is Verdict.OK


def test_the_end_of_the_agent(worker):
    running = worker.control.assign(worker.control.call(b"wait:60"))
    worker.control.until(lambda: (running.call, running.lease) in worker.control.begun)
    pid = worker.worker
    assert worker.term() == 0
    assert [lease.call for lease in worker.control.returned] == [running.call]
    assert gone(pid)
