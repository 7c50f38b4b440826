"""Which encoding is spoken: a missing, unknown or unwelcome type has a status and a sentence of its own."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.doors.mesos.encoding.negotiation import (
    BadNegotiation,
    Encoding,
    ReplyType,
    RequestType,
    encode,
    reply_type,
    request_type,
)
from portico.wire.mesos import scheduler_pb2

JSON, PROTOBUF = "application/json", "application/x-protobuf"
RECORDIO = "application/recordio"


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (JSON, Encoding.JSON),
        ("application/json; charset=utf-8", Encoding.JSON),
        ("Application/JSON", Encoding.JSON),
        (PROTOBUF, Encoding.PROTOBUF),
        (" application/x-protobuf ;x=y", Encoding.PROTOBUF),
    ],
)
def test_a_content_type_names_an_encoding_whatever_its_parameters(header, encoding):
    assert request_type(header, streams=False) == RequestType(encoding)
    assert request_type(header, streams=True) == RequestType(encoding)


@pytest.mark.parametrize(
    ("content", "message", "streams", "status", "text"),
    [
        (None, None, False, 400, "Expecting 'Content-Type' to be present"),
        ("", None, False, 415, "Expecting 'Content-Type' of application/json or application/x-protobuf"),
        ("text/json", None, False, 415, "Expecting 'Content-Type' of application/json or application/x-protobuf"),
        (RECORDIO, JSON, False, 415, "Expecting 'Content-Type' of application/json or application/x-protobuf"),
        ("text/plain", None, True, 415, "application/recordio"),
        (RECORDIO, None, True, 400, "Expecting 'Message-Content-Type' to be set for streaming requests"),
        (RECORDIO, "text/plain", True, 415, "Expecting 'Message-Content-Type' of"),
        (JSON, JSON, True, 415, "should not be set for non-streaming requests"),
    ],
)
def test_a_wrong_content_type_is_refused(content, message, streams, status, text):
    with pytest.raises(BadNegotiation, match=text) as caught:
        request_type(content, message, streams=streams)
    assert caught.value.status == status


def test_a_request_may_stream_records():
    assert request_type(RECORDIO, PROTOBUF, streams=True) == RequestType(Encoding.PROTOBUF, streaming=True)


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        (None, Encoding.JSON),
        ("*/*", Encoding.JSON),
        ("application/*", Encoding.JSON),
        (JSON, Encoding.JSON),
        (PROTOBUF, Encoding.PROTOBUF),
        (f"{PROTOBUF}, {JSON};q=0.1", Encoding.JSON),
        (f"{JSON};q=0, {PROTOBUF}", Encoding.PROTOBUF),
        (f"text/html, {PROTOBUF};q=0.5", Encoding.PROTOBUF),
    ],
)
def test_the_reply_is_json_where_both_are_welcome(accept, encoding):
    assert reply_type(accept, streams=False) == ReplyType(encoding)
    assert reply_type(accept, streams=True) == ReplyType(encoding)


@pytest.mark.parametrize(
    ("accept", "message", "streams", "text"),
    [
        ("text/html", None, False, "Expecting 'Accept' to allow"),
        ("", None, False, "Expecting 'Accept' to allow"),
        (RECORDIO, JSON, False, "Expecting 'Accept' to allow"),
        (f"{JSON};q=0", None, False, "Expecting 'Accept' to allow"),
        (RECORDIO, "text/html", True, "Expecting 'Message-Accept' to allow"),
        (JSON, JSON, True, "'Message-Accept' should not be set"),
    ],
)
def test_a_reply_nobody_wants_is_not_made(accept, message, streams, text):
    with pytest.raises(BadNegotiation, match=text) as caught:
        reply_type(accept, message, streams=streams)
    assert caught.value.status == 406


def test_a_stream_says_what_its_records_are():
    asked = reply_type(RECORDIO, None, streams=True)
    assert asked == ReplyType(Encoding.JSON, recordio=True)
    assert asked.stream_headers == (
        (b"content-type", b"application/recordio"),
        (b"message-content-type", b"application/json"),
    )
    assert reply_type(RECORDIO, PROTOBUF, streams=True).encoding is Encoding.PROTOBUF
    assert ReplyType(Encoding.PROTOBUF).stream_headers == ((b"content-type", b"application/x-protobuf"),)


@given(st.none() | st.text(max_size=40), st.none() | st.text(max_size=40), st.booleans())
def test_arbitrary_headers_are_understood_or_refused(first, second, streams):
    with contextlib.suppress(BadNegotiation):
        request_type(first, second, streams=streams)
    with contextlib.suppress(BadNegotiation):
        reply_type(first, second, streams=streams)


def test_a_message_is_written_in_either_encoding():
    event = scheduler_pb2.Event(type="HEARTBEAT")
    assert encode(event, Encoding.JSON) == b'{"type":"HEARTBEAT"}'
    assert scheduler_pb2.Event.FromString(encode(event, Encoding.PROTOBUF)) == event
