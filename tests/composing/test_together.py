"""Threads of a quiet server on one processor, those of a busy one on all: told apart by the kernel's own masks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from pathlib import Path

import pytest

from portico.composing import together
from portico.composing.together import FULL, QUIET, SPREAD_SECONDS, Together, keep_together

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


def test_a_quiet_process_is_gathered_with_all_its_threads(other):
    kept = Together()
    kept.consider(QUIET - 0.01, now=10.0)
    assert kept.gathered
    assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(other) == os.sched_getaffinity(0)
    kept.consider(FULL, now=11.0)
    assert kept.gathered


def test_a_busy_process_is_spread_and_left_so_for_a_while(other):
    kept = Together()
    kept.consider(0.0, now=10.0)
    kept.consider(FULL + 0.01, now=11.0)
    assert os.sched_getaffinity(0) == os.sched_getaffinity(other) == ALL
    kept.consider(0.0, now=11.0 + SPREAD_SECONDS / 2)
    assert not kept.gathered
    kept.consider(QUIET, now=11.0 + SPREAD_SECONDS)
    assert not kept.gathered
    kept.consider(0.0, now=11.0 + SPREAD_SECONDS)
    assert kept.gathered


def test_it_is_looked_after_by_what_the_process_uses_and_let_go_at_the_end(monkeypatch, other):
    monkeypatch.setattr(together, "LOOK_SECONDS", 0.02)
    turned = asyncio.Event()

    def move(processors, moved=together._move):
        moved(processors)
        turned.set()

    async def until(processors):
        while len(os.sched_getaffinity(other)) != processors:
            turned.clear()
            await turned.wait()

    def work(end):
        while not end.is_set():
            sum(range(1_000))

    async def story():
        monkeypatch.setattr(together, "_move", move)
        keeping = asyncio.create_task(keep_together())
        async with asyncio.timeout(20):
            await until(1)
            end = threading.Event()
            busy = threading.Thread(target=work, args=(end,))
            busy.start()
            await until(len(ALL))
            end.set()
            busy.join()
            await until(1)
        keeping.cancel()
        await asyncio.wait([keeping])
        assert os.sched_getaffinity(0) == os.sched_getaffinity(other) == ALL

    asyncio.run(story())


def test_where_it_is_not_allowed_the_server_goes_on(monkeypatch):
    monkeypatch.setattr(together, "LOOK_SECONDS", 0.0)

    def refuse(_processors):
        raise PermissionError("not allowed")

    monkeypatch.setattr(together, "_move", refuse)
    asyncio.run(asyncio.wait_for(keep_together(), 10))
