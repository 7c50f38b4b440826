"""Streams: order, bounds, and one end with its reason, whichever side brings it about."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

import pytest
from doors.mesos.serving.asgi import Exchange
from hypothesis import example, given
from hypothesis import strategies as st

from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.serving import streams
from portico.doors.mesos.serving.broadcasts import Broadcast
from portico.doors.mesos.serving.heartbeats import Heartbeats
from portico.doors.mesos.serving.streams import Stream, StreamBounds, StreamEnd
from portico.wire.mesos import scheduler_pb2


class Subscriber:
    """A stream being delivered to a client that tests steer; `dropped` once its connection was aborted."""

    def __init__(self, bounds=None, *, abortable=True):
        self.ends = []
        self.stream = Stream(self.ends.append, bounds or StreamBounds())
        self.exchange = Exchange(pieces=[])
        self.dropped = False
        self.abort = self._abort if abortable else None

    def _abort(self):
        self.dropped = True
        self.exchange.gone.set()
        self.exchange.reading.set()

    async def __aenter__(self):
        await self.exchange.send({"type": "http.response.start", "status": 200, "headers": []})
        self.task = asyncio.create_task(self.stream.deliver(self.exchange.receive, self.exchange.send, self.abort))
        return self

    async def __aexit__(self, *_error):
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


def test_a_record_may_be_made_when_its_turn_comes():
    async def run():
        stream = Stream(lambda _end: None)
        made = []

        def make(number):
            made.append(number)
            return b"%d" % number

        for number in range(3):
            stream.send(partial(make, number))
        stream.send(b"last")
        assert (made, stream.waiting) == ([], (4, 3 * streams.UNMADE + 4))
        exchange = Exchange(pieces=[])
        await exchange.send({"type": "http.response.start", "status": 200, "headers": []})
        stream.close()
        await stream.deliver(exchange.receive, exchange.send, None)
        assert exchange.chunks == [b"0", b"1", b"2", b"last"]
        assert stream.waiting == (0, 0)

    asyncio.run(run())


def test_each_record_is_a_chunk_and_order_is_kept():
    async def run():
        async with Subscriber() as client:
            sent = [b"%d" % number for number in range(500)]
            for record in sent[:100]:
                assert client.stream.send(record)
            await client.exchange.until(lambda made: len(made.chunks) == 100)
            for record in sent[100:]:
                client.stream.send(record)
            client.stream.close(b"last")
            assert not client.stream.send(b"too late")
            client.stream.close(b"twice")
            await client.task
            assert client.exchange.chunks == [*sent, b"last"]
            assert client.exchange.complete
            assert client.ends == [StreamEnd.CLOSED]
            assert client.stream.end is StreamEnd.CLOSED

    asyncio.run(run())


def test_a_subscriber_that_leaves_is_told_of_once():
    async def run():
        async with Subscriber() as client:
            client.stream.send(b"a")
            await client.exchange.until(lambda made: made.chunks)
            client.exchange.gone.set()
            await client.task
            assert client.ends == [StreamEnd.LEFT]
            assert not client.stream.send(b"b")
            client.stream.close()
            client.stream.abandon()
            assert client.ends == [StreamEnd.LEFT]
            assert not client.exchange.complete

    asyncio.run(run())


@pytest.mark.parametrize("bounds", [StreamBounds(records=3), StreamBounds(bytes=30)])
def test_a_subscriber_that_stops_reading_is_cut_off(bounds):
    async def run():
        async with Subscriber(bounds) as client:
            client.exchange.reading.clear()
            client.stream.send(b"0123456789")  # taken by the write that then waits
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            taken = 0
            while client.stream.send(b"0123456789"):
                taken += 1
            assert taken == 3
            assert client.stream.end is StreamEnd.SLOW
            assert client.stream.waiting == (0, 0)
            await client.task
            assert client.dropped
            assert client.ends == [StreamEnd.SLOW]

    asyncio.run(run())


def test_a_burst_cuts_off_before_anything_is_written_and_the_connection_is_dropped():
    async def run():
        async with Subscriber(StreamBounds(records=3)) as client:
            while client.stream.send(b"x"):
                pass
            await client.task
            assert client.dropped
            assert client.ends == [StreamEnd.SLOW]
            assert client.exchange.chunks == []

    asyncio.run(run())


def test_a_long_backlog_lets_others_have_their_turn():
    async def run():
        async with Subscriber() as client:
            for number in range(1_000):
                client.stream.send(b"%d" % number)
            turns = 0
            while client.stream.waiting[0]:
                await asyncio.sleep(0)
                turns += 1
            assert turns >= 9

    asyncio.run(run())


def test_one_record_may_be_larger_than_the_bound():
    stream = Stream(bounds=StreamBounds(bytes=10))
    assert stream.send(b"x" * 100)
    assert not stream.send(b"")


def test_a_subscriber_that_cannot_be_dropped_is_left_unfinished():
    async def run():
        async with Subscriber(StreamBounds(records=1), abortable=False) as client:
            client.exchange.reading.clear()
            client.stream.send(b"a")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            client.stream.send(b"b")
            assert not client.stream.send(b"c")
            await client.task
            assert client.ends == [StreamEnd.SLOW]
            assert not client.exchange.complete

    asyncio.run(run())


def test_a_closed_stream_whose_subscriber_does_not_read_is_dropped_after_a_while(monkeypatch):
    monkeypatch.setattr(streams, "DRAIN_SECONDS", 0.01)

    async def run():
        async with Subscriber() as client:
            client.exchange.reading.clear()
            client.stream.close(b"failed over")
            await client.task
            assert client.dropped
            assert client.ends == [StreamEnd.CLOSED]

    asyncio.run(run())


def test_stopping_the_server_ends_a_stream():
    async def run():
        async with Subscriber() as client:
            client.stream.send(b"a")
            await client.exchange.until(lambda made: made.chunks)
            client.task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await client.task
            assert client.ends == [StreamEnd.STOPPED]

    asyncio.run(run())


def test_an_error_of_whoever_is_told_stays_there():
    def fail(_end):
        raise RuntimeError("defect")

    stream = Stream(fail)
    stream.abandon()
    assert stream.end is StreamEnd.LEFT


@example(["send", "send", "leave", "close", "pause", "step", "step"])
@given(st.lists(st.sampled_from(["send", "read", "leave", "close", "pause", "step"]), max_size=30))
def test_whatever_happens_records_arrive_in_order_and_the_end_is_told_once(steps):
    async def run():
        async with Subscriber(StreamBounds(records=4)) as client:
            sent = []
            for number, step in enumerate(steps):
                match step:
                    case "send":
                        if client.stream.send(b"%d" % number):
                            sent.append(b"%d" % number)
                    case "read":
                        client.exchange.reading.set()
                    case "pause":
                        client.exchange.reading.clear()
                    case "leave":
                        client.exchange.gone.set()
                    case "close":
                        client.stream.close()
                    case _:
                        await asyncio.sleep(0)
            client.exchange.reading.set()
            client.exchange.gone.set()
            await client.task
            assert len(client.ends) == 1
            assert client.exchange.chunks == sent[: len(client.exchange.chunks)]
            if client.exchange.complete:
                assert client.exchange.chunks == sent

    asyncio.run(run())


class TickedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting."""

    def __init__(self):
        super().__init__()
        self.now = 1_000.0

    def time(self):
        return self.now

    def _run_once(self):
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0].when())
        super()._run_once()


def run_ticked(coroutine):
    with asyncio.Runner(loop_factory=TickedLoop) as runner:
        return runner.run(coroutine)


class Noting(Stream):
    """A stream that notes when records were queued."""

    def __init__(self):
        super().__init__()
        self.noted = []

    def send(self, record):
        self.noted.append(asyncio.get_running_loop().time())
        return super().send(record)


def test_every_stream_gets_a_heartbeat_each_interval_from_when_it_was_added():
    async def run():
        beats = Heartbeats(15)
        task = asyncio.create_task(beats.run())
        first, second = Noting(), Noting()
        beats.add(first, b"h")
        await asyncio.sleep(4)
        beats.add(second, b"h")
        await asyncio.sleep(42)
        assert first.noted == pytest.approx([1015, 1030, 1045])
        assert second.noted == pytest.approx([1019, 1034])
        first.close()
        await asyncio.sleep(30)
        assert len(first.noted) == 4  # asked once more, and forgotten
        assert second.noted == pytest.approx([1019, 1034, 1049, 1064])
        second.abandon()
        await asyncio.sleep(100)
        third = Noting()
        beats.add(third, b"h")
        await asyncio.sleep(16)
        assert len(third.noted) == 1
        task.cancel()

    run_ticked(run())


def test_beats_missed_while_the_loop_was_busy_are_not_repeated():
    async def run():
        beats = Heartbeats(10)
        task = asyncio.create_task(beats.run())
        stream, other = Noting(), Noting()
        beats.add(stream, b"h")
        await asyncio.sleep(9)
        beats.add(other, b"h")
        asyncio.get_running_loop().now += 50
        await asyncio.sleep(0.5)
        assert len(stream.noted) == 1
        await asyncio.sleep(10)
        assert stream.noted == pytest.approx([1059, 1069], abs=0.5)
        assert other.noted == pytest.approx([1059, 1069], abs=0.5)
        task.cancel()

    run_ticked(run())


def test_an_event_is_written_once_per_encoding():
    event = scheduler_pb2.Event(type="HEARTBEAT")
    broadcast = Broadcast(event)
    assert broadcast.record(Encoding.JSON) == b'20\n{"type":"HEARTBEAT"}'
    assert broadcast.record(Encoding.JSON) is broadcast.record(Encoding.JSON)
    assert broadcast.record(Encoding.PROTOBUF) == b"2\n\x08\x08"
