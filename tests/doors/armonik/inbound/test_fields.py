"""The tables of fields are total: each value of each enum is in its table, or is the unspecified one."""

import pytest

from portico.control.calls.sheets import CALLS, OPTIONS, RESULTS, SESSIONS
from portico.domain.calls.values import Partition
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound import conditions
from portico.doors.armonik.inbound.application_fields import APPLICATION_FIELDS
from portico.doors.armonik.inbound.fields import GENERIC, Value, find_meaning
from portico.doors.armonik.inbound.partition_fields import PARTITION_FIELDS
from portico.doors.armonik.inbound.session_fields import SESSION_FIELDS
from portico.doors.armonik.inbound.task_fields import TASK_FIELDS
from portico.store.sheets import Field
from portico.wire.armonik import applications_pb2, filters_pb2, partitions_pb2, sessions_pb2, tasks_pb2

SHEETS = {sheet.name: sheet for sheet in (SESSIONS, CALLS, RESULTS, OPTIONS)}
LISTS = [
    (SESSION_FIELDS, sessions_pb2.SessionField, sessions_pb2.FilterField, SESSIONS),
    (TASK_FIELDS, tasks_pb2.TaskField, tasks_pb2.FilterField, CALLS),
    (APPLICATION_FIELDS, applications_pb2.ApplicationField, applications_pb2.FilterField, CALLS),
    (PARTITION_FIELDS, partitions_pb2.PartitionField, partitions_pb2.FilterField, None),
]


def numbers(message, member):
    """Give the values of the enum in a member of a field message."""
    return message.DESCRIPTOR.fields_by_name[member].message_type.fields_by_name["field"].enum_type.values_by_number


@pytest.mark.parametrize(("fields", "message", "_filter", "_sheet"), LISTS)
def test_every_field_of_the_wire_is_in_its_table(fields, message, _filter, _sheet):
    assert {field.name for field in message.DESCRIPTOR.oneofs_by_name["field"].fields} == set(fields)
    for member in set(fields) - {GENERIC}:
        assert set(fields[member]) == set(numbers(message, member)) - {0}


@pytest.mark.parametrize(("fields", "message", "_filter", "_sheet"), LISTS)
def test_what_is_not_in_a_table_is_refused_by_name(fields, message, _filter, _sheet):
    for member in set(fields) - {GENERIC}:
        for number in (0, 99, -1):
            wrong = message()
            getattr(wrong, member).field = number
            getattr(wrong, member).SetInParent()
            with pytest.raises(Invalid) as caught:
                find_meaning(wrong, fields, "sort.field")
            assert caught.value.field == f"sort.field.{member}.field"
            assert str(number) in str(caught.value)
    with pytest.raises(Invalid) as caught:
        find_meaning(message(), fields, "sort.field")
    assert caught.value.field == "sort.field"


@pytest.mark.parametrize(("fields", "_message", "filter_field", "sheet"), LISTS)
def test_every_column_exists_and_can_be_compared(fields, _message, filter_field, sheet):
    conditions = {field.name for field in filter_field.DESCRIPTOR.oneofs_by_name["value_condition"].fields}
    for meaning in (meaning for table in fields.values() for meaning in table.values()):
        for field in (meaning.field, meaning.number or meaning.field):
            assert columns(field) <= existing(field, sheet)
        assert meaning.value is Value.WHOLE or meaning.value in conditions


def columns(field):
    return {name for name in (field.column, field.minus, field.alias) if name}


def existing(field, sheet):
    if sheet is None:
        return set(Partition.__struct_fields__)
    linked = SHEETS[sheet.links[field.link]] if field.link else sheet
    return {"number"} | {column.name for column in linked.columns}


def test_a_key_of_the_options_is_a_field_of_its_own():
    for message, fields in ((tasks_pb2.TaskField(), TASK_FIELDS), (sessions_pb2.SessionField(), SESSION_FIELDS)):
        message.task_option_generic_field.field = "colour"
        assert find_meaning(message, fields, "x").field == Field("options", link="options", key="colour")


def test_every_operator_of_the_wire_is_read():
    tables = {
        filters_pb2.FilterStringOperator: conditions.TEXT_OPERATORS,
        filters_pb2.FilterNumberOperator: conditions.NUMBER_OPERATORS,
        filters_pb2.FilterDateOperator: conditions.DATE_OPERATORS,
        filters_pb2.FilterDurationOperator: conditions.DURATION_OPERATORS,
        filters_pb2.FilterStatusOperator: conditions.STATUS_OPERATORS,
        filters_pb2.FilterBooleanOperator: conditions.BOOLEAN_OPERATORS,
        filters_pb2.FilterArrayOperator: conditions.ARRAY_NEGATED,
    }
    assert {wire.DESCRIPTOR.name: set(table) for wire, table in tables.items()} == {
        name: set(enum.values_by_number) for name, enum in filters_pb2.DESCRIPTOR.enum_types_by_name.items()
    }
