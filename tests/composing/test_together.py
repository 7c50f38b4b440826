"""Threads of a calm server on one processor, those of a crowded one on all: as the kernel's own masks tell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from portico.composing import together
from portico.composing.together import CALM, CROWDED, SPREAD_SECONDS, Together, keep_together

ALL = os.sched_getaffinity(0)

pytestmark = pytest.mark.skipif(len(ALL) == 1, reason="there is one processor only")


@pytest.fixture(autouse=True)
def _spread():
    yield
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), ALL)


@pytest.fixture
def other():
    """A second thread; gives its id."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield thread.native_id
    end.set()
    thread.join()


def test_a_calm_process_is_gathered_with_all_its_threads(other):
    kept = Together()
    kept.consider(CALM, now=9.0)
    assert not kept.gathered
    kept.consider(CALM - 0.01, now=10.0)
    assert kept.gathered
    assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(other) == os.sched_getaffinity(0)
    kept.consider(CROWDED, now=11.0)
    assert kept.gathered


def test_a_crowded_process_is_spread_and_left_so_for_a_while(other):
    kept = Together()
    kept.consider(0.0, now=10.0)
    kept.consider(CROWDED + 0.01, now=11.0)
    assert os.sched_getaffinity(0) == os.sched_getaffinity(other) == ALL
    kept.consider(0.0, now=11.0 + SPREAD_SECONDS / 2)
    assert not kept.gathered
    kept.consider(0.0, now=11.0 + SPREAD_SECONDS)
    assert kept.gathered


def test_who_waits_for_its_processor_is_let_go_and_gathered_again_elsewhere(monkeypatch, other):
    monkeypatch.setattr(together, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(together, "SPREAD_SECONDS", 0.05)
    turned = asyncio.Event()

    def move(processors, moved=together._move):
        moved(processors)
        turned.set()

    async def until(processors):
        while len(os.sched_getaffinity(other)) != processors:
            turned.clear()
            await turned.wait()

    async def work():
        while True:
            sum(range(1_000))
            await asyncio.sleep(0)

    async def story():
        monkeypatch.setattr(together, "_move", move)
        keeping, working = asyncio.create_task(keep_together()), asyncio.create_task(work())
        async with asyncio.timeout(60):
            await until(1)
            with beside(os.sched_getaffinity(other)):
                await until(len(ALL))
            await until(1)
        for task in (keeping, working):
            task.cancel()
        await asyncio.wait([keeping, working])
        assert os.sched_getaffinity(0) == os.sched_getaffinity(other) == ALL

    asyncio.run(story())


@contextlib.contextmanager
def beside(processors):
    """Keep processors busy with another process."""
    program = f"import os; os.sched_setaffinity(0, {processors})\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", program])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_where_it_is_not_allowed_the_server_goes_on(monkeypatch):
    monkeypatch.setattr(together, "LOOK_SECONDS", 0.0)

    def refuse(_processors):
        raise PermissionError("not allowed")

    monkeypatch.setattr(together, "_move", refuse)
    asyncio.run(asyncio.wait_for(keep_together(), 10))
