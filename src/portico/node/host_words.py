"""What a host and the agent say to each other: lines of JSON with a `t` tag; `hosted` has the rules."""

from __future__ import annotations

import msgspec

from portico.domain.runs import EndCause

LONGEST_LINE = 4 << 20
"""Bytes of one line; a note takes four thirds of its size."""


class Word(msgspec.Struct, frozen=True, tag_field="t"):
    """Root of all words."""


# ---- from the host ---------------------------------------------------------------------------------------------


class Hello(Word, frozen=True, tag="hello"):
    """Who is the host."""

    run: str
    token: int


class Started(Word, frozen=True, tag="started"):
    """A hosted Run runs."""

    run: str


class Healthy(Word, frozen=True, tag="healthy"):
    """A hosted Run's health has changed."""

    run: str
    healthy: bool


class Note(Word, frozen=True, tag="note"):
    """What the host has to say of a hosted Run, opaque to Portico; answered by HostNoted with the same number."""

    run: str
    number: int
    payload: bytes


class HostedEnd(Word, frozen=True, tag="ended"):
    """A hosted Run has ended."""

    run: str
    cause: EndCause = EndCause.EXITED
    exit_code: int | None = None
    signal: int | None = None
    message: str = ""
    output: bytes = b""


# ---- to the host -----------------------------------------------------------------------------------------------


class HostLaunch(Word, frozen=True, tag="launch"):
    """Start a hosted Run; `started` tells that the host has said before that it runs."""

    run: str
    token: int
    payload: bytes
    labels: dict[str, str]
    ports: tuple[tuple[int, int], ...]
    started: bool = False


class HostStop(Word, frozen=True, tag="stop"):
    """End a hosted Run; `grace` in microseconds."""

    run: str
    reason: str
    message: str
    grace: int


class HostNoted(Word, frozen=True, tag="noted"):
    """A note is durable, or can change nothing any more since the Run's end is."""

    run: str
    number: int


class HostMessage(Word, frozen=True, tag="message"):
    """Words for the host itself, opaque to Portico, best effort."""

    payload: bytes


class HostWelcome(Word, frozen=True, tag="welcome"):
    """All that is hosted has been told."""


class HostRefused(Word, frozen=True, tag="refused"):
    """There is no such host on this node, or not any more."""

    message: str


FromHost = Hello | Started | Healthy | Note | HostedEnd
ToHost = HostLaunch | HostStop | HostNoted | HostMessage | HostWelcome | HostRefused

_decoder = msgspec.json.Decoder(FromHost)
_encoder = msgspec.json.Encoder()


def encode(word: ToHost) -> bytes:
    """Give the line of a word."""
    return _encoder.encode(word) + b"\n"


def decode(line: bytes) -> FromHost:
    """Read a host's line; raises msgspec.DecodeError."""
    word: FromHost = _decoder.decode(line)
    return word
