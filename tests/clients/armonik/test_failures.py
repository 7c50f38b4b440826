"""Workers that fail, hang, die and misbehave: what is tried again, what is not, and that the next task runs."""

import json

import pytest
from clients.armonik.program import Refused
from clients.armonik.work import ABORTED, CANCELLED, COMPLETED, CREATED, ERROR, RETRIED, TIMEOUT
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(120)]


def test_a_worker_that_raises_is_asked_again_under_a_new_id(work):
    mine = work(max_retries=3)
    piece = mine.one("flaky", log=mine.file("log"), times=2, data="late")
    assert mine.gives(piece.output) == [b"late"]
    first, second, third = mine.tries(piece)
    assert [one["id"] for one in (first, second, third)] == [piece.task, f"{piece.task}###1", f"{piece.task}###2"]
    assert [one["status"] for one in (first, second, third)] == [RETRIED, RETRIED, COMPLETED]
    assert third["retry_of_ids"] == [first["id"], second["id"]]
    assert (second["created_by"], third["created_by"]) == (first["id"], second["id"])
    for one in (second, third):
        assert (one["payload_id"], one["options"], one["parent_task_ids"]) == (
            piece.payload,
            first["options"],
            first["parent_task_ids"],
        )
        assert one["expected_output_ids"] == list(piece.outputs)
    assert "Worker returned error" in first["output"]["error"]
    assert mine.result(piece.output)["owner_task_id"] == third["id"]
    assert mine.runs("log") == [first["id"], second["id"], third["id"]]


def test_tries_are_used_up(work):
    mine = work(max_retries=2)
    _, go_on = mine.busy()
    piece = mine.one("fail", log=mine.file("log"))
    dependent = mine.one("join", needs=[piece.output])
    go_on()
    with pytest.raises(Refused) as aborted:
        mine.available(piece.output)
    assert aborted.value.code == "RuntimeError"
    found = mine.tries(piece)
    assert [one["status"] for one in found] == [RETRIED, RETRIED, ERROR]
    assert len(mine.runs("log")) == 3
    assert mine.result(piece.output)["status"] == ABORTED
    mine.ends(dependent, ERROR)


def test_an_error_that_a_worker_answers_is_final(work):
    mine = work(max_retries=5)
    piece = mine.one("error", text="no such thing", log=mine.file("log"))
    done = mine.ends(piece, ERROR)
    assert done["output"]["error"] == "no such thing"
    assert mine.runs("log") == [piece.task]
    assert len(mine.tries(piece)) == 1
    assert mine.result(piece.output)["status"] == ABORTED


def test_what_a_failing_task_made_never_was(work):
    mine = work()
    piece = mine.one("drop", data="never")
    mine.ends(piece, ERROR)
    assert mine.tasks()[0] == 1
    total, _ = mine.client.results.list_results({"$": "said", "text": f"Result.session_id == {mine.id!r}"})
    assert total == 2
    assert mine.result(piece.output)["status"] == ABORTED


def test_a_task_that_takes_too_long_is_over_and_the_next_one_runs(work):
    mine = work(max_retries=5)
    late = mine.one("sleep", seconds=30, chosen={"seconds": 1, "max_retries": 5})
    after = mine.one("copy", data="next")
    done = mine.ends(late, TIMEOUT)
    assert done["output"]["error"] == "Deadline Exceeded"
    assert mine.result(late.output)["status"] == ABORTED
    assert mine.gives(after.output) == [b"next"]
    assert len(mine.tries(late)) == 1


def test_a_task_may_have_ten_thousand_years(work):
    mine = work()
    piece = mine.one("copy", data="in time", chosen={"seconds": 315_576_000_000})
    assert mine.gives(piece.output) == [b"in time"]
    assert mine.task(piece.task)["options"]["max_duration"] == 315_576_000_000


def test_a_task_whose_worker_dies_is_tried_again(work):
    mine = work(max_retries=3)
    piece = mine.one("die", log=mine.file("log"), times=1, data="alive")
    assert mine.gives(piece.output) == [b"alive"]
    first, second = mine.tries(piece)
    assert (first["status"], second["status"]) == (RETRIED, COMPLETED)
    assert first["output"]["error"].startswith("Worker ")


def test_a_worker_that_always_dies_uses_the_tries_up(work):
    mine = work(max_retries=1)
    piece = mine.one("die", log=mine.file("log"))
    found = until(lambda: len(found) == 2 and found if (found := mine.tries(piece)) else None, "the second try", 30)
    until(lambda: mine.tries(piece)[-1]["status"] == ERROR, "the last end", 30)
    assert found[0]["status"] == RETRIED
    assert mine.gives(mine.one("copy", data="x").output) == [b"x"]


def test_a_worker_that_hangs_is_replaced_after_the_tasks_time(work):
    mine = work(max_retries=1)
    piece = mine.one("stop", chosen={"seconds": 1, "max_retries": 1})
    after = mine.one("copy", data="next")
    mine.ends(piece, TIMEOUT, patience=40)
    assert mine.gives(after.output) == [b"next"]


def test_a_task_that_ignores_its_cancelling_is_ended(work):
    mine = work()
    running, _ = mine.busy()
    mine.client.tasks.cancel_tasks([running.task])
    mine.ends(running, CANCELLED, patience=40)
    assert mine.gives(mine.one("copy", data="next").output) == [b"next"]


def test_the_token_of_a_task_that_is_over_opens_nothing(work):
    mine = work()
    mine.ends(mine.one("keep"), COMPLETED)
    piece = mine.one("reuse")
    (said,) = map(json.loads, mine.gives(piece.output))
    assert said == ["INVALID_ARGUMENT"] * 4
    assert mine.tasks()[0] == 2


def test_a_task_may_ask_its_agent_for_more_and_submit_as_older_ones_do(work):
    mine = work()
    (far,) = mine.results(b"far")
    piece = mine.one("ask", outputs=2, result=far)
    (said,) = map(json.loads, mine.gives(piece.output))
    assert said[:4] == ["far", "UNIMPLEMENTED", "UNIMPLEMENTED", ""]
    assert mine.gives(piece.outputs[1]) == [b"older"]
    child = mine.task(said[4])
    assert (child["created_by"], child["parent_task_ids"]) == (piece.task, [mine.id, piece.task])
    cut = mine.one("ask", outputs=2, result=far, cut=True)
    (said,) = map(json.loads, mine.gives(cut.output))
    assert said[3:] == ["the stream ended before its last task"]


def test_a_task_that_submits_what_cannot_be_is_an_error_and_did_nothing(work):
    mine, other = work(max_retries=5), work()
    (far,) = other.results(b"far")
    piece = mine.submit({"do": "stray", "needs": [far]})[0]
    found = mine.ends(piece, ERROR)
    assert found["output"]["error"] == f"Result was not found: {far}"
    assert mine.result(piece.output)["status"] == ABORTED
    assert mine.tasks()[0] == 1


def test_a_task_that_makes_nothing_leaves_its_result_open(work):
    mine = work()
    piece = mine.one("silent")
    mine.ends(piece, COMPLETED)
    assert mine.result(piece.output)["status"] == CREATED


def test_a_broken_payload_is_the_tasks_own_trouble(work, client):
    mine = work(max_retries=1)
    (payload,) = mine.results(b"\xff not json")
    (output,) = mine.promises()
    client.tasks.submit_tasks(
        mine.id, [{"$": "task", "payload_id": payload, "expected_output_ids": [output], "data_dependencies": []}]
    )
    with pytest.raises(Refused, match="aborted"):
        mine.available(output)
