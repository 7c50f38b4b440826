"""The service of older programs, and watching results, by the package's own stubs."""

import base64
import json

import pytest
from clients.armonik.program import Refused
from clients.armonik.work import CANCELLED, COMPLETED

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]
OPTIONS = {"max_retries": 2, "priority": 1, "max_duration": "60s"}
EQUAL = "RESULT_STATUS_COMPLETED"


def coded(order):
    return base64.b64encode(json.dumps(order).encode()).decode()


def refuses(code, text=""):
    return pytest.raises(Refused, match=f"(?s)^{code}: .*{text}")


@pytest.fixture
def call(client):
    return lambda name, request: client.rpc("Submitter", name, request)


@pytest.fixture
def small(call, work):
    """Create tasks the old way; gives the session and, for each, its id and its output's."""

    def created(*orders):
        mine = work()
        outputs = mine.promises(len(orders))
        requests = [
            {"payload": coded(order), "expected_output_keys": [out]} for order, out in zip(orders, outputs, strict=True)
        ]
        asked = {"session_id": mine.id, "task_options": OPTIONS, "task_requests": requests}
        made = call("CreateSmallTasks", asked)["creation_status_list"]["creation_statuses"]
        return mine, [(one["task_info"]["task_id"], out) for one, out in zip(made, outputs, strict=True)]

    return created


def test_a_session_and_small_tasks(call, small):
    session = call("CreateSession", {"default_task_option": OPTIONS})["session_id"]
    call("CancelSession", {"id": session})
    mine, ((task, output), (wrong, aborted)) = small({"data": "old"}, {"do": "error", "text": "no"})
    asked = {"session": mine.id, "result_id": output}
    assert "ok" in call("WaitForAvailability", asked)
    told = call("TryGetResultStream", asked)
    assert base64.b64decode(told[0]["result"]["data"]) == b"old"
    assert told[-1]["result"]["data_complete"] is True
    assert "ok" in call("TryGetTaskOutput", {"session": mine.id, "task_id": task})
    assert "error" in call("WaitForAvailability", {"session": mine.id, "result_id": aborted})
    assert call("TryGetTaskOutput", {"session": mine.id, "task_id": wrong})["error"]["details"] == "no"
    lost = call("TryGetResultStream", {"session": mine.id, "result_id": aborted})
    assert lost[0]["error"]["task_id"] == wrong
    states = call("GetTaskStatus", {"task_ids": [task, wrong, "nobody"]})["id_statuses"]
    assert {one["task_id"]: one["status"] for one in states} == {
        task: "TASK_STATUS_COMPLETED",
        wrong: "TASK_STATUS_ERROR",
    }
    states = call("GetResultStatus", {"session_id": mine.id, "result_ids": [output, aborted]})["id_statuses"]
    assert {one["status"] for one in states} == {"RESULT_STATUS_COMPLETED", "RESULT_STATUS_ABORTED"}


def test_large_tasks_come_in_pieces(client, call, work):
    mine = work()
    (output,) = mine.promises()
    whole = base64.b64decode(coded({"data": "large"}))
    pieces = [{"task_payload": {"data": base64.b64encode(part).decode()}} for part in (whole[:5], whole[5:])]
    stream = [
        {"init_request": {"session_id": mine.id, "task_options": OPTIONS}},
        {"init_task": {"header": {"expected_output_keys": [output]}}},
        *pieces,
        {"task_payload": {"data_complete": True}},
        {"init_task": {"last_task": True}},
    ]
    made = call("CreateLargeTasks", stream)["creation_status_list"]["creation_statuses"]
    assert made[0]["task_info"]["task_id"]
    assert mine.gives(output) == [b"large"]
    for wrong in (stream[1:], stream[:-1], []):
        with refuses("INVALID_ARGUMENT"):
            client.rpc("Submitter", "CreateLargeTasks", wrong)


def test_tasks_are_listed_counted_awaited_and_cancelled(call, small, work):
    mine, made = small(*[{}] * 3)
    tasks = {task for task, _ in made}
    session = {"session": {"ids": [mine.id]}}
    counted = call("WaitForCompletion", {"filter": session, "stop_on_first_task_error": True})
    assert {one["status"]: one["count"] for one in counted["values"]} == {"TASK_STATUS_COMPLETED": 3}
    assert set(call("ListTasks", session)["task_ids"]) == tasks
    done = {"statuses": ["TASK_STATUS_COMPLETED"]}
    assert call("ListTasks", session | {"excluded": done}) == {}
    assert {one["count"] for one in call("CountTasks", session | {"included": done})["values"]} == {3}
    assert mine.id in call("ListSessions", {"sessions": [mine.id]})["session_ids"]
    other = work()
    running, _ = other.busy()
    call("CancelTasks", {"session": {"ids": [other.id]}})
    other.ends(running, CANCELLED)
    with refuses("INVALID_ARGUMENT"):
        call("ListTasks", {"session": {}})
    with refuses("INVALID_ARGUMENT"):
        call("CreateSmallTasks", {"session_id": mine.id, "task_options": OPTIONS})


def test_the_size_of_pieces_is_told(call, client):
    assert call("GetServiceConfiguration", {})["data_chunk_max_size"] == client.results.get_service_config()


def test_the_result_of_a_payload_has_the_name_it_was_given(call, work):
    mine = work(["none"])
    requests = [{"payload": coded({}), "payload_name": "as named"}]
    asked = {"session_id": mine.id, "task_options": {**OPTIONS, "partition_id": "none"}, "task_requests": requests}
    (made,) = call("CreateSmallTasks", asked)["creation_status_list"]["creation_statuses"]
    assert mine.result(made["task_info"]["payload_id"])["name"] == "as named"


@pytest.mark.parametrize("service", ["Results", "Submitter"])
def test_results_are_watched(client, work, service):
    mine = work()
    (there,) = mine.results(b"x")
    piece = mine.one("sleep", seconds=0.3)
    asked = {
        "fetch_statuses": [EQUAL, "RESULT_STATUS_CREATED", "RESULT_STATUS_NOTFOUND"],
        "watch_statuses": [EQUAL],
        "result_ids": [there, piece.output, "nobody"],
    }
    told = client.rpc(service, "WatchResults", [asked], most=4)
    assert {one["status"]: one["result_ids"] for one in told[:3]} == {
        EQUAL: [there],
        "RESULT_STATUS_CREATED": [piece.output],
        "RESULT_STATUS_NOTFOUND": ["nobody"],
    }
    assert told[3] == {"status": EQUAL, "result_ids": [piece.output]}
    assert mine.state(piece.task) == COMPLETED
