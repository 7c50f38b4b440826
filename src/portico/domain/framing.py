"""Frames on a byte stream: four bytes of big-endian length, then one MessagePack message.

Promises: bytes from outside either become a frame or raise Invalid; a frame never exceeds MAX_FRAME.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from portico.domain.calls.frames import ToCallAgent
from portico.domain.errors import Invalid
from portico.domain.frames import Frame, ToAgent, ToOutpost, ToWorker
from portico.domain.peers import FromPeer

FrameT = TypeVar("FrameT")

MAX_FRAME = 32 << 20
HEADER = 4

_encoder = msgspec.msgpack.Encoder()
from_peer = msgspec.msgpack.Decoder(FromPeer)
to_agent = msgspec.msgpack.Decoder(ToAgent)
to_worker = msgspec.msgpack.Decoder(ToWorker)
to_call_agent = msgspec.msgpack.Decoder(ToCallAgent)
to_outpost = msgspec.msgpack.Decoder(ToOutpost)


def encode(frame: Frame) -> bytes:
    """Give the frame's bytes with their length in front."""
    body = _encoder.encode(frame)
    if len(body) > MAX_FRAME:
        raise Invalid(f"a frame of {len(body)} bytes exceeds {MAX_FRAME}")
    return len(body).to_bytes(HEADER, "big") + body


class Splitter:
    """Cuts a stream of bytes, as it arrives, into frame bodies."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take more bytes and yield each body that is now whole."""
        buffer = self._buffer
        buffer += data
        position = 0
        try:
            while len(buffer) - position >= HEADER:
                length = int.from_bytes(buffer[position : position + HEADER], "big")
                if length > MAX_FRAME:
                    raise Invalid(f"a frame of {length} bytes exceeds {MAX_FRAME}")
                if len(buffer) - position - HEADER < length:
                    break
                start = position + HEADER
                position = start + length
                yield bytes(buffer[start:position])
        finally:
            del buffer[:position]


def decode(decoder: msgspec.msgpack.Decoder[FrameT], body: bytes) -> FrameT:
    """Read one frame; anything else raises Invalid."""
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise Invalid(f"not a frame: {error}") from error
