"""The kernel's counters: their names, and samples of real processes, by thread and by control group.

Which events are counted depends on the machine: those that are not must be left out of what is told. Without the right
to count at all nothing is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors.mesos.outpost_operator.agent import agent, play
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Unavailable
from portico.domain.identity import Instant, Micros
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator import kernel, perf_events
from portico.doors.mesos.outpost.operator.perf import Counters, Sampler, written
from portico.doors.mesos.outpost.operator.perf_events import EVENTS, Sampling, field_of
from portico.doors.mesos.outpost.operator.statistics import Sample, statistics
from portico.doors.mesos.outpost.words import AgentState, ContainerFact
from portico.settings.model import PERF_EVENTS
from portico.wire.mesos import mesos_pb2 as pb

BUSY = "while :; do /bin/true; done"
SOFTWARE = ("task_clock", "context_switches", "page_faults")


def counted() -> bool:
    """Tell whether this process may count what others do."""
    try:
        os.close(perf_events.open_on_thread(EVENTS["task_clock"], os.getpid()))
    except OSError as error:
        assert error.errno in perf_events.FORBIDDEN | perf_events.MISSING
        return False
    return True


@pytest.fixture
def run() -> Iterator[str]:
    """A container whose process starts one program after the other."""
    name = f"perf-{uuid.uuid4().hex[:12]}"
    process = subprocess.Popen(["/bin/sh", "-c", BUSY], env={**os.environ, "PORTICO_RUN_ID": name})
    try:
        yield name
    finally:
        process.kill()
        process.wait()


def sampler(run: str, *events: str, seconds: float = 0.2) -> Sampler:
    async def ask(word: words.Word) -> words.Word:
        assert isinstance(word, words.TellState)
        return AgentState(
            "a", b"", containers=(ContainerFact(run, framework="f", executor="e", started_at=Instant(1)),)
        )

    return Sampler(ask, Sampling(events, Micros(int(seconds * 2e6)), Micros(int(seconds * 1e6))))


def sampled(run: str, *events: str) -> pb.PerfStatistics:
    taking = sampler(run, *events)
    asyncio.run(taking.sample())
    sample = taking.sample_of(run)
    assert sample is not None
    return sample


# ---- names ---------------------------------------------------------------------------------------------------------


def test_every_counter_of_the_wire_has_a_name_here_and_in_the_configuration() -> None:
    wire = {field.name for field in pb.PerfStatistics.DESCRIPTOR.fields} - {"timestamp", "duration"}
    assert set(EVENTS) == wire
    assert {field_of(name) for name in PERF_EVENTS} == wire
    assert len(PERF_EVENTS) == len(wire)


def test_every_counter_has_a_number_of_its_own() -> None:
    assert len({(event.kind, event.number) for event in EVENTS.values()}) == len(EVENTS)
    assert (EVENTS["llc_store_misses"].kind, EVENTS["llc_store_misses"].number) == (3, 0x10102)


# ---- samples -------------------------------------------------------------------------------------------------------


def test_a_process_and_what_it_starts_are_counted(run: str) -> None:
    sample = sampled(run, *SOFTWARE)
    assert 0.2 <= sample.duration < 5
    if not counted():
        assert not any(sample.HasField(name) for name in SOFTWARE)
        return
    assert 0 < sample.task_clock < 5000
    assert sample.page_faults > 10  # the shell alone has none of its own once it runs: these are its children's
    assert sample.HasField("context_switches")


def test_what_the_kernel_does_not_count_is_left_out(run: str, caplog: pytest.LogCaptureFixture) -> None:
    taking = sampler(run, "ref_cycles", "node_prefetch_misses", "task_clock", seconds=0.05)
    asyncio.run(taking.sample())
    asyncio.run(taking.sample())
    sample = taking.sample_of(run)
    assert sample is not None
    assert sample.HasField("task_clock") is counted()
    for name in ("ref_cycles", "node_prefetch_misses"):
        said = [message for message in caplog.messages if f"perf event {name} " in message]
        assert len(said) <= 1
        assert not (said and sample.HasField(name))


def test_no_counter_stays_open(run: str) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    sampled(run, *SOFTWARE)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_container_that_would_take_too_many_files_is_not_counted(
    run: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (4, 4))
    taking = sampler(run, *SOFTWARE, seconds=0.01)
    asyncio.run(taking.sample())
    assert taking.sample_of(run) is None
    assert any(run in message for message in caplog.messages)


def test_without_control_nothing_is_sampled_and_the_next_round_comes() -> None:
    async def story() -> None:
        asked = asyncio.Event()

        async def ask(_: words.Word) -> words.Word:
            nonlocal calls
            calls += 1
            if calls == 2:
                asked.set()
            raise Unavailable("control is away")

        calls = 0
        taking = Sampler(ask, Sampling(("task_clock",), Micros(1000), Micros(1000)))
        running = asyncio.create_task(taking.run())
        await asked.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert taking.sample_of("r") is None

    play(story())


def test_nothing_is_asked_when_nothing_is_to_be_counted() -> None:
    async def ask(_: words.Word) -> words.Word:
        raise AssertionError("asked")

    asyncio.run(asyncio.wait_for(Sampler(ask, Sampling()).run(), 5))


# ---- control groups ------------------------------------------------------------------------------------------------


def unified_mounts() -> list[Path]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [Path(fields[1]) for fields in map(str.split, lines) if fields[2] == "cgroup2"]


@pytest.fixture
def group(run: str) -> Iterator[Path]:
    """The run in a control group of version 2 of its own."""
    for mount in unified_mounts():
        folder = mount / run
        try:
            folder.mkdir()
            (folder / "cgroup.procs").write_text(str(kernel.leaders([run])[run]))
        except OSError:
            continue
        yield folder
        for pid in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                (mount / "cgroup.procs").write_text(pid)
        while True:
            try:
                folder.rmdir()
            except OSError:
                for pid in (folder / "cgroup.procs").read_text().split():
                    with contextlib.suppress(OSError):
                        (mount / "cgroup.procs").write_text(pid)
            else:
                return
    pytest.skip("this machine has no control groups of version 2 that the tests may use")


def test_a_control_group_is_counted_as_such(run: str, group: Path) -> None:
    pid = kernel.leaders([run])[run]
    assert kernel.unified_group(pid, run) == group
    sample = sampled(run, *SOFTWARE)
    if not counted():
        assert not any(sample.HasField(name) for name in SOFTWARE)
        return
    assert 0 < sample.task_clock < 5000
    assert sample.page_faults > 10


def test_the_threads_of_a_group_are_its_own_and_those_of_groups_inside(tmp_path: Path) -> None:
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/cgroup").write_text("1:pids:/s/run\n0::/s/run/.own\n")
    for place, threads in (("pids/s/run", "7\n8\n"), ("pids/s/run/inner", "9\n")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "tasks").write_text(threads)
    assert kernel.threads(7, "run", tmp_path / "proc", tmp_path) == [7, 8, 9]
    assert kernel.unified_group(7, "run", tmp_path / "proc", tmp_path) is None
    unified = tmp_path / "unified/s/run"
    unified.mkdir(parents=True)
    (unified / "cgroup.controllers").write_text("")
    assert kernel.unified_group(7, "run", tmp_path / "proc", tmp_path) == unified


def test_without_groups_the_threads_are_those_of_the_process_and_its_descendants(run: str) -> None:
    pid = kernel.leaders([run])[run]
    found = kernel.threads(pid, run)
    assert pid in found
    assert kernel.threads(1 << 30, "nobody") == []


def test_cpus_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "online"
    file.write_text("0-2,5,8-9\n")
    assert kernel.cpus(file) == [0, 1, 2, 5, 8, 9]
    assert kernel.cpus()


# ---- what is told --------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(sorted(EVENTS)), st.floats(0, 1e15)))
def test_any_counts_can_be_written(counts: dict[str, float]) -> None:
    message = written(1.5, 0.5, counts)
    assert {field.name for field, _ in message.ListFields()} == {"timestamp", "duration", *counts}


def test_counters_that_are_configured_stand_in_the_place_of_estimates() -> None:
    perf = pb.PerfStatistics(timestamp=1, duration=2, cycles=3)
    told = statistics(9.0, None, kernel.Seen({}, {}), (), Sample(1.0, 0, 0), perf)
    assert told.perf == perf


def test_an_agent_tells_its_samples() -> None:
    async def story() -> None:
        sampling = Sampling(SOFTWARE, Micros(200_000), Micros(100_000))
        async with agent(perf=sampling) as here:
            here.control.add("busy")
            await here.control.start("busy", "", sys.executable, "-c", "while True: pass")
            while True:
                answer = await here.client.get("/monitor/statistics")
                told = {one["executor_id"]: one["statistics"] for one in answer.json()}["busy"]
                if told.get("perf"):
                    break
                await asyncio.sleep(0.02)
            assert told["perf"]["duration"] >= 0.1
            assert ("task_clock" in told["perf"]) is counted()

    play(story())


def test_counters_are_closed_once() -> None:
    counters = Counters()
    reading, writing = os.pipe()
    counters.add("task_clock", reading)
    counters.close()
    counters.close()
    assert len(counters) == 0
    os.close(writing)
