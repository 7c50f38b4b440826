"""Results, written: a thousand in about a millisecond.

Results that are created together share all but their name, id and opaque id. What they share is encoded once, and each
is that and its own three fields, laid out here: of a message, fields may stand in any order.
"""

from __future__ import annotations

from collections.abc import Sequence

from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.values import Result
from portico.doors.armonik.outbound.times import MICROS
from portico.doors.armonik.states import RESULT_STATUSES
from portico.wire.armonik.results_pb2 import ListResultsResponse, ResultRaw

_LENGTH_DELIMITED = 2
_SHORT = 128
"""A length below it is one byte."""


def result_raw(result: Result, naming: Naming) -> ResultRaw:
    """Write a result as it stands."""
    raw = _shared(result, naming)
    raw.name = result.name
    raw.result_id = naming.text(Kind.RESULT, result.number)
    raw.opaque_id = result.opaque
    return raw


def result_raws(results: Sequence[Result], naming: Naming) -> bytes:
    """Write (part of) a reply whose first field is a list of results, as it is in every reply that has one."""
    pieces: list[bytes] = []
    suffix = naming.suffixes[Kind.RESULT]
    before: tuple[object, ...] = ()
    shared = b""
    for result in results:
        number = result.number
        text = f"{number >> 16:08x}-{number & 0xFFFF:04x}{suffix}".encode()
        sharing = (result.session, result.state, result.created_at, result.completed_at, result.size)
        if before != sharing or result.owner or result.created_by or result.manual_deletion:
            shared = _shared(result, naming).SerializeToString()
            before = () if result.owner or result.created_by or result.manual_deletion else sharing
        name, opaque = result.name.encode(), result.opaque
        if len(name) < _SHORT and len(opaque) < _SHORT:
            body = b"%b%b%c%b%b%c%b%b%c%b" % (
                *(shared, _NAME, len(name), name),
                *(_RESULT_ID, len(text), text),
                *(_OPAQUE_ID, len(opaque), opaque),
            )
        else:
            body = shared + ResultRaw(name=name.decode(), result_id=text.decode(), opaque_id=opaque).SerializeToString()
        length = len(body)
        pieces += (_RESULTS, _LENGTHS[length] if length < _USUAL else _varint(length), body)
    return b"".join(pieces)


def _shared(result: Result, naming: Naming) -> ResultRaw:
    """Give all that results which are created together have in common."""
    raw = ResultRaw(
        session_id=naming.text(Kind.SESSION, result.session),
        owner_task_id=result.owner,
        status=RESULT_STATUSES[result.state],
        size=result.size,
        created_by=result.created_by,
        manual_deletion=result.manual_deletion,
    )
    raw.created_at.seconds, micros = divmod(result.created_at, MICROS)
    raw.created_at.nanos = micros * 1000
    if result.completed_at is not None:
        raw.completed_at.seconds, micros = divmod(result.completed_at, MICROS)
        raw.completed_at.nanos = micros * 1000
    return raw


def _tag(number: int) -> bytes:
    return bytes((number << 3 | _LENGTH_DELIMITED,))


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number >= _SHORT:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


_USUAL = 512
_LENGTHS = tuple(map(_varint, range(_USUAL)))
_RESULTS = _tag(ListResultsResponse.RESULTS_FIELD_NUMBER)
_NAME = _tag(ResultRaw.NAME_FIELD_NUMBER)
_RESULT_ID = _tag(ResultRaw.RESULT_ID_FIELD_NUMBER)
_OPAQUE_ID = _tag(ResultRaw.OPAQUE_ID_FIELD_NUMBER)
