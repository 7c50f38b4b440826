"""Sessions: what each call allows from where, what it leaves, and what may be submitted."""

import pytest
from clients.armonik.program import Refused, options, said, task
from clients.armonik.work import (
    CANCELLED,
    CLOSED,
    COMPLETED,
    DELETED,
    MADE,
    PURGED,
    RUNNING,
    S_CANCELLED,
    S_DELETED,
    S_PAUSED,
)

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]
STATES = {
    RUNNING: (),
    S_PAUSED: ("pause",),
    CLOSED: ("close",),
    S_CANCELLED: ("cancel",),
    PURGED: ("close", "purge"),
}
"""How a session gets there."""
ALLOWED = {
    "pause": {RUNNING: S_PAUSED},
    "resume": {RUNNING: RUNNING, S_PAUSED: RUNNING},
    "close": {RUNNING: CLOSED, S_PAUSED: CLOSED},
    "cancel": {RUNNING: S_CANCELLED, S_PAUSED: S_CANCELLED, CLOSED: S_CANCELLED},
    "purge": {CLOSED: PURGED, S_CANCELLED: PURGED},
    "delete": dict.fromkeys(STATES, S_DELETED),
}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def refuses():
    def check(code, text=""):
        return pytest.raises(Refused, match=f"(?s)^{code}: .*{text}")

    return check


def move(client, how, session):
    return client.call(f"sessions.{how}_session", session)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("how", ALLOWED)
def test_every_move_from_every_state(client, refuses, how, state):
    session = client.sessions.create_session(options(), [])
    for step in STATES[state]:
        move(client, step, session)
    assert client.sessions.get_session(session)["status"] == state
    if state in ALLOWED[how]:
        assert move(client, how, session)["status"] == ALLOWED[how][state]
        return
    with refuses("FAILED_PRECONDITION", "The session transition is invalid"):
        move(client, how, session)
    assert client.sessions.get_session(session)["status"] == state


def test_a_new_session_has_its_defaults(client):
    session = client.sessions.create_session(options(priority=7, seconds=90, options={"a": "b"}), [])
    found = client.sessions.get_session(session)
    assert (found["status"], found["partition_ids"]) == (RUNNING, ["default"])
    assert (found["client_submission"], found["worker_submission"]) == (True, True)
    given = found["options"]
    assert (given["priority"], given["max_duration"], given["partition_id"]) == (7, 90.0, "default")
    assert given["options"] == {"a": "b"}
    assert found["created_at"]
    assert not any(found[f"{end}_at"] for end in ("cancelled", "closed", "purged", "deleted"))


def test_a_closed_session_tells_how_long_it_was(client):
    session = client.sessions.create_session(options(), [])
    found = client.sessions.close_session(session)
    assert found["closed_at"] > found["created_at"]
    assert found["duration"] > 0
    assert (found["client_submission"], found["worker_submission"]) == (False, False)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"max_retries": 0}, "max_retries"), ({"priority": 0}, "priority"), ({"priority": 100}, "priority")],
)
def test_bad_defaults_are_refused(client, refuses, given, field):
    with refuses("INVALID_ARGUMENT", field):
        client.sessions.create_session(options(**given), [])


def test_defaults_are_needed_and_partitions_must_be_there(client, refuses):
    for request in ({}, {"default_task_option": {"max_retries": 1, "priority": 1}}):
        with refuses("INVALID_ARGUMENT"):
            client.rpc("Sessions", "CreateSession", request)
    with refuses("NOT_FOUND", "Partition was not found"):
        client.sessions.create_session(options(), ["nowhere"])
    made = client.rpc(
        "Sessions",
        "CreateSession",
        {
            "default_task_option": {"max_retries": 1, "priority": 1, "max_duration": "60s"},
            "partition_ids": [""],
        },
    )
    assert client.sessions.get_session(made["session_id"])["partition_ids"] == ["default"]


@pytest.mark.parametrize("how", ["get", *(how for how in ALLOWED if how != "delete")])
def test_an_unknown_session_is_not_found(client, refuses, how):
    for name in (NOBODY, "no id at all", ""):
        with refuses("NOT_FOUND", "Session was not found"):
            move(client, how, name)


def test_deleting_is_never_refused_and_leaves_nothing(client, work, refuses):
    mine = work()
    piece = mine.one("copy", data="x")
    mine.ends(piece, COMPLETED)
    gone = client.sessions.delete_session(mine.id)
    assert (gone["status"], bool(gone["deleted_at"])) == (S_DELETED, True)
    for ask in (mine.session, lambda: mine.task(piece.task), lambda: mine.result(piece.output)):
        with refuses("NOT_FOUND"):
            ask()
    assert mine.tasks() == [0, []]
    assert client.sessions.delete_session(NOBODY)["status"] == S_DELETED


def test_submission_stops_for_each_side(client, work, refuses):
    mine = work()
    found = client.sessions.stop_submission_session(mine.id, client=False, worker=True)
    assert (found["client_submission"], found["worker_submission"]) == (True, False)
    assert mine.gives(mine.one("stray").output)[0].startswith(b"FAILED_PRECONDITION: ")
    found = client.sessions.stop_submission_session(mine.id, client=True, worker=False)
    assert (found["client_submission"], found["worker_submission"]) == (False, False)
    with refuses("FAILED_PRECONDITION", "Client submission is closed"):
        mine.submit({})
    assert client.sessions.stop_submission_session(mine.id, client=False, worker=False)["status"] == RUNNING
    with refuses("NOT_FOUND", "Session was not found"):
        client.sessions.stop_submission_session(NOBODY, client=True, worker=True)


def test_purging_takes_the_data_and_leaves_the_records(client, work, refuses):
    mine = work()
    piece = mine.one("copy", data="x")
    mine.ends(piece, COMPLETED)
    kept = client.rpc(
        "Results",
        "CreateResultsMetaData",
        {"session_id": mine.id, "results": [{"name": "kept", "manual_deletion": True}]},
    )["results"][0]["result_id"]
    client.results.upload_result_data(kept, mine.id, b"still")
    client.sessions.close_session(mine.id)
    assert client.sessions.purge_session(mine.id)["purged_at"]
    assert mine.result(piece.output)["status"] == DELETED
    assert mine.task(piece.task)["status"] == COMPLETED
    with refuses("NOT_FOUND"):
        mine.data(piece.output)
    assert (mine.result(kept)["status"], mine.data(kept)) == (MADE, b"still")


def test_a_submission_is_checked(client, work, refuses):
    mine = work()
    (payload,), (output,) = mine.results(b"{}"), mine.promises()
    good = task(payload, [output])
    with refuses("NOT_FOUND", "Session was not found"):
        client.tasks.submit_tasks(NOBODY, [good])
    with refuses("INVALID_ARGUMENT"):
        client.tasks.submit_tasks(mine.id, [task(payload, [output], partition_id="other")])
    with refuses("NOT_FOUND", "Result was not found"):
        client.tasks.submit_tasks(mine.id, [task(NOBODY, [output])])
    with refuses("NOT_FOUND", "Result was not found"):
        client.tasks.submit_tasks(mine.id, [good, task(payload, [output], [NOBODY])])
    with refuses("INVALID_ARGUMENT"):
        client.rpc("Tasks", "SubmitTasks", {"session_id": mine.id})
    client.results.delete_result_data([payload], mine.id)
    with refuses("FAILED_PRECONDITION", "Result status is invalid"):
        client.tasks.submit_tasks(mine.id, [good])
    assert mine.tasks() == [0, []]
    assert mine.result(output)["owner_task_id"] == ""
    client.sessions.close_session(mine.id)
    with refuses("FAILED_PRECONDITION", "Client submission is closed"):
        client.tasks.submit_tasks(mine.id, [good])


def test_a_worker_is_checked_too(work):
    mine = work()
    for wrong in ({"partition_id": "other"}, {"partition_id": "nowhere"}):
        (told,) = mine.gives(mine.one("stray", **wrong).output)
        assert told.startswith(b"INVALID_ARGUMENT: "), told
    assert mine.gives(mine.one("stray").output) == [b"OK"]


def test_options_are_inherited_field_by_field(client, work):
    mine = work(["default", "other"], max_retries=4, application_name="app", options={"a": "1", "b": "2"})
    (payload,) = mine.results(b"{}")
    for given, expected in (
        ({"max_duration": "5s", "priority": 2}, (5.0, 2, 4)),
        ({"priority": 3, "partition_id": "other"}, (60.0, 3, 4)),
        ({"max_retries": 9, "priority": 1}, (60.0, 1, 9)),
    ):
        (output,) = mine.promises()
        made = client.rpc(
            "Tasks",
            "SubmitTasks",
            {
                "session_id": mine.id,
                "task_options": {"priority": 8, "options": {"b": "3", "c": "4"}},
                "task_creations": [
                    {"payload_id": payload, "expected_output_keys": [output], "task_options": given},
                ],
            },
        )["task_infos"]
        found = mine.task(made[0]["task_id"])["options"]
        assert (found["max_duration"], found["priority"], found["max_retries"]) == expected
        assert found["partition_id"] == given.get("partition_id", "default")
        assert (found["application_name"], found["options"]) == ("app", {"a": "1", "b": "3", "c": "4"})


def test_sessions_are_listed(client, work):
    mine, other = work(options={"mark": "m1"}), work()
    client.sessions.close_session(other.id)
    total, found = client.sessions.list_sessions(said(f"Session.session_id == {mine.id!r}"))
    assert (total, [one["session_id"] for one in found]) == (1, [mine.id])
    both = f"(Session.session_id == {mine.id!r}) | (Session.session_id == {other.id!r})"
    for sort, direction in (("Session.created_at", "ASC"), ("Session.created_at", "DESC")):
        _, found = client.sessions.list_sessions(
            said(both), sort_field=said(sort), sort_direction=said(f"Direction.{direction}")
        )
        expected = [mine.id, other.id] if direction == "ASC" else [other.id, mine.id]
        assert [one["session_id"] for one in found] == expected
    closed = f"({both}) & (Session.status == SessionStatus.CLOSED)"
    assert client.sessions.list_sessions(said(closed))[0] == 1
    assert client.sessions.list_sessions(said(f"({both}) & (Session.options['mark'] == 'm1')"))[0] == 1
    assert client.sessions.list_sessions(said(f"({both}) & (Session.client_submission == True)"))[0] == 1
    assert client.sessions.list_sessions(said(f"({both}) & Session.partition_ids.contains('default')"))[0] == 2


def test_a_cancelled_sessions_queue_is_gone(work):
    mine = work(["none"])
    pieces = mine.submit(*[{}] * 20)
    mine.client.sessions.cancel_session(mine.id)
    assert {one["status"] for one in mine.over(*pieces)} == {CANCELLED}
    assert mine.counts() == {CANCELLED: 20}
