"""Results, written: a thousand in about a millisecond.

Results that are created together share all but their name, id and opaque id. What they share is encoded once, and each
is that and its own three fields, laid out here: of a message, fields may stand in any order.
"""

from __future__ import annotations

from collections.abc import Sequence

from portico.domain.calls.naming import LENGTH, OWN_DATA, Kind, Naming
from portico.domain.calls.states import ResultState
from portico.domain.calls.values import Result, ResultDraft
from portico.domain.identity import Instant
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


def new_result_raws(
    some: Sequence[tuple[str, ResultDraft]], session: int, created_at: Instant, naming: Naming
) -> bytes:
    """Write (part of) a reply whose first field is a list of results, which were just created together.

    Those with the same name and size of data differ in their ids alone.
    """
    pieces: list[bytes] = []
    layouts: dict[object, tuple[bytes, bytes]] = {}
    for text, draft in some:
        content, identity = draft.content, text.encode()
        like = draft.name, draft.manual_deletion, -1 if content is None else content.size
        layout = layouts.get(like)
        if layout is None or (content is not None and content.large):
            raw = _new(session, created_at, draft, naming)
            if content is not None and content.large:
                raw.result_id, raw.opaque_id = text, content.large.encode()
                pieces.append(ListResultsResponse(results=[raw]).SerializeToString())
                continue
            layout = layouts[like] = _layout(raw.SerializeToString(), own_data=content is not None)
        head, middle = layout
        pieces += (head, identity, middle, identity) if middle else (head, identity)
    return b"".join(pieces)


def _layout(raw: bytes, *, own_data: bool) -> tuple[bytes, bytes]:
    """Give what stands before the id of a result and, if its data lie in its row, between that and the id in its
    opaque id."""
    own = OWN_DATA.encode()
    middle = _OPAQUE_ID + _varint(len(own) + LENGTH) + own if own_data else b""
    body = raw + _RESULT_ID + _varint(LENGTH)
    length = len(body) + LENGTH + (len(middle) + LENGTH if own_data else 0)
    return _RESULTS + _varint(length) + body, middle


def _new(session: int, at: Instant, draft: ResultDraft, naming: Naming) -> ResultRaw:
    """Write a result that was just created, without its ids."""
    content = draft.content
    state, done, size = (ResultState.CREATED, None, 0) if content is None else (ResultState.COMPLETED, at, content.size)
    raw = _shared(Result(0, session, "", state, "", "", "", at, done, size, b"", draft.manual_deletion), naming)
    raw.name = draft.name
    return raw


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
