"""Events, written: what has happened, and what there is when somebody begins to listen.

Owns the encodings of recent happenings, so that one that many hear is written once. Promises: never more than
MOST_KEPT of them are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from portico.control.calls.happenings import Change, Happening
from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.states import CallState, ResultState
from portico.domain.calls.values import Call, Links, Result
from portico.doors.armonik.control import Names
from portico.doors.armonik.states import RESULT_STATUSES, TASK_STATUSES
from portico.wire.armonik.events_pb2 import EventSubscriptionResponse as Event

MOST_KEPT = 4_096

_decode_links = msgspec.msgpack.Decoder(Links).decode


class Encodings:
    """Happenings, as encoded EventSubscriptionResponses."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._kept: dict[int, tuple[Happening, bytes]] = {}

    def of(self, happening: Happening) -> bytes:
        """Write a happening, or find what was written of it."""
        key = id(happening)
        found = self._kept.get(key)
        if found is not None and found[0] is happening:
            return found[1]
        encoded: bytes = happening_event(happening, self._names.naming).SerializeToString()
        if len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (happening, encoded)
        return encoded


def happening_event(happening: Happening, naming: Naming) -> Event:
    """Write what has happened."""
    event: Event = _WRITERS[happening.change](happening, naming)
    event.session_id = naming.text(Kind.SESSION, happening.session)
    return event


def call_event(call: Call, naming: Naming) -> Event:
    """Write a task that is there already as a new one in its present state."""
    links = call.links
    return Event(
        session_id=naming.text(Kind.SESSION, call.session),
        new_task=Event.NewTask(
            task_id=call.id,
            payload_id=naming.text(Kind.RESULT, call.payload),
            origin_task_id=call.initial,
            status=TASK_STATUSES[call.state],
            **_ties(links, naming),
        ),
    )


def result_event(result: Result, naming: Naming) -> Event:
    """Write a result that is there already as a new one in its present state."""
    return Event(
        session_id=naming.text(Kind.SESSION, result.session),
        new_result=Event.NewResult(
            result_id=naming.text(Kind.RESULT, result.number),
            owner_id=result.owner,
            status=RESULT_STATUSES[result.state],
        ),
    )


def _new_call(happening: Happening, naming: Naming) -> Event:
    return Event(
        new_task=Event.NewTask(
            task_id=happening.id,
            payload_id=naming.text(Kind.RESULT, happening.payload),
            origin_task_id=happening.initial,
            status=TASK_STATUSES[CallState(happening.state)],
            **_ties(_decode_links(happening.links), naming),
        )
    )


def _call_state(happening: Happening, _naming: Naming) -> Event:
    status = TASK_STATUSES[CallState(happening.state)]
    return Event(task_status_update=Event.TaskStatusUpdate(task_id=happening.id, status=status))


def _new_result(happening: Happening, naming: Naming) -> Event:
    return Event(
        new_result=Event.NewResult(
            result_id=naming.text(Kind.RESULT, happening.number),
            owner_id=happening.owner,
            status=RESULT_STATUSES[ResultState(happening.state)],
        )
    )


def _result_state(happening: Happening, naming: Naming) -> Event:
    return Event(
        result_status_update=Event.ResultStatusUpdate(
            result_id=naming.text(Kind.RESULT, happening.number),
            status=RESULT_STATUSES[ResultState(happening.state)],
        )
    )


def _result_owner(happening: Happening, naming: Naming) -> Event:
    return Event(
        result_owner_update=Event.ResultOwnerUpdate(
            result_id=naming.text(Kind.RESULT, happening.number),
            previous_owner_id=happening.before,
            current_owner_id=happening.owner,
        )
    )


def _ties(links: Links, naming: Naming) -> dict[str, Sequence[str]]:
    return {
        "expected_output_keys": [naming.text(Kind.RESULT, number) for number in links.outputs],
        "data_dependencies": [naming.text(Kind.RESULT, number) for number in links.dependencies],
        "retry_of_ids": links.retry_of,
        "parent_task_ids": links.parents,
    }


_WRITERS: dict[Change, Callable[[Happening, Naming], Any]] = {
    Change.NEW_CALL: _new_call,
    Change.CALL_STATE: _call_state,
    Change.NEW_RESULT: _new_result,
    Change.RESULT_STATE: _result_state,
    Change.RESULT_OWNER: _result_owner,
}
