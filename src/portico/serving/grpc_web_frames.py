"""The frames of gRPC-Web: a flag, a length, and a message or the trailers; in binary, or as base64 text.

Owns the cutting of what a client sends, however it is divided, and the making of frames. Promises: no more is kept of
an unfinished message than the bound allows, and what cannot be a frame costs only its own request.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import struct
from collections.abc import AsyncIterator, Iterable

from starlette.types import Message, Receive

from portico.serving.grpc_ends import Code, Refusal
from portico.serving.http_errors import BodyTooLarge

MESSAGE = 0x00
COMPRESSED = 0x01
TRAILERS = 0x80
_HEAD = struct.Struct(">BI")
_QUANTUM = 4  # letters of base64 that stand for up to three bytes


class Splitter:
    """Cuts the bytes of a request into messages of at most `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take more bytes; gives the messages that are complete now. Raises Refusal."""
        rest = self._rest
        rest += data
        messages: list[bytes] = []
        while len(rest) >= _HEAD.size:
            flag, length = _HEAD.unpack_from(rest)
            self._check(flag, length)
            end = _HEAD.size + length
            if len(rest) < end:
                break
            messages.append(bytes(memoryview(rest)[_HEAD.size : end]))
            del rest[:end]
        return messages

    def finish(self) -> None:
        """Hear that nothing follows; raises Refusal when a frame is incomplete."""
        if self._rest:
            raise Refusal(Code.INVALID_ARGUMENT, "the request ends inside a frame")

    def _check(self, flag: int, length: int) -> None:
        if flag == COMPRESSED:
            raise Refusal(Code.UNIMPLEMENTED, "this server takes no compressed messages over gRPC-Web")
        if flag != MESSAGE:
            raise Refusal(Code.INVALID_ARGUMENT, f"a request has no frames with the flag {flag:#04x}")
        if length > self._most:
            raise Refusal(
                Code.RESOURCE_EXHAUSTED,
                f"a message of {length} bytes is larger than the {self._most} this server takes",
            )


class TextDecoder:
    """Gives the bytes that base64 text stands for; pieces of it may be padded each for itself."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take more text; gives the bytes that are certain now. Raises Refusal."""
        text = self._rest + data
        whole = len(text) - len(text) % _QUANTUM
        self._rest = text[whole:]
        try:
            return b"".join(binascii.a2b_base64(piece, strict_mode=True) for piece in _padded_pieces(text[:whole]))
        except binascii.Error as error:
            raise Refusal(Code.INVALID_ARGUMENT, f"the request is no base64 text: {error}") from error

    def finish(self) -> None:
        """Hear that nothing follows; raises Refusal when letters are missing."""
        if self._rest:
            raise Refusal(Code.INVALID_ARGUMENT, "the base64 text of the request ends early")


def _padded_pieces(text: bytes) -> Iterable[bytes]:
    """Cut text of whole quanta behind each padding."""
    start = 0
    while start < len(text):
        padding = text.find(b"=", start)
        end = len(text) if padding < 0 else padding - padding % _QUANTUM + _QUANTUM
        yield text[start:end]
        start = end


def message_frame(message: bytes) -> bytes:
    """Make the frame of a message."""
    return _HEAD.pack(MESSAGE, len(message)) + message


def trailers_frame(trailers: Iterable[tuple[str, str]]) -> bytes:
    """Make the frame that ends a response."""
    text = "".join(f"{name}: {value}\r\n" for name, value in trailers).encode("latin-1")
    return _HEAD.pack(TRAILERS, len(text)) + text


def as_text(frame: bytes) -> bytes:
    """Write a frame as base64."""
    return base64.b64encode(frame)


class Body:
    """The messages of a request, each of at most `most` bytes."""

    def __init__(self, receive: Receive, most: int, *, text: bool) -> None:
        self._receive = receive
        self._splitter = Splitter(most)
        self._decoder = TextDecoder() if text else None
        self.lost = False
        """Whether the client has gone."""

    async def messages(self) -> AsyncIterator[bytes]:
        """Give the messages as they come, up to the end of the body or until the client goes; raises Refusal."""
        more = True
        while more:
            event = await self._next()
            if self.lost:
                return
            data = event.get("body", b"")
            for message in self._splitter.feed(data if self._decoder is None else self._decoder.feed(data)):
                yield message
            more = event.get("more_body", False)
        if self._decoder is not None:
            self._decoder.finish()
        self._splitter.finish()

    async def wait_for_loss(self) -> None:
        """Wait until the client has gone, or sends more than it may; what it sends is not looked at."""
        with contextlib.suppress(Refusal):
            while not self.lost:
                await self._next()

    async def _next(self) -> Message:
        try:
            event = await self._receive()
        except BodyTooLarge as error:
            raise Refusal(Code.RESOURCE_EXHAUSTED, error.detail) from error
        self.lost = event["type"] == "http.disconnect"
        return event
