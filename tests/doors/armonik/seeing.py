"""Filters as a client means them: decided by looking at the messages that it is shown. The oracle of list tests."""

from __future__ import annotations

import operator

from portico.wire.armonik import results_pb2, sessions_pb2, tasks_pb2

_ORDERED = [operator.eq, operator.ne, operator.lt, operator.le, operator.ge, operator.gt]
_TEXT = [
    operator.eq,
    operator.ne,
    lambda shown, value: value in shown,
    lambda shown, value: value not in shown,
    str.startswith,
    str.endswith,
]
_NULL_MEETS = {"filter_string": {1, 3}, "filter_number": {1}, "filter_date": {1}, "filter_duration": {1}}


def chosen(filters, shown):
    """Tell whether a filter chooses what is shown as this message."""
    alternatives = getattr(filters, "or")
    return not alternatives or any(
        all(_meets(condition, shown) for condition in getattr(alternative, "and")) for alternative in alternatives
    )


def _meets(condition, shown):
    member = condition.WhichOneof("value_condition")
    wanted = getattr(condition, member)
    held = seen(condition.field, shown)
    if member == "filter_array":
        return (wanted.value in held) != wanted.operator
    if member in {"filter_date", "filter_duration"}:
        value = time(wanted.value) if wanted.HasField("value") else None
        if value is None:
            return (held is None) == (wanted.operator == 0)
        if wanted.operator in {0, 1}:
            value -= value % 1000  # what is finer than a microsecond equals the one in which it lies
    else:
        value = wanted.value
    if held is None:
        return wanted.operator in _NULL_MEETS[member]
    return bool((_TEXT if member == "filter_string" else _ORDERED)[wanted.operator](held, value))


def seen(field, shown):
    """Give what a message shows of a field; None for what it does not have."""
    member = field.WhichOneof("field")
    if member == "task_option_generic_field":
        return dict(shown.options.options).get(field.task_option_generic_field.field)
    number = getattr(field, member).field
    if member == "task_option_field":
        name = tasks_pb2.TaskOptionEnumField.Name(number).removeprefix("TASK_OPTION_ENUM_FIELD_").lower()
        return plain(shown.options, name)
    if member == "result_raw_field":
        name = results_pb2.ResultRawEnumField.Name(number).removeprefix("RESULT_RAW_ENUM_FIELD_").lower()
        return plain(shown, name)
    if member == "session_raw_field":
        name = sessions_pb2.SessionRawEnumField.Name(number).removeprefix("SESSION_RAW_ENUM_FIELD_").lower()
    else:
        name = tasks_pb2.TaskSummaryEnumField.Name(number).removeprefix("TASK_SUMMARY_ENUM_FIELD_").lower()
    return plain(shown, {"task_id": "id"}.get(name, name))


def plain(message, name):
    field = message.DESCRIPTOR.fields_by_name[name]
    value = getattr(message, name)
    if field.message_type is None:
        return list(value) if field.is_repeated else value
    return time(value) if message.HasField(name) else None


def time(message):
    """Give nanoseconds, so that nothing is rounded."""
    return message.seconds * 1_000_000_000 + message.nanos
