"""The calls that a worker holds: queued, running, and finished but not yet known to control.

Pure bookkeeping without clock or socket. Promises that a (call, lease) already held is not taken twice, that a call
given back is not begun, and that an end is kept until control has acknowledged the report that told it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from portico.domain.frames import CallEnd, CallKey, CallsReport, Invoke
from portico.domain.identity import Instant

ENDS_PER_REPORT = 16
"""Ends have bounded results, so that many of them still fit into one frame."""

_NEVER = Instant(0)
_Key = tuple[str, int]


class Ledger:
    """Reports are numbered from 1 on each connection; `reopen` starts a new one."""

    def __init__(self) -> None:
        self._queue: OrderedDict[str, Invoke] = OrderedDict()
        self._running: Invoke | None = None
        self._begun_at = _NEVER
        self.begun_told = True
        self._finished: dict[_Key, CallEnd] = {}
        self._untold: deque[CallEnd] = deque()
        self._told: deque[tuple[int, list[_Key]]] = deque()
        self._sequence = 0

    @property
    def running(self) -> str:
        """The id of the call that runs, or nothing."""
        return self._running.call if self._running is not None else ""

    @property
    def queued(self) -> bool:
        """Tell whether a call waits to begin."""
        return bool(self._queue)

    @property
    def untold(self) -> int:
        """How many ends have not been told on this connection."""
        return len(self._untold)

    @property
    def settled(self) -> bool:
        """Tell whether control has acknowledged every end."""
        return not self._finished

    def holding(self) -> tuple[CallKey, ...]:
        """All that is queued, running, or finished and not acknowledged."""
        invokes = [*self._queue.values(), *([self._running] if self._running is not None else [])]
        held = [(invoke.call, invoke.lease) for invoke in invokes]
        return tuple(CallKey(*key) for key in (*held, *self._finished))

    def take(self, calls: Iterable[Invoke]) -> tuple[CallKey, ...]:
        """Queue calls. A newer lease of a queued call replaces the older one, which is given back."""
        replaced = []
        for invoke in calls:
            running = self._running
            if running is not None and running.call == invoke.call and running.lease >= invoke.lease:
                continue
            older = self._queue.get(invoke.call)
            if (older is not None and older.lease >= invoke.lease) or (invoke.call, invoke.lease) in self._finished:
                continue
            if older is not None:
                replaced.append(CallKey(older.call, older.lease))
            self._queue[invoke.call] = invoke
        return tuple(replaced)

    def give_back(self, calls: Iterable[str] | None = None) -> tuple[CallKey, ...]:
        """Remove those of the calls that have not begun, or all of the queue."""
        names = tuple(self._queue) if calls is None else calls
        taken = [self._queue.pop(call) for call in names if call in self._queue]
        return tuple(CallKey(invoke.call, invoke.lease) for invoke in taken)

    def begin(self, at: Instant) -> Invoke:
        """Make the first queued call the running one."""
        assert self._running is None
        _, self._running = self._queue.popitem(last=False)
        self._begun_at = at
        self.begun_told = False
        return self._running

    def finish(self, end: CallEnd) -> None:
        """Keep the running call's end."""
        self._running = None
        self.begun_told = True
        self._finished[end.call, end.lease] = end
        self._untold.append(end)

    def reopen(self) -> None:
        """A new connection knows of no end: all are to be told again, under new numbers."""
        self._sequence = 0
        self.begun_told = self._running is None
        self._told.clear()
        self._untold = deque(self._finished.values())

    def report_begun(self) -> CallsReport:
        """Make a report that says that the running call has begun."""
        assert self._running is not None
        self._sequence += 1
        self.begun_told = True
        return CallsReport(self._sequence, (CallKey(self._running.call, self._running.lease),), self._begun_at)

    def report(self, *, returned: tuple[CallKey, ...] = ()) -> CallsReport:
        """Make the next report, with as many untold ends as fit."""
        self._sequence += 1
        ended: tuple[CallEnd, ...] = ()
        untold = self._untold
        if untold:
            if len(untold) == 1:
                ended = (untold.popleft(),)
            else:
                ended = tuple([untold.popleft() for _ in range(min(len(untold), ENDS_PER_REPORT))])
            self._told.append((self._sequence, [(end.call, end.lease) for end in ended]))
        return CallsReport(self._sequence, ended=ended, returned=returned)

    def acknowledge(self, sequence: int) -> None:
        """Forget the ends that were told in reports up to this one."""
        told = self._told
        while told and told[0][0] <= sequence:
            for key in told.popleft()[1]:
                self._finished.pop(key, None)
