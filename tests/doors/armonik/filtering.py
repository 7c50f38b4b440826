"""Random filters: of every field, operator and kind of value, some of them wrong."""

from __future__ import annotations

from doors.armonik.shelf import START, TEXTS, call_text, result_text, session_text
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st

from portico.doors.armonik.inbound.fields import GENERIC, Value
from portico.wire.armonik import filters_pb2

_IDS = [
    *(call_text(number) for number in (0, 1, 2, 4, 99)),
    f"{call_text(1)}###1",
    f"{call_text(4)}###1",
    *(session_text(number) for number in (1, 2, 3)),
    *(result_text(70_000 + number) for number in (1, 2)),
    "00000000",
    "pod0",
    "host1",
]
STRINGS = st.sampled_from([*TEXTS, *_IDS]) | st.text(max_size=2)
INSTANTS = st.integers(START, START + 70) | st.sampled_from([0, -1, START + 10])


@st.composite
def timestamps(draw):
    micros = draw(INSTANTS)
    return Timestamp(seconds=micros // 10**6, nanos=micros % 10**6 * 1000 + draw(st.sampled_from([0, 0, 1, 999])))


@st.composite
def durations(draw):
    nanos = draw(st.sampled_from([0, 10**9, 2 * 10**9, 20_000, 12_000_000, -5]) | st.integers(0, 70_000))
    seconds = abs(nanos) // 10**9
    return Duration(seconds=seconds, nanos=nanos % 10**9) if nanos >= 0 else Duration(nanos=nanos)


def conditions(member, module):
    """Give right conditions of one kind."""
    one = {
        "filter_string": (filters_pb2.FilterString, STRINGS, 5),
        "filter_number": (filters_pb2.FilterNumber, st.integers(-1, 5), 5),
        "filter_boolean": (filters_pb2.FilterBoolean, st.booleans(), 0),
        "filter_status": (module.FilterStatus, st.integers(0, 14), 1) if hasattr(module, "FilterStatus") else None,
        "filter_array": (filters_pb2.FilterArray, st.sampled_from(TEXTS), 1),
        "filter_date": (filters_pb2.FilterDate, timestamps(), 5),
        "filter_duration": (filters_pb2.FilterDuration, durations(), 5),
    }[member]
    message, values, most = one
    given = st.builds(message, value=values, operator=st.integers(0, most))
    if member in {"filter_date", "filter_duration"}:
        return given | st.builds(message, operator=st.integers(0, 1))
    return given


def right_filters(fields, module, field_class, most=3):
    """Give filters that fit a list."""
    known = [
        (member, number, meaning.value)
        for member, table in fields.items()
        for number, meaning in table.items()
        if meaning.value is not Value.WHOLE
    ]

    @st.composite
    def condition(draw):
        field = field_class()
        if GENERIC in fields and draw(st.integers(0, 9)) == 0:
            field.task_option_generic_field.field = draw(st.sampled_from(["k", "a", "none"]))
            value = Value.TEXT
        else:
            member, number, value = draw(st.sampled_from(known))
            getattr(field, member).field = number
        return module.FilterField(field=field, **{value.value: draw(conditions(value.value, module))})

    conjunction = st.lists(condition(), max_size=most).map(lambda found: module.FiltersAnd(**{"and": found}))
    return st.lists(conjunction, max_size=most).map(lambda found: module.Filters(**{"or": found}))
