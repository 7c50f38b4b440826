"""What the HTTP headers of a gRPC-Web request mean to gRPC, and what metadata and a status look like on the way back.

Promises: nothing a browser or a proxy adds for itself becomes metadata, nothing that this server says of a caller can
be said by the caller, and no header can break a line.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator

import msgspec

from portico.serving.grpc_ends import Code, Refusal
from portico.serving.peers import PEER_METADATA
from portico.serving.request_context import REQUEST_ID_HEADER

Pairs = Iterable[tuple[str, str | bytes]]

_CONTENT_TYPE = re.compile(r"application/grpc-web(-text)?(\+proto)?\s*(;.*)?", re.IGNORECASE)
_TIMEOUT = re.compile(r"([0-9]{1,8})([HMSmun])")
_SECONDS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_NAME = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
_PLAIN = frozenset(range(0x20, 0x7F)) - {ord("%")}
_OWN_PREFIXES = ("accept", "access-control-", "sec-", "if-", "proxy-", "grpc-")
_OWN = frozenset(
    {
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "date",
        "dnt",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "origin",
        "pragma",
        "priority",
        "range",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "x-grpc-web",
        PEER_METADATA,
    }
)
"""Headers that are the transport's or the browser's own affair."""


class Form(msgspec.Struct, frozen=True):
    """How a body is written: its content type, and whether it is base64 text."""

    content_type: str
    text: bool


def form_of(content_type: str) -> Form | None:
    """Read a content type; None when it is none of gRPC-Web."""
    found = _CONTENT_TYPE.fullmatch(content_type.strip())
    if found is None:
        return None
    return Form(content_type.partition(";")[0].strip().lower(), found.group(1) is not None)


def answer_form(asked: Form, accept: str) -> Form:
    """Choose how the answer is written: as the client says that it accepts, else like its request."""
    for part in accept.lower().split(","):
        found = form_of(part)
        if found is not None:
            return found
    return asked


def timeout_of(value: str) -> float | None:
    """Read `grpc-timeout`; gives seconds, None without one. Raises Refusal."""
    if not value:
        return None
    found = _TIMEOUT.fullmatch(value)
    if found is None:
        raise Refusal(Code.INVALID_ARGUMENT, "grpc-timeout is no number of up to eight digits with a unit")
    return int(found.group(1)) * _SECONDS[found.group(2)]


def metadata_of(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[str, str | bytes]]:
    """Give what of a request's headers is metadata; raises Refusal for what cannot be any."""
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        if name in _OWN or name == REQUEST_ID_HEADER or name.startswith(_OWN_PREFIXES):
            continue
        value = raw_value.decode("latin-1")
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Refusal(Code.INVALID_ARGUMENT, f"the header {name!a} cannot be metadata")
        if name.endswith("-bin"):
            yield from ((name, _decoded(name, part.strip())) for part in value.split(","))
        else:
            yield name, value


def _decoded(name: str, value: str) -> bytes:
    try:
        return base64.b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(Code.INVALID_ARGUMENT, f"the header {name} is no base64") from error


def written(metadata: Pairs | None) -> list[tuple[str, str]]:
    """Write metadata as headers or trailers."""
    return [
        (name, base64.b64encode(value).decode() if isinstance(value, bytes) else value)
        for name, value in metadata or ()
        if name not in _OWN and name not in {"grpc-status", "grpc-message"}
    ]


def status(code: int, details: str, metadata: Pairs | None) -> list[tuple[str, str]]:
    """Write how a call ended as trailers."""
    trailers = [("grpc-status", str(code))]
    if details:
        trailers.append(("grpc-message", escaped(details)))
    return [*trailers, *written(metadata)]


def escaped(details: str) -> str:
    """Write a status message with everything but plain ASCII as percent and hexadecimal digits."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in details.encode("utf-8", "replace"))
