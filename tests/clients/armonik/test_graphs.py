"""Programs as they are published: tasks that split themselves, that need each other, and many at a time."""

import json

import pytest
from clients.armonik.program import task
from clients.armonik.work import COMPLETED, PENDING

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]


def test_a_task_has_others_do_its_work(work):
    mine = work(["default", "other"])
    pieces = [mine.one("split", numbers=list(range(size))) for size in (1, 5, 40)]
    assert mine.gives(*(one.output for one in pieces)) == [b"0", b"20", b"1560"]
    total, found = mine.tasks()
    assert total == 3 + 1 + 5 + 40 + 3
    assert {one["status"] for one in mine.over(*pieces)} == {COMPLETED}
    children = [one for one in found if one["created_by"] == pieces[1].task]
    assert len(children) == 6
    assert {tuple(one["parent_task_ids"]) for one in children} == {(mine.id, pieces[1].task)}
    assert {one["initial_task_id"] for one in children} == {one["id"] for one in children}
    (last,) = (one for one in children if one["expected_output_ids"] == [pieces[1].output])
    assert len(last["data_dependencies"]) == 5
    assert last["options"]["priority"] == 1, "without options of their own, tasks have those of the session"
    assert {one["options"]["priority"] for one in children if one is not last} == {2}


def test_a_diamond(work):
    mine = work()
    top = mine.one("copy", data="a")
    left, right = (mine.one("join", needs=[top.output], data=side) for side in "lr")
    bottom = mine.one("join", needs=[left.output, right.output], data="b")
    (value,) = mine.gives(bottom.output)
    assert value in {b"blara", b"brala"}


def test_a_task_with_several_outputs_and_needs(work):
    mine = work()
    first = mine.one("copy", outputs=3, data="x")
    second = mine.one("join", needs=first.outputs, data="")
    assert mine.gives(*first.outputs, second.output) == [b"x", b"x", b"x", b"xxx"]
    told = mine.one("tell", needs=first.outputs)
    (found,) = map(json.loads, mine.gives(told.output))
    assert found["needs"] == sorted(first.outputs)
    assert found["files"] == sorted([*first.outputs, told.payload])


def test_a_chain_that_was_submitted_backwards(client, work):
    mine = work()
    results = mine.promises(30)
    (start,) = mine.results(b"1")
    (payload,) = mine.results(b'{"do": "add"}')
    for place in reversed(range(30)):
        need = results[place - 1] if place else start
        made = client.tasks.submit_tasks(mine.id, [task(payload, [results[place]], [need])])
        assert place == 0 or mine.state(made[0]["id"]) == PENDING
    assert mine.gives(results[-1]) == [b"1"]


def test_a_thousand_tasks(client, work):
    mine = work()
    payloads = mine.results(*(json.dumps({"data": str(number)}).encode() for number in range(1_000)))
    outputs = mine.promises(1_000)
    given = [task(payload, [output]) for payload, output in zip(payloads, outputs, strict=True)]
    made = client.tasks.submit_tasks(mine.id, given, chunk_size=1_000)
    assert [one["payload_id"] for one in made] == payloads
    client.call("events.wait_for_result_availability", outputs, mine.id, bucket_size=500, patience=60)
    assert mine.counts() == {COMPLETED: 1_000}
    assert [int(mine.data(output)) for output in outputs[::50]] == list(range(0, 1_000, 50))
