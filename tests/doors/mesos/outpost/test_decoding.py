"""Whatever bytes come from executors, agent and control: a clear refusal, never more."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from portico.domain.errors import Invalid, NotFound, Unavailable
from portico.domain.frames import OutpostHello, OutpostReady, Question, Refused, Reply
from portico.domain.framing import encode
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.executor_api import ExecutorApi
from portico.doors.mesos.outpost.executors import Executors
from portico.doors.mesos.outpost.hosting import Launch, Noted, Stop, Welcome, decode
from portico.doors.mesos.outpost.ledger import Ledger
from portico.doors.mesos.outpost.line import ControlLine, parse_link
from portico.doors.mesos.outpost.session import Session
from portico.doors.mesos.outpost.words import Done, ExecutorFacts, FindExecutor, TellState, Word
from portico.doors.mesos.serving.routing import Routing
from portico.wire.mesos import executor_pb2
from portico.wire.mesos import mesos_pb2 as pb

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
field = st.sampled_from(["t", "run", "number", "payload", "labels", "token", "grace", "started", "message"])


@given(st.binary(max_size=64) | st.dictionaries(field, json_values, max_size=6).map(lambda d: json.dumps(d).encode()))
def test_lines_of_the_agent(line: bytes) -> None:
    try:
        decode(line)
    except msgspec.DecodeError:
        return


hosted_words = st.one_of(
    st.builds(
        Launch,
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.binary(max_size=12) | st.just(pb.TaskInfo(name="n").SerializePartialToString()),
        st.dictionaries(st.sampled_from(["mesos.group", "x"]), st.sampled_from(["", "g/2", "/", "g/x", "g/0", "g/²"])),
        st.booleans(),
    ),
    st.builds(Stop, st.sampled_from("abc"), grace=st.integers(-5, 1 << 62)),
    st.builds(Noted, st.sampled_from("abc"), st.integers(0, 3)),
    st.builds(Welcome),
)


class Stream:
    def send(self, event: executor_pb2.Event) -> object:
        return event.SerializePartialToString()

    def close(self) -> None:
        return


@given(st.lists(hosted_words, max_size=12), st.integers(0, 12))
def test_words_of_the_agent(
    tmp_path_factory: pytest.TempPathFactory, said: list[Launch | Stop | Noted | Welcome], position: int
) -> None:
    ledger = Ledger(tmp_path_factory.getbasetemp())
    session = Session(ExecutorFacts("host", 1, "A", b"", b"", b""), "F", "E", ledger, lambda *_: None)
    for number, word in enumerate(said):
        if number == position:
            session.subscribe(Stream(), ("a",), ())
        session.hear(word)
    ledger.close()


class Api:
    """The executor API in this process, with a control that knows nobody."""

    def __init__(self, directory: Path, group: asyncio.TaskGroup) -> None:
        executors = Executors("/nowhere", Ledger(directory), group)
        executors.control = self  # type: ignore[assignment]
        self._app = Routing(ExecutorApi(executors, lambda: True).endpoints(), error_reply)

    async def ask(self, word: Word) -> Word:
        raise NotFound(f"nobody is {word}")

    async def post(self, body: bytes, content_type: str) -> int:
        sent: list[Message] = []
        headers = [(b"content-type", content_type.encode())]
        path = "/api/v1/executor"
        scope: Scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        return int(sent[0]["status"])


call_fields = st.fixed_dictionaries(
    {"type": st.sampled_from(["SUBSCRIBE", "UPDATE", "MESSAGE", "UNKNOWN", "HEARTBEAT"]) | json_values},
    optional={
        "framework_id": st.just({"value": "F"}) | json_values,
        "executor_id": st.just({"value": "E"}) | json_values,
        "subscribe": st.just({}) | json_values,
        "update": st.fixed_dictionaries(
            {},
            optional={"status": st.dictionaries(st.sampled_from(["task_id", "state", "uuid", "source"]), json_values)},
        ),
        "message": st.just({"data": "YQ=="}) | json_values,
    },
)


@settings(max_examples=200, deadline=None)
@given(
    body=st.binary(max_size=80) | call_fields.map(lambda call: json.dumps(call).encode()),
    content_type=st.sampled_from(["application/json", "application/x-protobuf", "text/plain"]),
)
def test_calls_of_executors(tmp_path_factory: pytest.TempPathFactory, body: bytes, content_type: str) -> None:
    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            api = Api(tmp_path_factory.getbasetemp(), group)
            assert await api.post(body, content_type) in (400, 415, 501)

    asyncio.run(story())


def test_frames_of_control(tmp_path: Path) -> None:
    """Garbage costs the line, which is made again; errors keep their kind; questions get answers."""

    async def story() -> None:
        path = str(tmp_path / "link")
        lines: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        server = await asyncio.start_unix_server(lambda *pair: lines.put_nowait(pair), path)
        asked: list[Word] = []

        async def heard(word: Word) -> Word:
            asked.append(word)
            if isinstance(word, FindExecutor):
                raise Invalid("not for us")
            return Done()

        line = ControlLine(f"unix:{path}", lambda: OutpostHello("mesos", "n", "s", "h:1"), heard)
        running = asyncio.create_task(line.run())
        for garbage in (b"\xff" * 9, encode(Refused("go away")), encode(Question(1, b""))[:5] + b"x" * 40):
            reader, writer = await lines.get()
            writer.write(garbage)
            while await reader.read(1000):
                pass
            writer.close()
        reader, writer = await lines.get()
        writer.write(encode(OutpostReady()))
        await line.ready.wait()
        for number, (reply, kind) in enumerate(
            (
                (Reply(1, error="NotFound: who?"), NotFound),
                (Reply(2, error="Strange: what?"), Unavailable),
                (Reply(3, b"\xc1"), Unavailable),
            ),
            1,
        ):
            asking = asyncio.create_task(line.ask(TellState()))
            await asyncio.sleep(0)
            writer.write(encode(Reply(99)) + encode(reply))
            with pytest.raises(kind):
                await asking
            assert reply.number == number
        for question in (b"\xc1", words.encode(FindExecutor("F", "E")), words.encode(TellState())):
            writer.write(encode(Question(1, question)))
        while len(asked) < 2:
            await asyncio.sleep(0.01)
        waiting = asyncio.create_task(line.ask(TellState()))
        await asyncio.sleep(0)
        writer.close()
        with pytest.raises(Unavailable):
            await waiting
        with pytest.raises(Unavailable):
            await line.ask(TellState())
        running.cancel()
        server.close()
        while not lines.empty():
            lines.get_nowait()[1].close()
        await asyncio.wait((running,))

    asyncio.run(story())


@pytest.mark.parametrize("link", ["", "unix:", "tcp:host", "tcp::1", "tcp:h:x", "udp:h:1"])
def test_links_that_are_none(link: str) -> None:
    with pytest.raises(Invalid):
        parse_link(link)


def test_links() -> None:
    assert parse_link("unix:/a/b") == "/a/b"
    assert parse_link("tcp:[::1]:7") == ("::1", 7)
