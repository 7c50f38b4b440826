"""An event loop whose time jumps: when nothing is ready, the next timer is due at once.

Promises: the same callbacks in the same order for the same inputs; nothing ever waits for real time. It takes turns in
the order in which asyncio's own loop would, at a fraction of its cost: thousands of schedules are lived through on it.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import selectors
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any, TypeVarTuple, Unpack

from portico.domain.identity import Instant, uuid7

START = Instant(1_800_000_000_000_000)
_Arguments = TypeVarTuple("_Arguments")
_MILLISECOND = 1000
_RESOLUTION = 1e-9
"""Seconds; timers that are no further apart than this are due together."""
_MANY_TIMERS = 100
"""With more, cancelled ones go once they are half of all: as in asyncio, for the order of equals hangs on it."""


class Stalled(RuntimeError):
    """Everything waits, and nothing will ever happen."""


class _DeafSelector(selectors.BaseSelector):
    """Selects nothing: in this loop nobody listens to a file."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        raise Stalled(f"nothing here may wait for real time, {timeout} seconds were asked for")

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, 0, None)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}

    def close(self) -> None:
        return


class _Turn(asyncio.TimerHandle):
    """One callback to come; only what is given a context is run in one. `loop` has it among its timers, if any."""

    __slots__ = ("action", "arguments", "context", "instant", "loop")

    def __init__(
        self, action: Callable[..., object], arguments: tuple[Any, ...], context: Context | None, instant: float
    ) -> None:
        self.action: Callable[..., object] | None = action
        self.arguments = arguments
        self.context = context
        self.instant = instant
        self.loop: VirtualLoop | None = None

    def cancel(self) -> None:
        if self.loop is not None and self.action is not None:
            self.loop.cancelled_timers += 1
        self.action = None
        self.arguments = ()

    def cancelled(self) -> bool:
        return self.action is None

    def when(self) -> float:
        return self.instant

    def __repr__(self) -> str:
        return f"<turn of {self.action!r} at {self.instant}>"

    def __lt__(self, _other: object) -> bool:
        return False

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio on virtual time."""

    _ready: deque[_Turn]
    _scheduled: list[tuple[float, _Turn]]
    _stopping: bool

    def __init__(self) -> None:
        self._seconds = 0.0
        self.cancelled_timers = 0
        super().__init__(_DeafSelector())

    def time(self) -> float:
        """Give the virtual seconds since the loop was made."""
        return self._seconds

    def call_soon(
        self,
        callback: Callable[[Unpack[_Arguments]], object],
        *args: *_Arguments,
        context: Context | None = None,
    ) -> _Turn:
        """Let something happen after what is ready now."""
        turn = _Turn(callback, args, context, self._seconds)
        self._ready.append(turn)
        return turn

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[_Arguments]], object],
        *args: *_Arguments,
        context: Context | None = None,
    ) -> _Turn:
        """Let something happen in some virtual seconds."""
        return self.call_at(self._seconds + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[_Arguments]], object],
        *args: *_Arguments,
        context: Context | None = None,
    ) -> _Turn:
        """Let something happen at an instant of this loop's time."""
        turn = _Turn(callback, args, context, when)
        turn.loop = self
        heapq.heappush(self._scheduled, (when, turn))
        return turn

    def _run_once(self) -> None:
        """Take turns until the loop is to stop; each round takes those that are ready when it begins."""
        ready, scheduled, pop = self._ready, self._scheduled, heapq.heappop
        while True:
            self._drop_cancelled()
            if not ready and not self._stopping:
                self._jump()
            due = self._seconds + _RESOLUTION
            while scheduled and scheduled[0][0] < due:
                turn = pop(scheduled)[1]
                turn.loop = None
                ready.append(turn)
            for _ in range(len(ready)):
                turn = ready.popleft()
                if turn.action is not None:
                    self._take(turn, turn.action)
            if self._stopping:
                return

    def _drop_cancelled(self) -> None:
        scheduled = self._scheduled
        if len(scheduled) > _MANY_TIMERS and self.cancelled_timers * 2 > len(scheduled):
            scheduled[:] = [entry for entry in scheduled if entry[1].action is not None]
            heapq.heapify(scheduled)
            self.cancelled_timers = 0
        while scheduled and scheduled[0][1].action is None:
            heapq.heappop(scheduled)
            self.cancelled_timers -= 1

    def _jump(self) -> None:
        if not self._scheduled:
            raise Stalled("no task is ready and no timer is set")
        self._seconds += max(0.0, self._scheduled[0][0] - self._seconds)

    def _take(self, turn: _Turn, action: Callable[..., object]) -> None:
        try:
            if turn.context is None:
                action(*turn.arguments)
            else:
                turn.context.run(action, *turn.arguments)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 — asyncio's loop hands all others to its handler too
            self.call_exception_handler({"message": f"Exception in {action!r}", "exception": error, "handle": turn})


class VirtualClock:
    """The loop's time as instants."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._seconds = 0.0
        self._instant = START

    def now(self) -> Instant:
        """Give the present instant."""
        seconds = self._loop.time()
        if seconds != self._seconds:
            self._seconds = seconds
            self._instant = Instant(START + round(seconds * 1_000_000))
        return self._instant


class SeededIds:
    """UUIDv7 drawn from a seeded source, increasing strictly."""

    def __init__(self, source: random.Random, clock: VirtualClock) -> None:
        self._source = source
        self._clock = clock
        self._count = 0

    def fresh(self) -> str:
        """Give a new id."""
        self._count += 1
        bits = self._count << 40 | self._source.getrandbits(40)
        return uuid7(self._clock.now() // _MILLISECOND, bits)
