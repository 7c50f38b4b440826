"""Pages and orders."""

import pytest
from doors.armonik.shelf import CALL_VALUES, NAMING, full_store

from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.application_fields import APPLICATION_FIELDS, NAME, SERVICE
from portico.doors.armonik.inbound.pages import Page, read_list, read_order, read_page
from portico.doors.armonik.inbound.partition_fields import PARTITION_FIELDS
from portico.doors.armonik.inbound.session_fields import SESSION_FIELDS
from portico.doors.armonik.inbound.task_fields import TASK_FIELDS
from portico.store.sheets import Field
from portico.wire.armonik import applications_pb2, partitions_pb2, sessions_pb2, tasks_pb2

STORE = full_store()
UP, DOWN = 1, 2


def task_sort(direction, **field):
    return tasks_pb2.ListTasksRequest(
        page_size=100, sort=tasks_pb2.ListTasksRequest.Sort(field=tasks_pb2.TaskField(**field), direction=direction)
    )


def summary(number):
    return {"task_summary_field": tasks_pb2.TaskSummaryField(field=number)}


def test_a_page_is_a_piece_of_the_whole():
    assert read_page(tasks_pb2.ListTasksRequest()) == Page(0, 0)
    assert read_page(tasks_pb2.ListTasksRequest(page=3, page_size=20)) == Page(20, 60)
    most = (1 << 31) - 1
    assert read_page(tasks_pb2.ListTasksRequest(page=most, page_size=most)) == Page(most, most * most)


@pytest.mark.parametrize("wrong", [{"page": -1}, {"page_size": -1}])
def test_a_page_is_not_negative(wrong):
    with pytest.raises(Invalid) as caught:
        read_page(tasks_pb2.ListTasksRequest(**wrong))
    assert caught.value.field in wrong


def test_without_an_order_it_is_that_of_ids():
    assert read_order(tasks_pb2.ListTasksRequest(), TASK_FIELDS, NAMING) == ()
    assert read_order(applications_pb2.ListApplicationsRequest(), APPLICATION_FIELDS, NAMING) == ()
    empty = tasks_pb2.ListTasksRequest(sort=tasks_pb2.ListTasksRequest.Sort())
    assert read_order(empty, TASK_FIELDS, NAMING) == ()


def test_ids_are_ordered_as_numbers():
    assert read_order(task_sort(DOWN, **summary(16)), TASK_FIELDS, NAMING) == ((Field("number"), False),)
    assert read_order(task_sort(UP, **summary(1)), TASK_FIELDS, NAMING) == ((Field("session"), True),)


def test_several_fields_are_ordered_by_in_turn():
    fields = [
        applications_pb2.ApplicationField(application_field=applications_pb2.ApplicationRawField(field=number))
        for number in (4, 1, 4)
    ]
    sort = applications_pb2.ListApplicationsRequest.Sort(fields=fields, direction=DOWN)
    request = applications_pb2.ListApplicationsRequest(sort=sort)
    assert read_order(request, APPLICATION_FIELDS, NAMING) == ((SERVICE, False), (NAME, False))
    fields[1].application_field.field = 0
    with pytest.raises(Invalid) as caught:
        read_order(
            applications_pb2.ListApplicationsRequest(
                sort=applications_pb2.ListApplicationsRequest.Sort(fields=fields, direction=DOWN)
            ),
            APPLICATION_FIELDS,
            NAMING,
        )
    assert caught.value.field == "sort.fields[1].application_field.field"


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (task_sort(0, **summary(16)), "sort.direction"),
        (task_sort(3, **summary(16)), "sort.direction"),
        (task_sort(UP, **summary(0)), "sort.field.task_summary_field.field"),
        (task_sort(UP), "sort.field"),
        (tasks_pb2.ListTasksRequest(sort=tasks_pb2.ListTasksRequest.Sort(direction=UP)), "sort.field"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(request_, place):
    with pytest.raises(Invalid) as caught:
        read_order(request_, TASK_FIELDS, NAMING)
    assert caught.value.field == place


def every_field(fields, message):
    for member, table in fields.items():
        for number in table:
            field = message()
            getattr(field, member).field = number
            yield field
    if "task_option_generic_field" in fields:
        field = message()
        field.task_option_generic_field.field = "k"
        yield field


@pytest.mark.parametrize("direction", [UP, DOWN])
@pytest.mark.parametrize(
    ("fields", "message", "request_class", "sheet", "count"),
    [
        (TASK_FIELDS, tasks_pb2.TaskField, tasks_pb2.ListTasksRequest, "calls", len(CALL_VALUES)),
        (SESSION_FIELDS, sessions_pb2.SessionField, sessions_pb2.ListSessionsRequest, "call_sessions", 12),
    ],
)
def test_everything_can_be_ordered_by_every_field(fields, message, request_class, sheet, count, direction):
    for field in every_field(fields, message):
        request = request_class(page_size=100, sort=request_class.Sort(field=field, direction=direction))
        query = read_list(request, sheet, fields, NAMING)
        ((by, ascending),) = query.order
        rows = STORE.reader().rows(query, [by])
        assert len(rows) == count
        values = [value for (value,) in rows]
        placed = [(value is not None, value) for value in values]
        placed = [(there, value if there else 0) for there, value in placed]
        there = [value for known, value in placed if known]
        nulls = [known for known, _ in placed]
        assert there == sorted(there, reverse=not ascending)
        assert nulls == sorted(nulls, reverse=not ascending)


def test_partitions_can_be_ordered_by_every_field():
    for field in every_field(PARTITION_FIELDS, partitions_pb2.PartitionField):
        sort = partitions_pb2.ListPartitionsRequest.Sort(field=field, direction=UP)
        assert read_order(partitions_pb2.ListPartitionsRequest(sort=sort), PARTITION_FIELDS, NAMING)
