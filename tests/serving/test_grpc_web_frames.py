"""Frames and base64 text of gRPC-Web, however they are divided."""

from __future__ import annotations

import asyncio
import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.serving.grpc_ends import Code, Refusal
from portico.serving.grpc_web_frames import Body, Splitter, TextDecoder, as_text, message_frame, trailers_frame

MOST = 1_000
MESSAGES = st.lists(st.binary(max_size=40), max_size=6)


def divided(data: bytes, cuts: list[int]) -> list[bytes]:
    """Divide bytes at the places that the numbers say."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=8))
def test_messages_come_out_however_the_bytes_are_divided(messages, cuts):
    splitter = Splitter(MOST)
    found = [one for part in divided(b"".join(map(message_frame, messages)), cuts) for one in splitter.feed(part)]
    splitter.finish()
    assert found == messages


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=8))
def test_text_padded_for_each_frame_is_read_however_it_is_divided(messages, cuts):
    splitter, decoder = Splitter(MOST), TextDecoder()
    text = b"".join(as_text(message_frame(message)) for message in messages)
    found = [one for part in divided(text, cuts) for one in splitter.feed(decoder.feed(part))]
    decoder.finish()
    splitter.finish()
    assert found == messages


@given(st.lists(st.binary(max_size=60), max_size=5), st.booleans())
def test_whatever_a_client_sends_ends_in_messages_or_a_refusal(parts, text):
    async def receive():
        if parts:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def read() -> list[bytes]:
        return [message async for message in Body(receive, MOST, text=text).messages()]

    sent = b"".join(parts)
    try:
        found = asyncio.run(read())
    except Refusal as refusal:
        assert refusal.code in {Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED, Code.RESOURCE_EXHAUSTED}
    else:
        assert b"".join(map(message_frame, found)) == (TextDecoder().feed(sent) if text else sent)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (struct.pack(">BI", 1, 3) + b"abc", Code.UNIMPLEMENTED),
        (struct.pack(">BI", 0x80, 3) + b"abc", Code.INVALID_ARGUMENT),
        (struct.pack(">BI", 0, MOST + 1), Code.RESOURCE_EXHAUSTED),
    ],
)
def test_what_is_no_frame_of_a_request_is_refused_before_it_is_kept(data, code):
    with pytest.raises(Refusal) as caught:
        Splitter(MOST).feed(data)
    assert caught.value.code is code


@pytest.mark.parametrize("cut", range(1, 8))
def test_an_unfinished_frame_is_refused(cut):
    splitter = Splitter(MOST)
    splitter.feed(message_frame(b"abc")[:cut])
    with pytest.raises(Refusal, match="ends inside a frame"):
        splitter.finish()


@pytest.mark.parametrize("text", [b"ab-d", b"a===", b"\xff\xff\xff\xff"])
def test_what_is_no_base64_is_refused(text):
    with pytest.raises(Refusal, match="no base64"):
        TextDecoder().feed(text)


def test_letters_that_are_missing_are_refused():
    decoder = TextDecoder()
    assert decoder.feed(b"YWJj" + b"YW") == b"abc"
    with pytest.raises(Refusal, match="ends early"):
        decoder.finish()


def test_trailers_are_a_frame_of_lines():
    frame = trailers_frame([("grpc-status", "5"), ("grpc-message", "not%20here")])
    assert frame == b"\x80\x00\x00\x00\x2agrpc-status: 5\r\ngrpc-message: not%20here\r\n"
