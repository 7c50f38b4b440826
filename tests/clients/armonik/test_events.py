"""Events: a picture of what is there, and then every change, in order, also of what comes later."""

import pytest
from clients.armonik.program import Refused, said
from clients.armonik.work import ABORTED, COMPLETED, DISPATCHED, MADE, PROCESSING, SUBMITTED

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]


def told(client, kind, fits=lambda _: True):
    """Give the next event of a kind that fits."""
    return client.hear("event", lambda found, event: found == kind and fits(event))[1]


def test_a_stream_begins_with_what_is_there_and_follows_what_comes(client, work, start):
    mine = work()
    before = mine.one("copy", data="x")
    mine.over(before)
    watcher = start()
    watcher.call("watch", mine.id)
    first = told(watcher, "NEW_TASK")
    assert (first["task_id"], first["status"], first["payload_id"]) == (before.task, COMPLETED, before.payload)
    assert first["expected_output_keys"] == [before.output]
    known = told(watcher, "NEW_RESULT", lambda event: event["result_id"] == before.output)
    assert (known["status"], known["owner_id"]) == (MADE, before.task)
    later = mine.one("copy", data="y")
    made = told(watcher, "NEW_TASK", lambda event: event["task_id"] == later.task)
    assert made["parent_task_ids"] == [mine.id]
    states = []
    while COMPLETED not in states:
        states.append(told(watcher, "TASK_STATUS_UPDATE", lambda event: event["task_id"] == later.task)["status"])
    assert [state for state in states if state in {SUBMITTED, DISPATCHED, PROCESSING, COMPLETED}] == sorted(
        {SUBMITTED, DISPATCHED, PROCESSING, COMPLETED} & set(states),
        key=[SUBMITTED, DISPATCHED, PROCESSING, COMPLETED].index,
    )
    assert PROCESSING in states
    assert told(watcher, "RESULT_STATUS_UPDATE", lambda event: event["result_id"] == later.output)["status"] == MADE


def test_a_result_changes_hands(client, work):
    mine = work(max_retries=2)
    client.call("watch", mine.id, [said("EventTypes.RESULT_OWNER_UPDATE")])
    split = mine.one("split", numbers=[1])
    mine.gives(split.output)
    child = mine.result(split.output)["owner_task_id"]
    event = told(client, "RESULT_OWNER_UPDATE", lambda event: event["current_owner_id"] == child)
    assert (event["result_id"], event["previous_owner_id"]) == (split.output, split.task)
    flaky = mine.one("flaky", log=mine.file("log"), times=1)
    mine.gives(flaky.output)
    event = told(client, "RESULT_OWNER_UPDATE", lambda event: event["previous_owner_id"] == flaky.task)
    assert (event["result_id"], event["current_owner_id"]) == (flaky.output, f"{flaky.task}###1")


def test_a_retry_is_told_with_where_it_comes_from(client, work):
    mine = work(max_retries=2)
    client.call("watch", mine.id, [said("EventTypes.NEW_TASK")])
    piece = mine.one("flaky", log=mine.file("log"), times=1)
    mine.gives(piece.output)
    event = told(client, "NEW_TASK", lambda event: event["retry_of_ids"])
    assert (event["task_id"], event["retry_of_ids"]) == (f"{piece.task}###1", [piece.task])
    assert event["origin_task_id"] in {piece.task, ""}


def test_filters_choose_what_is_told(client, work):
    mine = work(["none"])
    wanted, other = mine.submit({}, {})
    client.call(
        "watch", mine.id, (), said(f"Task.id == {wanted.task!r}"), said(f"Result.result_id == {wanted.output!r}")
    )
    assert told(client, "NEW_TASK")["task_id"] == wanted.task
    assert told(client, "NEW_RESULT")["result_id"] == wanted.output
    client.tasks.cancel_tasks([other.task])
    client.tasks.cancel_tasks([wanted.task])
    assert told(client, "RESULT_STATUS_UPDATE") == {"result_id": wanted.output, "status": ABORTED}
    seen = {event.get("task_id", event.get("result_id")) for _, event in (line["args"] for line in client.waiting)}
    assert seen <= {wanted.task, wanted.output}


def test_waiting_for_results_that_are_there_that_come_and_that_never_will(client, work, start):
    mine = work()
    (there,) = mine.results(b"x")
    slow = mine.one("sleep", seconds=0.5)
    mine.available(there, slow.output)
    many = mine.submit(*[{}] * 250)
    client.events.wait_for_result_availability([one.output for one in many], mine.id, bucket_size=100, parallelism=3)
    running, _ = mine.busy()
    waiter = start()
    client.tasks.cancel_tasks([running.task])
    with pytest.raises(Refused, match="aborted"):
        waiter.events.wait_for_result_availability(running.output, mine.id)


def test_a_session_that_nobody_knows_is_a_stream_without_events(client, work):
    client.call("watch", "00000000-0000-4000-8000-000000000000")
    mine = work()
    mine.gives(mine.one("copy").output)
    assert client.waiting == []
