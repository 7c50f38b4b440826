"""A control end for tests: takes one agent's line, hands out Calls, keeps what is reported, and answers as control does.

It runs in a thread with an event loop of its own, so that tests are plain functions; `drop` cuts the line.
"""

from __future__ import annotations

import asyncio
import itertools
import threading

from portico.domain.calls.frames import (
    AgentHello,
    AgentReady,
    AgentReport,
    Assign,
    Assignment,
    Datum,
    FetchData,
    GiveBack,
    Lease,
    NeedNumbers,
    Numbers,
    Part,
    Retire,
    SessionFacts,
    Stored,
    StoreData,
    Withdraw,
)
from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.values import SMALL, CallOptions
from portico.domain.frames import Ack, Refused
from portico.domain.framing import Splitter, decode, encode, from_peer

SALT = "0123456789abcdef"
SESSION = 7
DEFAULTS = CallOptions(max_duration=60_000_000, max_retries=2, priority=1, partition="default")
FACTS = SessionFacts(SESSION, worker_submission=True, partitions=("default", "other"), defaults=DEFAULTS)
NAMING = Naming(SALT)


class Control(asyncio.Protocol):
    """The one who speaks is the last that has connected."""

    def __init__(self, path):
        self.path = str(path)
        self.hellos: list[AgentHello] = []
        self.endings = {}
        self.begun = {}
        self.returned: list[Lease] = []
        self.reports: list[AgentReport] = []
        self.sequence = 0
        self.objects: dict[str, bytes] = {}
        self.data: dict[int, bytes] = {}
        self.refuse = ""
        self.acknowledge = True
        self.asked: list[NeedNumbers] = []
        self.fetches: list[FetchData] = []
        self.keep_results = True
        self._uploads = {}
        self._numbers = itertools.count(1)
        self._next = {Kind.RESULT: 10_000, Kind.CALL: 20_000}
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._transport = None
        self.ready = False
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(self._loop.create_unix_server(lambda: _Line(self), self.path))

    # ---- the test's side -----------------------------------------------------------------------------------------

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def close(self):
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def shut(self):
        """Cut the line and listen no more."""

        async def shut():
            self._server.close()
            if self._transport is not None:
                self._transport.abort()
            await asyncio.sleep(0)

        self._call(shut())

    def reopen(self):
        async def opened():
            return await self._loop.create_unix_server(lambda: _Line(self), self.path)

        self._server = self._call(opened())

    def drop(self):
        self._loop.call_soon_threadsafe(self._transport.abort)

    def until(self, condition, seconds=10.0):
        """Wait until something is so, and give it."""
        with self._changed:
            assert self._changed.wait_for(condition, seconds), "what was waited for did not come"
            return condition()

    def send(self, frame):
        self._loop.call_soon_threadsafe(lambda: self._transport.write(encode(frame)))

    def call(self, payload=b"", *, outputs=1, needs=(), facts=FACTS, options=None, **more):
        """Make an assignment; data larger than SMALL are to be fetched."""
        number = next(self._numbers)
        base = 1_000 + number * 100
        return Assignment(
            call=number,
            lease=more.pop("lease", 1_000 + number),
            id=NAMING.text(Kind.CALL, number),
            session=facts.number,
            options=options or DEFAULTS,
            payload=self.datum(base, payload),
            outputs=tuple(range(base + 1, base + 1 + outputs)),
            dependencies=tuple(self.datum(base + 50 + index, data) for index, data in enumerate(needs)),
            **more,
        )

    def datum(self, number, data):
        if data is None:
            return Datum(number, SMALL + 1)
        self.data[number] = data
        return Datum(number, len(data), data if len(data) <= SMALL else None)

    def assign(self, *calls, facts=FACTS):
        self.send(Assign(calls, (facts,)))
        return calls[0] if len(calls) == 1 else calls

    def ending(self, call, seconds=10.0):
        return self.until(lambda: self.endings.get((call.call, call.lease)), seconds)

    def run(self, *args, seconds=10.0, **more):
        """Have a Call carried out, and give its ending."""
        return self.ending(self.assign(self.call(*args, **more)), seconds)

    def withdraw(self, call):
        self.send(Withdraw((Lease(call.call, call.lease),)))

    def give_back(self, *calls):
        self.send(GiveBack(tuple(Lease(call.call, call.lease) for call in calls)))

    def retire(self):
        self.send(Retire())

    # ---- the agent's side ----------------------------------------------------------------------------------------

    def take(self, line, frame):
        with self._changed:
            answer = self._answer(line, frame)
            self._changed.notify_all()
        if answer is not None:
            line.write(answer)

    def _answer(self, line, frame):  # noqa: PLR0911 — one for each frame
        match frame:
            case AgentHello(trial=True):
                return Refused(self.refuse) if self.refuse else AgentReady(SALT)
            case AgentHello():
                self._transport = line.transport
                self.ready = not self.refuse
                self._uploads.clear()
                self.hellos.append(frame)
                return Refused(self.refuse) if self.refuse else AgentReady(SALT, self.sequence)
            case AgentReport():
                return self._report(frame)
            case NeedNumbers(kind=kind, count=count):
                self.asked.append(frame)
                first = self._next[kind]
                self._next[kind] += count
                return Numbers(kind, first, count)
            case FetchData(request=request, result=result, offset=offset):
                self.fetches.append(frame)
                data = self.data.get(result)
                if data is None:
                    return Part(request, error="NotFound: no such data")
                piece = data[offset : offset + (1 << 20)]
                return Part(request, piece, last=offset + len(piece) >= len(data))
            case StoreData(request=request, upload=upload, data=data, last=last):
                self._uploads.setdefault(upload, bytearray()).extend(data)
                if not last:
                    return Stored(request)
                name = f"large-{len(self.objects)}"
                self.objects[name] = bytes(self._uploads.pop(upload))
                return Stored(request, name)

    def _report(self, report):
        if report.sequence > self.sequence:
            assert report.sequence == self.sequence + 1, "a report is missing"
            self.sequence = report.sequence
            self.reports.append(report)
            for begun in report.begun:
                self.begun[begun.call, begun.lease] = begun
            for ended in report.ended:
                self.endings[ended.call, ended.lease] = ended if self.keep_results else True
            self.returned.extend(report.returned)
        return Ack(self.sequence) if self.acknowledge else None

    def bytes_of(self, content):
        return content.inline if content.inline is not None else self.objects[content.large]


class _Line(asyncio.Protocol):
    def __init__(self, control):
        self._control = control
        self._splitter = Splitter()
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        for body in self._splitter.feed(data):
            self._control.take(self, decode(from_peer, body))

    def write(self, frame):
        self.transport.write(encode(frame))
