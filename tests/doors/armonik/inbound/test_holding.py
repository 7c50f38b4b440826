"""What is decided in memory of tasks and results is what lists decide, whatever the filter."""

from doors.armonik.filtering import right_filters
from doors.armonik.results_shelf import RESULT_VALUES, store_with_results
from doors.armonik.seeing import chosen
from doors.armonik.shelf import CALL_VALUES, NAMING
from hypothesis import given, settings

from portico.doors.armonik.inbound.fields import Value
from portico.doors.armonik.inbound.filters import read_filters
from portico.doors.armonik.inbound.holding import call_holds, result_holds
from portico.doors.armonik.inbound.matching import matches
from portico.doors.armonik.inbound.result_fields import RESULT_FIELDS
from portico.doors.armonik.inbound.task_fields import TASK_FIELDS
from portico.doors.armonik.outbound.results import result_raw
from portico.doors.armonik.outbound.tasks import task_detailed, task_summary
from portico.store.sheets import Field, SheetQuery
from portico.wire.armonik import results_pb2, tasks_pb2

STORE = store_with_results()
TASKS = [(call, task_summary(call, NAMING)) for call in CALL_VALUES]
RESULTS = [(result, result_raw(result, NAMING)) for result in RESULT_VALUES]
FILTERABLE = {
    member: {number: meaning for number, meaning in table.items() if meaning.value is not Value.BOOLEAN}
    for member, table in RESULT_FIELDS.items()
}
"""The wire's filters have no condition for a boolean of a result."""


def held(any_of, holds, things):
    return [
        thing.number for thing, _ in things if matches(any_of, lambda field, thing=thing: holds(thing, field, NAMING))
    ]


@settings(max_examples=150, deadline=None)
@given(right_filters(TASK_FIELDS, tasks_pb2, tasks_pb2.TaskField))
def test_tasks_in_memory_meet_a_filter_as_they_are_shown(filters):
    any_of = read_filters(filters, TASK_FIELDS, NAMING)
    assert held(any_of, call_holds, TASKS) == [call.number for call, shown in TASKS if chosen(filters, shown)]


@settings(max_examples=150, deadline=None)
@given(right_filters(FILTERABLE, results_pb2, results_pb2.ResultField))
def test_results_in_memory_and_in_the_store_meet_a_filter_as_they_are_shown(filters):
    any_of = read_filters(filters, RESULT_FIELDS, NAMING)
    expected = [result.number for result, shown in RESULTS if chosen(filters, shown)]
    assert held(any_of, result_holds, RESULTS) == expected
    rows = STORE.reader().rows(SheetQuery("results", any_of), [Field("number")])
    assert [number for (number,) in rows] == expected


def test_tasks_are_shown_alike_in_short_and_in_full():
    for call, summary in TASKS:
        detailed = task_detailed(call, NAMING)
        assert (summary.id, summary.status, summary.pod_hostname) == (
            detailed.id,
            detailed.status,
            detailed.pod_hostname,
        )
