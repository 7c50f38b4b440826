"""Filters: whatever a client sends chooses what it sees, or is refused by name."""

import pytest
from doors.armonik.filtering import right_filters
from doors.armonik.seeing import chosen
from doors.armonik.shelf import CALL_VALUES, NAMING, SESSION_VALUES, call_text, full_store, result_text, session_text
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.application_fields import APPLICATION_FIELDS
from portico.doors.armonik.inbound.fields import Fields
from portico.doors.armonik.inbound.filters import MOST_CONDITIONS, MOST_TESTS, read_filters
from portico.doors.armonik.inbound.partition_fields import PARTITION_FIELDS
from portico.doors.armonik.inbound.session_fields import SESSION_FIELDS
from portico.doors.armonik.inbound.task_fields import TASK_FIELDS
from portico.doors.armonik.outbound.sessions import session_raw
from portico.doors.armonik.outbound.tasks import task_summary
from portico.store.port import Operator
from portico.store.sheets import Contains, Field, SheetQuery
from portico.store.sheets import Test as Comparison
from portico.wire.armonik import applications_pb2, filters_pb2, partitions_pb2, sessions_pb2, tasks_pb2
from portico.wire.armonik.tasks_pb2 import TaskSummaryEnumField as TaskEnum

STORE = full_store()
TASKS = {one.number: task_summary(one, NAMING) for one in CALL_VALUES}
SESSIONS = {one.number: session_raw(one, NAMING) for one in SESSION_VALUES}
ID = TaskEnum.TASK_SUMMARY_ENUM_FIELD_TASK_ID
SESSION_ID = TaskEnum.TASK_SUMMARY_ENUM_FIELD_SESSION_ID


def listed(sheet, filters, fields):
    query = SheetQuery(sheet, read_filters(filters, fields, NAMING))
    return [number for (number,) in STORE.reader().rows(query, [Field("number")])]


@settings(max_examples=150, deadline=None)
@given(right_filters(TASK_FIELDS, tasks_pb2, tasks_pb2.TaskField))
def test_a_filter_of_tasks_chooses_by_what_is_shown(filters):
    assert listed("calls", filters, TASK_FIELDS) == [
        number for number, shown in TASKS.items() if chosen(filters, shown)
    ]


@settings(max_examples=100, deadline=None)
@given(right_filters(SESSION_FIELDS, sessions_pb2, sessions_pb2.SessionField))
def test_a_filter_of_sessions_chooses_by_what_is_shown(filters):
    expected = [number for number, shown in SESSIONS.items() if chosen(filters, shown)]
    assert listed("call_sessions", filters, SESSION_FIELDS) == expected


# ---- anything at all -----------------------------------------------------------------------------------------------


def anything(descriptor_class, depth=6):
    """Give messages with any fields set to anything."""

    @st.composite
    def build(draw):
        message = descriptor_class()
        fill(draw, message, depth)
        return message

    return build()


def fill(draw, message, depth):
    for field in message.DESCRIPTOR.fields:
        if depth == 0 or (not field.is_repeated and draw(st.integers(0, 3)) == 0):
            continue
        if field.is_repeated:
            for _ in range(draw(st.integers(0, 2))):
                fill(draw, getattr(message, field.name).add(), depth - 1)
        elif field.message_type is not None:
            getattr(message, field.name).SetInParent()
            fill(draw, getattr(message, field.name), depth - 1)
        elif field.type == field.TYPE_STRING:
            setattr(message, field.name, draw(st.text(max_size=3)))
        elif field.type == field.TYPE_BOOL:
            setattr(message, field.name, draw(st.booleans()))
        else:
            edge = (1 << 63) if field.type == field.TYPE_INT64 else (1 << 31)
            setattr(message, field.name, draw(st.integers(-1, 9) | st.sampled_from([edge - 1, -edge])))


@pytest.mark.parametrize(
    ("module", "fields", "sheet"),
    [
        (tasks_pb2, TASK_FIELDS, "calls"),
        (sessions_pb2, SESSION_FIELDS, "call_sessions"),
        (applications_pb2, APPLICATION_FIELDS, "calls"),
        (partitions_pb2, PARTITION_FIELDS, ""),
    ],
)
def test_any_message_is_answered_or_refused_by_name(module, fields, sheet):
    @settings(max_examples=80, deadline=None)
    @given(anything(module.Filters))
    def check(filters):
        try:
            clauses = read_filters(filters, fields, NAMING)
            if sheet:
                STORE.reader().rows(SheetQuery(sheet, clauses), [Field("number")])
        except Invalid as error:
            assert error.field
            assert str(error)

    check()


# ---- one by one ----------------------------------------------------------------------------------------------------


def condition(number=ID, **one):
    field = tasks_pb2.TaskField(task_summary_field=tasks_pb2.TaskSummaryField(field=number))
    return tasks_pb2.FilterField(field=field, **one)


def text(value, number=ID, how=0):
    return condition(number, filter_string=filters_pb2.FilterString(value=value, operator=how))


def any_of(*clauses):
    return tasks_pb2.Filters(**{"or": [tasks_pb2.FiltersAnd(**{"and": clause}) for clause in clauses]})


def read(*clauses, fields: Fields = TASK_FIELDS):
    return read_filters(any_of(*clauses), fields, NAMING)


def test_nothing_and_an_and_of_nothing_mean_everything():
    assert read() == ()
    assert read([text("x")], []) == ()


@pytest.mark.parametrize(
    ("wrong", "place", "why"),
    [
        (tasks_pb2.FilterField(), "field", "names no field"),
        (condition(99, filter_string=filters_pb2.FilterString()), "field.task_summary_field.field", "99"),
        (condition(), "", "no condition"),
        (condition(filter_number=filters_pb2.FilterNumber()), "filter_number", "takes filter_string"),
        (text("x", how=6), "filter_string.operator", "6 is not an operator"),
        (
            condition(TaskEnum.TASK_SUMMARY_ENUM_FIELD_STATUS, filter_status=tasks_pb2.FilterStatus(operator=2)),
            "filter_status.operator",
            "2",
        ),
        (
            condition(TaskEnum.TASK_SUMMARY_ENUM_FIELD_CREATED_AT, filter_date=filters_pb2.FilterDate(operator=2)),
            "filter_date.value",
            "nothing to compare with",
        ),
        (
            condition(
                TaskEnum.TASK_SUMMARY_ENUM_FIELD_CREATED_AT,
                filter_date=filters_pb2.FilterDate(value=Timestamp(nanos=-1)),
            ),
            "filter_date.value",
            "not a time",
        ),
    ],
)
def test_what_is_wrong_is_named(wrong, place, why):
    with pytest.raises(Invalid) as caught:
        read([text("x")], [text("y"), wrong])
    assert caught.value.field == f"filters.or[1].and[1]{'.' if place else ''}{place}"
    assert why in str(caught.value)


def test_options_as_a_whole_compare_with_nothing():
    field = sessions_pb2.SessionField(session_raw_field=sessions_pb2.SessionRawField(field=4))
    wrong = sessions_pb2.FilterField(field=field, filter_string=filters_pb2.FilterString())
    with pytest.raises(Invalid, match="no condition at all"):
        read_filters(
            sessions_pb2.Filters(**{"or": [sessions_pb2.FiltersAnd(**{"and": [wrong]})]}), SESSION_FIELDS, NAMING
        )


def test_ids_are_compared_as_numbers():
    assert read([text(session_text(7), SESSION_ID)]) == ((Comparison(Field("session"), value=7),),)
    assert read([text(session_text(7), SESSION_ID, how=1)]) == ((Comparison(Field("session"), Operator.NE, 7),),)
    payload = text(result_text(8), TaskEnum.TASK_SUMMARY_ENUM_FIELD_PAYLOAD_ID)
    assert read([payload]) == ((Comparison(Field("payload"), value=8),),)
    assert read([text("me", SESSION_ID)]) == ((Comparison(Field("session"), value=0),),)


def test_ids_one_of_which_is_wanted_are_one_test():
    ids = [call_text(number) for number in range(1, 101)]
    mine = text(session_text(3), SESSION_ID)
    session = Comparison(Field("session"), value=3)
    wanted = Comparison(TASK_FIELDS["task_summary_field"][ID].shown(NAMING), any_of=tuple(ids))
    assert read(*([text(one)] for one in ids)) == ((wanted,),)
    assert read(*([text(one), mine] for one in ids)) == ((wanted, session),)
    assert read(*([mine, text(one)] for one in ids)) == ((session, wanted),)
    assert read([mine], [mine]) == ((session,),)


def test_several_sessions_and_several_ids_are_still_what_was_asked():
    pairs = [(1, 1), (1, 2), (2, 1), (2, 3)]
    clauses = [[text(session_text(one), SESSION_ID), text(call_text(other))] for one, other in pairs]
    filters = any_of(*clauses)
    assert listed("calls", filters, TASK_FIELDS) == [
        number for number, shown in TASKS.items() if chosen(filters, shown)
    ]


def test_partitions_are_looked_for_among_a_sessions():
    field = sessions_pb2.SessionField(session_raw_field=sessions_pb2.SessionRawField(field=3))
    wanted = sessions_pb2.FilterField(field=field, filter_array=filters_pb2.FilterArray(value="a", operator=1))
    filters = sessions_pb2.Filters(**{"or": [sessions_pb2.FiltersAnd(**{"and": [wanted]})]})
    assert read_filters(filters, SESSION_FIELDS, NAMING) == ((Contains(Field("partitions"), "a", negated=True),),)


def test_a_filter_is_bounded():
    with pytest.raises(Invalid, match=f"{MOST_CONDITIONS} conditions"):
        read(*([text(call_text(number))] for number in range(MOST_CONDITIONS + 1)))
    with pytest.raises(Invalid, match=f"{MOST_TESTS} different"):
        read(*([text(str(number), how=2)] for number in range(MOST_TESTS + 1)))
    doubled = [text("x", TaskEnum.TASK_SUMMARY_ENUM_FIELD_ERROR, how=3)] * 10
    with pytest.raises(Invalid, match=f"{MOST_TESTS} different"):
        read(doubled)
