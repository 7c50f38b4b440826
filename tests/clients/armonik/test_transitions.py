"""The rarer ways of tasks: given back, set aside, taken from an agent that ends, and left without their data."""

import os
import signal

import pytest
from clients.armonik.conftest import live, partition
from clients.armonik.environments import NEW
from clients.armonik.program import Refused, task
from clients.armonik.work import (
    ABORTED,
    COMPLETED,
    CREATING,
    DELETED,
    DISPATCHED,
    ERROR,
    MADE,
    PAUSED,
    PENDING,
    PROCESSING,
    RETRIED,
    SUBMITTED,
)
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]
TIMERS = '[timers]\n"armonik.give_back" = "500ms"\n"armonik.crashed_delay" = "1s"\n'


@pytest.fixture(scope="module")
def release():
    return NEW


@pytest.fixture(scope="module")
def server(release):
    tables = (
        partition("default", release),
        partition("none", script="", pod_reserved=0, pod_max=0),
        partition("small", release, environment={"PORTICO_ARMONIK_FOLDER_LIMIT": "1000"}),
    )
    with live(*tables, head=TIMERS) as running:
        yield running


@pytest.fixture
def end_agent(server):
    """Send a signal to the agent of the one worker."""

    def ended(number):
        words = b"PORTICO_ARMONIK_PARTITION"
        (agent,) = (pid for pid, names in server.run_processes().items() if names.get(words) == b"default")
        os.kill(agent, number)

    return ended


def held_by_nobody(found):
    return (found["owner_pod_id"], found["pod_hostname"], found["received_at"], found["acquired_at"]) == (
        "",
        "",
        None,
        None,
    )


def test_a_task_is_told_as_it_is_made(client, work):
    mine = work(["none"])
    client.call("watch", mine.id)
    need = mine.promises()
    piece = mine.one("join", needs=need)
    (_, made) = client.hear("event", lambda kind, event: kind == "NEW_TASK" and event["task_id"] == piece.task)
    assert made["status"] == CREATING
    states = []
    for state in (PENDING, SUBMITTED):
        _, event = client.hear("event", lambda kind, _: kind == "TASK_STATUS_UPDATE")
        states.append(event["status"])
        if state == PENDING:
            client.results.upload_result_data(need[0], mine.id, b"x")
    assert states == [PENDING, SUBMITTED]


def test_what_a_busy_agent_does_not_begin_goes_back_to_the_queue(work):
    mine = work()
    running, go_on = mine.busy()
    waits = mine.submit({})[0]
    held = mine.comes(waits, DISPATCHED)
    assert held["owner_pod_id"] == mine.task(running.task)["owner_pod_id"]
    assert held["acquired_at"] >= held["received_at"]
    assert held_by_nobody(mine.comes(waits, SUBMITTED))
    go_on()
    assert {one["status"] for one in mine.over(running, waits)} == {COMPLETED}
    assert len(mine.tries(waits)) == 1


def test_a_task_whose_data_come_while_its_session_is_paused_is_set_aside(client, work):
    mine = work(["none"])
    need = mine.promises()
    piece = mine.one("join", needs=need)
    client.sessions.pause_session(mine.id)
    assert mine.state(piece.task) == PENDING
    client.results.upload_result_data(need[0], mine.id, b"x")
    assert mine.task(piece.task)["status"] == PAUSED
    client.sessions.resume_session(mine.id)
    assert mine.comes(piece, SUBMITTED)["submitted_at"]


def test_a_queued_task_whose_data_are_deleted_fails_and_is_not_tried_again(client, work):
    mine = work(max_retries=5)
    running, go_on = mine.busy()
    *_, last = pieces = mine.submit(*[{}] * 12)
    assert mine.state(last.task) == SUBMITTED
    client.results.delete_result_data([last.payload], mine.id)
    go_on()
    found = mine.ends(last, ERROR)
    assert "Result data was not found" in found["output"]["error"]
    assert mine.result(last.output)["status"] == ABORTED
    assert {one["status"] for one in mine.over(running, *pieces[:-1])} == {COMPLETED}
    assert len(mine.tries(last)) == 1


def test_a_task_whose_agent_is_killed_is_tried_again(work, end_agent):
    mine = work(max_retries=2)
    running, go_on = mine.busy()
    end_agent(signal.SIGKILL)
    first = mine.comes(running, RETRIED)
    assert first["output"]["error"].startswith("Worker went down with error")
    go_on()
    assert mine.gives(running.output) == [b""]
    assert [one["status"] for one in mine.tries(running)] == [RETRIED, COMPLETED]


def test_a_task_whose_agent_is_told_to_end_runs_elsewhere_and_that_is_no_try(work, end_agent):
    mine = work(max_retries=1)
    running, go_on = mine.busy()
    end_agent(signal.SIGTERM)
    found = mine.comes(running, SUBMITTED)
    assert held_by_nobody(found)
    assert (found["started_at"], found["ended_at"]) == (None, None)
    mine.comes(running, PROCESSING)
    go_on()
    assert mine.gives(running.output) == [b""]
    assert len(mine.tries(running)) == 1


def test_a_task_whose_agent_ends_while_its_session_is_paused_is_set_aside(client, work, end_agent):
    mine = work(max_retries=1)
    running, go_on = mine.busy()
    client.sessions.pause_session(mine.id)
    end_agent(signal.SIGTERM)
    assert held_by_nobody(mine.comes(running, PAUSED))
    client.sessions.resume_session(mine.id)
    go_on()
    assert mine.gives(running.output) == [b""]
    assert len(mine.tries(running)) == 1


def test_priorities_have_a_bound(client, work):
    mine = work()
    (payload,) = mine.results(b"{}")
    with pytest.raises(Refused, match=r"(?s)^INVALID_ARGUMENT: .*Max priority is 100"):
        client.tasks.submit_tasks(mine.id, [task(payload, mine.promises(), priority=101)])
    made = client.tasks.submit_tasks(mine.id, [task(payload, mine.promises(), priority=100)])
    until(lambda: mine.state(made[0]["id"]) == COMPLETED, "the end of the most urgent")


def test_a_task_whose_data_find_no_room_is_tried_again_and_never_begins(work):
    mine = work(["small"], max_retries=1)
    piece = mine.submit({"data": "x" * 2_000, "log": mine.file("log")})[0]
    with pytest.raises(Refused, match="aborted"):
        mine.available(piece.output)
    first, second = mine.tries(piece)
    assert (first["status"], second["status"]) == (RETRIED, ERROR)
    for one in (first, second):
        assert (one["started_at"], bool(one["acquired_at"])) == (None, True)
        assert "may hold 1000 bytes" in one["output"]["error"]
    assert mine.runs("log") == []
    assert mine.gives(mine.one("copy", data="small").output) == [b"small"]


def test_a_result_goes_every_way_there_is(client, work):
    mine = work(["none"])
    uploads, deletes = client.results.upload_result_data, client.results.delete_result_data
    aborted, gone = mine.submit({}, {})
    client.tasks.cancel_tasks([aborted.task, gone.task])
    (promised,) = mine.promises()
    for result in (aborted.output, gone.output):
        assert mine.result(result)["status"] == ABORTED
    deletes([gone.output, promised], mine.id)
    assert {mine.result(one)["status"] for one in (gone.output, promised)} == {DELETED}
    for result in (aborted.output, gone.output, promised, *mine.promises()):
        for data in (b"first", b"second"):
            uploads(result, mine.id, data)
            assert (mine.result(result)["status"], mine.data(result)) == (MADE, data)
        deletes([result], mine.id)
        assert mine.result(result)["status"] == DELETED
