"""Subscriptions to events: which things a filter names."""

import pytest
from doors.armonik.shelf import NAMING, call_text, result_text, session_text

from portico.control.calls.happenings import Change
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.events import Choice, read_subscription
from portico.wire.armonik import filters_pb2, results_pb2, tasks_pb2
from portico.wire.armonik.events_pb2 import EventsEnum, EventSubscriptionRequest
from portico.wire.armonik.results_pb2 import ResultRawEnumField
from portico.wire.armonik.tasks_pb2 import TaskSummaryEnumField


def result_is(field, value, operator=0):
    raw = results_pb2.ResultField(result_raw_field=results_pb2.ResultRawField(field=field))
    text = filters_pb2.FilterString(value=value, operator=operator)
    return results_pb2.FilterField(field=raw, filter_string=text)


def task_is(field, value, operator=0):
    raw = tasks_pb2.TaskField(task_summary_field=tasks_pb2.TaskSummaryField(field=field))
    return tasks_pb2.FilterField(field=raw, filter_string=filters_pb2.FilterString(value=value, operator=operator))


def any_of(module, *clauses):
    return module.Filters(**{"or": [module.FiltersAnd(**{"and": clause}) for clause in clauses]})


RESULT_ID = ResultRawEnumField.RESULT_RAW_ENUM_FIELD_RESULT_ID
NAME = ResultRawEnumField.RESULT_RAW_ENUM_FIELD_NAME
TASK_ID = TaskSummaryEnumField.TASK_SUMMARY_ENUM_FIELD_TASK_ID


def read(**given):
    return read_subscription(EventSubscriptionRequest(session_id=session_text(1), **given), NAMING)


def test_nothing_said_means_everything():
    wanted = read()
    assert wanted.session == 1
    assert wanted.changes == frozenset(Change)
    assert wanted.calls == wanted.results == Choice()
    assert read_subscription(EventSubscriptionRequest(session_id="nobody"), NAMING).session == 0


def test_alternatives_of_ids_are_numbers():
    clauses = [[result_is(RESULT_ID, result_text(number))] for number in range(100)]
    choice = read(results_filters=any_of(results_pb2, *clauses, [result_is(RESULT_ID, "foreign")])).results
    assert choice.numbers == frozenset(range(1, 100))
    assert choice.simple


def test_an_id_beside_other_conditions_narrows_but_does_not_decide():
    filters = any_of(results_pb2, [result_is(NAME, "a"), result_is(RESULT_ID, result_text(3))])
    choice = read(results_filters=filters).results
    assert (choice.numbers, choice.simple) == (frozenset({3}), False)


@pytest.mark.parametrize(
    "clauses",
    [
        [[result_is(NAME, "a")]],
        [[result_is(RESULT_ID, result_text(1))], [result_is(NAME, "a")]],
        [[result_is(RESULT_ID, result_text(1), operator=1)]],
    ],
)
def test_other_filters_look_at_everything(clauses):
    choice = read(results_filters=any_of(results_pb2, *clauses)).results
    assert choice.numbers is None
    assert not choice.simple


def test_later_tries_have_no_number_in_their_text():
    first = any_of(tasks_pb2, [task_is(TASK_ID, call_text(4))])
    assert read(tasks_filters=first).calls.numbers == frozenset({4})
    later = any_of(tasks_pb2, [task_is(TASK_ID, f"{call_text(4)}###1")])
    assert read(tasks_filters=later).calls.numbers is None


def test_an_unknown_kind_of_event_is_refused_by_its_place():
    with pytest.raises(Invalid) as caught:
        read(returned_events=[EventsEnum.EVENTS_ENUM_NEW_TASK, EventsEnum.EVENTS_ENUM_UNSPECIFIED])
    assert caught.value.field == "returned_events[1]"
    with pytest.raises(Invalid) as caught:
        read(returned_events=[99])
    assert caught.value.field == "returned_events[0]"
