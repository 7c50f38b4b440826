"""What handlers see of HTTP: the request after all checks, and the reply they give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from urllib.parse import parse_qsl

import msgspec
from google.protobuf.message import Message

from portico.domain.errors import PorticoError
from portico.doors.mesos.encoding.negotiation import Encoding, ReplyType, encode
from portico.doors.mesos.encoding.recordio import frame
from portico.doors.mesos.serving.streams import Stream

TEXT = "text/plain; charset=utf-8"
Headers = tuple[tuple[bytes, bytes], ...]


class Reply(msgspec.Struct, frozen=True):
    """An answer: a body with its media type, or a stream of records."""

    status: int = 200
    body: bytes = b""
    media_type: str = ""
    headers: Headers = ()
    stream: Stream | None = None


OK = Reply()
ACCEPTED = Reply(202)


class Refused(PorticoError):
    """A request answered with an error: its HTTP status, a plain text and perhaps headers."""

    def __init__(self, status: int, text: str, headers: Headers = ()) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


def text_reply(status: int, text: str, headers: Headers = ()) -> Reply:
    """Make a reply of plain text."""
    return Reply(status, text.encode(), TEXT, headers)


class Request:
    """One request that passed every check of its endpoint.

    `message` and `roles` are the call, `content` its encoding and `accept` the one its sender wants back; without a
    call type they are None, empty, None and JSON, and `body` is what was sent. `records` are the further messages of
    a request that streams them.
    """

    __slots__ = (
        "__dict__",
        "_headers",
        "_query",
        "_writing",
        "accept",
        "body",
        "content",
        "message",
        "method",
        "path",
        "principal",
        "records",
        "roles",
    )

    def __init__(
        self, method: str, path: str, query: bytes, headers: Mapping[bytes, bytes], writing: asyncio.Lock
    ) -> None:
        self.method = method
        self.path = path
        self.principal: str | None = None
        self.body = b""
        self.message: Message | None = None
        self.roles: tuple[str, ...] = ()
        self.content: Encoding | None = None
        self.accept = ReplyType(Encoding.JSON)
        self.records: AsyncIterator[Message] | None = None
        self._query = query
        self._headers = headers
        self._writing = writing

    def header(self, name: str) -> str | None:
        """Give a header by its name in small letters."""
        value = self._headers.get(name.encode())
        return None if value is None else value.decode("latin-1")

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Give the parameters of the query; of a repeated one the last."""
        return dict(parse_qsl(self._query.decode("latin-1"), keep_blank_values=True))

    def reply(self, message: Message, status: int = 200) -> Reply:
        """Reply with a message in the encoding asked for."""
        return Reply(status, encode(message, self.accept.encoding), self.accept.encoding.value)

    async def reply_aside(self, message: Message, status: int = 200) -> Reply:
        """Reply with a large message, written in a thread, one at a time, so that everything else goes on."""
        async with self._writing:
            return await asyncio.to_thread(self.reply, message, status)

    def record(self, message: Message) -> bytes:
        """Write a message as one record of a stream."""
        return frame(encode(message, self.accept.encoding))

    def reply_stream(self, stream: Stream, headers: Headers = ()) -> Reply:
        """Reply with a stream of records in the encoding asked for."""
        return Reply(200, headers=(*self.accept.stream_headers, *headers), stream=stream)
