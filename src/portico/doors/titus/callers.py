"""Who calls and why: from the metadata of gRPC calls and the headers of HTTP requests.

Owns the rules by which many headers become one caller. Promises: there is always a caller; the serialized CallMetadata
names every known link of the chain, the direct caller last; a request's caller is read once, before anything else is
done for it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from contextvars import ContextVar

import msgspec
from google.protobuf.message import DecodeError

from portico.doors.titus.errors import invalid_argument, wants_details
from portico.wire.titus import base_pb2

UNKNOWN_CALLER = "unknownDirectCaller"
NO_REASON = "reason not given"
CALLER_ID = "x-titus-callerid"
CALLER_TYPE = "x-titus-callertype"
DIRECT_CALLER_ID = "x-titus-directcallerid"
DIRECT_CALLER_TYPE = "x-titus-directcallertype"
CALL_REASON = "x-titus-callreason"
CALL_METADATA = "x-titus-callmetadata-bin"
DEBUG = "x-titus-debug"
COMPRESSION = "x-titus-compression"
_HEADERS = frozenset(
    {CALLER_ID, CALLER_TYPE, DIRECT_CALLER_ID, DIRECT_CALLER_TYPE, CALL_REASON, CALL_METADATA, DEBUG, COMPRESSION}
)
_Kind = base_pb2.CallMetadata.CallerType
_KINDS = {"application": _Kind.Application, "user": _Kind.User}


class Caller(msgspec.Struct, frozen=True):
    """Where a call comes from first, with its reason; `metadata` is the whole chain, a serialized CallMetadata.

    `compression` is what the reply is to be packed with, empty for nothing.
    """

    id: str = UNKNOWN_CALLER
    kind: str = "Unknown"
    reason: str = NO_REASON
    debug: bool = False
    compression: str = ""
    metadata: bytes = b""


NOBODY = Caller()
_current: ContextVar[Caller] = ContextVar("portico_titus_caller", default=NOBODY)

current_caller = _current.get
"""Gives the caller of the request in hand, once that was read."""


def caller_of(pairs: Iterable[tuple[str, str | bytes]], proven: str = "") -> Caller:
    """Read the caller of the request in hand, and remember it and whether it wants details of errors.

    `proven` is who the connection was proven to come from, the direct caller unless it says otherwise. Raises
    TitusError for call metadata that is none.
    """
    found = {name.lower(): value for name, value in pairs if name.lower() in _HEADERS}
    debug = _text(found, DEBUG).lower() == "true"
    wants_details.set(debug)
    metadata = _metadata(found[CALL_METADATA]) if CALL_METADATA in found else _from_headers(found)
    debug = debug or metadata.debug
    wants_details.set(debug)
    metadata.debug = debug
    _add_direct(metadata, found, proven)
    first = metadata.callers[0]
    metadata.callerId = first.id
    metadata.callReason = metadata.callReason or NO_REASON
    caller = Caller(
        id=first.id,
        kind=_kind_name(first.type),
        reason=metadata.callReason,
        debug=debug,
        compression=_text(found, COMPRESSION).lower(),
        metadata=metadata.SerializeToString(),
    )
    _current.set(caller)
    return caller


def _from_headers(found: dict[str, str | bytes]) -> base_pb2.CallMetadata:
    metadata = base_pb2.CallMetadata(callReason=_text(found, CALL_REASON))
    identity = _text(found, CALLER_ID)
    if identity:
        metadata.callers.add(id=identity, type=_kind(_text(found, CALLER_TYPE)))
        metadata.callPath.append(identity)
    return metadata


def _metadata(value: str | bytes) -> base_pb2.CallMetadata:
    """Read the header that holds the chain so far; HTTP brings it as Base64."""
    try:
        data = value if isinstance(value, bytes) else _decoded(value.strip())
        metadata = base_pb2.CallMetadata.FromString(data)
    except (DecodeError, binascii.Error, ValueError) as error:
        raise invalid_argument("X-Titus-CallMetadata-bin is no serialized CallMetadata") from error
    if not metadata.callers and metadata.callerId:
        metadata.callers.add(id=metadata.callerId)
    return metadata


def _decoded(written: str) -> bytes:
    return base64.b64decode(written + "=" * (-len(written) % 4), validate=True)


def _add_direct(metadata: base_pb2.CallMetadata, found: dict[str, str | bytes], proven: str) -> None:
    """Put the direct caller behind the others: the one it says it is, else the one it has proven to be."""
    said = _text(found, DIRECT_CALLER_ID)
    identity = said or proven
    if not identity:
        if metadata.callers:
            return
        identity = UNKNOWN_CALLER
    kind = _kind(_text(found, DIRECT_CALLER_TYPE)) if said else _Kind.Unknown
    metadata.callers.add(id=identity, type=kind)
    metadata.callPath.append(identity)


def _text(found: dict[str, str | bytes], name: str) -> str:
    value = found.get(name, "")
    return (value if isinstance(value, str) else value.decode("utf-8", "replace")).strip()


def _kind(written: str) -> base_pb2.CallMetadata.CallerType:
    return _KINDS.get(written.lower(), _Kind.Unknown)


def _kind_name(value: base_pb2.CallMetadata.CallerType) -> str:
    """Name a kind; one that a newer client has is unknown."""
    return _Kind.Name(value) if value in _Kind.values() else "Unknown"
