"""What the fields of a task or result hold, for those in memory: filters as the store means them, without the store.

Promises: for every field of the tables `TASK_FIELDS` and `RESULT_FIELDS` that a filter can ask for, what is given here
is what the store would compare; an id is of the kind that the field asks for, a number or a text.
"""

from __future__ import annotations

from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.values import Call, CallOptions, Result
from portico.doors.armonik.inbound.matching import Held
from portico.store.sheets import Field


def call_holds(call: Call, field: Field, naming: Naming) -> Held:
    """Give what a field of a task holds."""
    if field.link:
        return _option_holds(call.options, field)
    if field.suffix:
        return _call_text(call, field, naming)
    held: Held = getattr(call, field.column)
    if not field.minus:
        return held
    since: int | None = getattr(call, field.minus)
    return None if since is None or not isinstance(held, int) else held - since


def _call_text(call: Call, field: Field, naming: Naming) -> str:
    if field.column == "number":
        return call.initial if field.alias == "initial" else call.id
    if field.column == "session":
        return naming.text(Kind.SESSION, call.session)
    return naming.text(Kind.RESULT, call.payload)


def _option_holds(options: CallOptions, field: Field) -> Held:
    if field.key is not None:
        return options.options.get(field.key)
    held: Held = getattr(options, field.column)
    return held


def result_holds(result: Result, field: Field, naming: Naming) -> Held:
    """Give what a field of a result holds."""
    if field.link or field.column == "owner":
        return _owner(result, field, naming)
    if field.suffix:
        session = field.column == "session"
        return naming.text(Kind.SESSION, result.session) if session else naming.text(Kind.RESULT, result.number)
    held: Held = getattr(result, _RESULT_ATTRIBUTES.get(field.column, field.column))
    return held


def _owner(result: Result, field: Field, naming: Naming) -> Held:
    """Give the owner as a text or number, null where there is none; a retry's text has no number here."""
    if not result.owner:
        return None
    return result.owner if field.suffix else naming.number(Kind.CALL, result.owner)


_RESULT_ATTRIBUTES = {"manual": "manual_deletion"}
