"""Samples of the kernel's counters: for so long in every interval, of every container, as the operator has configured.

Owns the counters that are open and the last sample of each container. A container with a cgroup v2 of its own is
counted as that; otherwise by its threads, and what they start meanwhile. Promises: a container is counted as a whole or
not at all; an event that the kernel does not count here is left out of samples, and said once in the log; no more files
are open than half of what the process may have.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import resource
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from portico.domain.errors import NotFound, Unavailable
from portico.domain.identity import SECOND
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator import kernel, perf_events
from portico.doors.mesos.outpost.operator.perf_events import EVENTS, Event, Sampling, open_in_group, open_on_thread
from portico.doors.mesos.outpost.operator.site import Ask
from portico.doors.mesos.outpost.words import AgentState
from portico.wire.mesos import mesos_pb2 as pb

log = logging.getLogger("portico.outpost")

_WHOLE = frozenset(
    field.name for field in pb.PerfStatistics.DESCRIPTOR.fields if field.cpp_type != field.CPPTYPE_DOUBLE
)


class Counters:
    """The counters of one container, by event; a context, at whose end they are closed."""

    def __init__(self) -> None:
        self._files: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._files.values()))

    def add(self, event: str, counter: int) -> None:
        """Take an open counter over."""
        self._files.setdefault(event, []).append(counter)

    def read(self) -> dict[str, float]:
        """Sum what was counted, by event; one that never had room is left out."""
        sums: dict[str, float] = {}
        for event, files in self._files.items():
            counts = [perf_events.read(file) for file in files]
            known = [count for count in counts if count is not None]
            if known:
                sums[event] = sum(known) / EVENTS[event].unit
        return sums

    def close(self) -> None:
        """Close all."""
        while self._files:
            for file in self._files.popitem()[1]:
                os.close(file)


class Sampler:
    """Takes the samples of one node's containers."""

    def __init__(self, ask: Ask, sampling: Sampling) -> None:
        self._ask = ask
        self._sampling = sampling
        self._missing: set[str] = set()
        self._samples: dict[str, pb.PerfStatistics] = {}

    @property
    def wanted(self) -> bool:
        """Tell whether anything is counted at all."""
        return bool(self._sampling.events)

    def sample_of(self, run: str) -> pb.PerfStatistics | None:
        """Give the last sample of a container; None before there was one."""
        return self._samples.get(run)

    async def run(self) -> None:
        """Take samples until cancelled."""
        while self.wanted:
            began = time.monotonic()
            with contextlib.suppress(NotFound, Unavailable):  # control is away: nobody can name the containers
                await self.sample()
            await asyncio.sleep(max(0.0, self._sampling.interval / SECOND - (time.monotonic() - began)))

    async def sample(self) -> None:
        """Take one sample of each container; raises Unavailable when control does not name them."""
        state = cast("AgentState", await self._ask(words.TellState()))
        runs = [fact.run for fact in state.containers if fact.started_at]
        opened = await asyncio.to_thread(self._open, runs)
        try:
            at, began = time.time(), time.monotonic()
            await asyncio.sleep(self._sampling.duration / SECOND)
            counts = await asyncio.to_thread(lambda: {run: counters.read() for run, counters in opened.items()})
            duration = time.monotonic() - began
            self._samples = {run: written(at, duration, found) for run, found in counts.items()}
        finally:
            for counters in opened.values():
                counters.close()

    def _open(self, runs: Iterable[str]) -> dict[str, Counters]:
        left = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
        opened: dict[str, Counters] = {}
        for run, pid in kernel.leaders(runs).items():
            counters = Counters()
            try:
                self._count(counters, pid, run, left)
            except OSError as error:
                counters.close()
                log.warning("container %s is not counted this time: %s", run, error.strerror)
                continue
            left -= len(counters)
            opened[run] = counters
        return opened

    def _count(self, counters: Counters, pid: int, run: str, most: int) -> None:
        """Open the counters of a container; raises OSError when they are too many, or it cannot be counted."""
        group = kernel.unified_group(pid, run)
        if group is not None:
            handle = os.open(group, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self._open_all(counters, lambda event, cpu: open_in_group(event, handle, cpu), kernel.cpus(), most)
            except OSError as error:
                counters.close()
                if error.errno != errno.EBADF:  # the kernel keeps these counters by groups of another hierarchy
                    raise
            else:
                return
            finally:
                os.close(handle)
        self._open_all(counters, open_on_thread, kernel.threads(pid, run), most)

    def _open_all(
        self, counters: Counters, begin: Callable[[Event, int], int], targets: Sequence[int], most: int
    ) -> None:
        """Open each event on each target; a thread that has ended is passed over."""
        if len(targets) * len(self._sampling.events) > most:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        for name in self._sampling.events:
            for target in targets:
                if name not in self._missing:
                    with contextlib.suppress(ProcessLookupError):
                        self._open_one(counters, begin, name, target)

    def _open_one(self, counters: Counters, begin: Callable[[Event, int], int], name: str, target: int) -> None:
        """Open one counter; an event that is not to be had is never tried again."""
        try:
            counters.add(name, begin(EVENTS[name], target))
        except OSError as error:
            if error.errno not in perf_events.MISSING | perf_events.FORBIDDEN:
                raise
            self._missing.add(name)
            log.warning("perf event %s is not counted: %s", name, error.strerror)


def written(at: float, duration: float, counts: Mapping[str, float]) -> pb.PerfStatistics:
    """Write a sample; `at` is when it began, in seconds since the epoch, `duration` is in seconds."""
    message = pb.PerfStatistics(timestamp=at, duration=duration)
    for event, count in counts.items():
        setattr(message, event, round(count) if event in _WHOLE else count)
    return message
