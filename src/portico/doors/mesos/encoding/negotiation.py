"""Which encoding a request speaks and which ones its sender understands.

Owns the rules for Content-Type, Accept and, where records are streamed, Message-Content-Type and Message-Accept.
Parameters such as a charset are ignored.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

import msgspec
from google.protobuf.message import Message

from portico.domain.errors import PorticoError
from portico.doors.mesos.encoding import jsonpb

RECORDIO = "application/recordio"
_JSON = "application/json"
_PROTOBUF = "application/x-protobuf"
_MOST_HEADERS = 128  # distinct values remembered


class Encoding(Enum):
    """How a message is written; the value is its media type."""

    JSON = _JSON
    PROTOBUF = _PROTOBUF


class RequestType(msgspec.Struct, frozen=True):
    """The encoding of a request's message, or of each of its records if it streams them."""

    encoding: Encoding
    streaming: bool = False


class ReplyType(msgspec.Struct, frozen=True):
    """The encoding a reply has; `recordio` when the sender asked for a stream by that name."""

    encoding: Encoding
    recordio: bool = False

    @property
    def stream_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Give the headers that say what a stream of records is."""
        media_type = self.encoding.value.encode()
        if not self.recordio:
            return ((b"content-type", media_type),)
        return ((b"content-type", RECORDIO.encode()), (b"message-content-type", media_type))


class BadNegotiation(PorticoError):
    """The headers name no encoding of ours; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@lru_cache(_MOST_HEADERS)
def request_type(content_type: str | None, message_content_type: str | None = None, *, streams: bool) -> RequestType:
    """Say how a request's body is to be read; `streams` when the endpoint takes a stream of records.

    Raises BadNegotiation with status 400 where a header is missing, 415 where it names another type.
    """
    if content_type is None:
        raise BadNegotiation(400, "Expecting 'Content-Type' to be present")
    media_type = _media_type(content_type)
    if streams and media_type == RECORDIO:
        if message_content_type is None:
            raise BadNegotiation(400, "Expecting 'Message-Content-Type' to be set for streaming requests")
        inner = _encoding(_media_type(message_content_type))
        if inner is None:
            raise BadNegotiation(415, f"Expecting 'Message-Content-Type' of {_JSON} or {_PROTOBUF}")
        return RequestType(inner, streaming=True)
    encoding = _encoding(media_type)
    if encoding is None:
        others = f", {_PROTOBUF} or {RECORDIO}" if streams else f" or {_PROTOBUF}"
        raise BadNegotiation(415, f"Expecting 'Content-Type' of {_JSON}{others}")
    if streams and message_content_type is not None:
        raise BadNegotiation(415, "'Message-Content-Type' should not be set for non-streaming requests")
    return RequestType(encoding)


@lru_cache(_MOST_HEADERS)
def reply_type(accept: str | None, message_accept: str | None = None, *, streams: bool) -> ReplyType:
    """Say how a reply is to be written; JSON where both are welcome. `streams` when a reply may be a RecordIO stream.

    Raises BadNegotiation with status 406 where none of ours is welcome.
    """
    if (encoding := _welcome(accept)) is not None:
        if streams and message_accept is not None:
            raise BadNegotiation(406, "'Message-Accept' should not be set for non-streaming replies")
        return ReplyType(encoding)
    if streams and accept is not None and RECORDIO in _acceptable(accept):
        inner = _welcome(message_accept)
        if inner is None:
            raise BadNegotiation(406, f"Expecting 'Message-Accept' to allow {_JSON} or {_PROTOBUF}")
        return ReplyType(inner, recordio=True)
    raise BadNegotiation(406, f"Expecting 'Accept' to allow '{_PROTOBUF}' or '{_JSON}'")


def encode(message: Message, encoding: Encoding) -> bytes:
    """Write a message, whether or not all its required fields are set."""
    return jsonpb.encode(message) if encoding is Encoding.JSON else message.SerializePartialToString()


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _encoding(media_type: str) -> Encoding | None:
    return next((encoding for encoding in Encoding if encoding.value == media_type), None)


def _welcome(accept: str | None) -> Encoding | None:
    """Choose among the encodings an Accept header allows."""
    if accept is None:
        return Encoding.JSON
    allowed = _acceptable(accept)
    if not allowed.isdisjoint({"*/*", "*", "application/*", _JSON}):
        return Encoding.JSON
    return Encoding.PROTOBUF if _PROTOBUF in allowed else None


def _acceptable(accept: str) -> set[str]:
    """List the media types a header allows, without those it gives no weight at all."""
    allowed = set()
    for entry in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        if not any(_is_zero(parameter) for parameter in parameters):
            allowed.add(media_type)
    return allowed


def _is_zero(parameter: str) -> bool:
    """Tell whether a parameter is a weight of zero."""
    name, _, weight = parameter.partition("=")
    return name.strip() == "q" and weight.strip() in {"0", "0.0", "0.00", "0.000"}
