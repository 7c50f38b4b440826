"""The states of tasks, as far as a program can cause them: who is queued, held, run, cancelled, and what follows."""

import pytest
from clients.armonik.program import task
from clients.armonik.work import (
    ABORTED,
    CANCELLED,
    CANCELLING,
    COMPLETED,
    DISPATCHED,
    ERROR,
    FINAL,
    PAUSED,
    PENDING,
    PROCESSING,
    S_PAUSED,
    SUBMITTED,
)
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]


def test_a_queued_task_waits_for_a_worker(work):
    mine = work(["none"])
    queued = mine.task(mine.submit({})[0].task)
    assert queued["status"] == SUBMITTED
    assert queued["submitted_at"] >= queued["created_at"]
    assert (queued["owner_pod_id"], queued["acquired_at"], queued["ended_at"]) == ("", None, None)


def test_a_task_passes_through_its_states_with_a_time_for_each(work):
    piece = (mine := work()).one("copy")
    done = mine.ends(piece, COMPLETED)
    times = [done[name] for name in ("created_at", "submitted_at", "received_at", "acquired_at", "fetched_at")]
    times += [done[name] for name in ("started_at", "processed_at", "ended_at")]
    assert all(times)
    assert times == sorted(times)
    assert done["pod_ttl"] >= done["started_at"]
    assert done["owner_pod_id"]
    assert done["pod_hostname"]
    assert done["initial_task_id"] == piece.task
    assert (done["created_by"], done["parent_task_ids"], done["retry_of_ids"]) == ("", [mine.id], [])
    assert (
        0 < done["processing_to_end_duration"] <= done["received_to_end_duration"] <= done["creation_to_end_duration"]
    )


def test_a_task_waits_for_its_data_and_its_payload(work):
    mine = work()
    need, payload = mine.promises(2)
    output = mine.promises()[0]
    made = mine.client.tasks.submit_tasks(mine.id, [task(payload, [output], [need])])
    identity = made[0]["id"]
    assert mine.state(identity) == PENDING
    mine.client.results.upload_result_data(payload, mine.id, b'{"do": "join", "data": "a"}')
    assert mine.state(identity) == PENDING
    mine.client.results.upload_result_data(need, mine.id, b"bc")
    assert mine.gives(output) == [b"abc"]


def test_one_runs_some_are_taken_ahead_and_the_rest_are_queued(work):
    mine = work()
    running, go_on = mine.busy()
    others = mine.submit(*[{}] * 20)
    assert mine.state(running.task) == PROCESSING
    until(lambda: mine.state(others[0].task) == DISPATCHED, "one ahead")
    states = [mine.state(one.task) for one in others]
    ahead = states.count(DISPATCHED)
    assert 1 <= ahead <= 8
    assert states == [DISPATCHED] * ahead + [SUBMITTED] * (20 - ahead)
    go_on()
    mine.over(running, *others)
    assert mine.counts() == {COMPLETED: 21}


@pytest.mark.parametrize("partition", ["none", "default"])
def test_a_paused_session_holds_what_has_not_begun(work, partition):
    mine = work([partition])
    running, go_on = mine.busy() if partition == "default" else (None, None)
    before = mine.submit({}, {})
    assert mine.client.sessions.pause_session(mine.id)["status"] == S_PAUSED
    until(lambda: {mine.state(one.task) for one in before} == {PAUSED}, "both paused")
    later = mine.submit({})[0]
    assert mine.state(later.task) == PAUSED
    if running is not None:
        assert mine.state(running.task) == PROCESSING
        go_on()
        mine.ends(running, COMPLETED)
    mine.client.sessions.resume_session(mine.id)
    if running is None:
        assert {mine.state(one.task) for one in (*before, later)} == {SUBMITTED}
    else:
        assert {one["status"] for one in mine.over(*before, later)} == {COMPLETED}


def test_what_waits_is_cancelled_at_once_and_what_runs_is_stopped(work):
    mine = work()
    running, _ = mine.busy()
    ahead, *_, queued = pieces = mine.submit(*[{}] * 12)
    until(lambda: mine.state(ahead.task) == DISPATCHED, "one ahead")
    assert mine.state(queued.task) == SUBMITTED
    pending = mine.one("join", needs=mine.promises())
    mine.client.tasks.cancel_tasks([running.task, *(one.task for one in pieces), pending.task, "nobody"])
    assert mine.state(running.task) in {CANCELLING, CANCELLED}
    assert {mine.state(one.task) for one in (queued, pending)} == {CANCELLED}
    for piece in (running, *pieces, pending):
        done = mine.ends(piece, CANCELLED)
        assert done["ended_at"]
        assert mine.result(piece.output)["status"] == ABORTED
    after = mine.one("copy", data="x")
    assert mine.gives(after.output) == [b"x"]
    mine.client.tasks.cancel_tasks([after.task, running.task])
    assert [mine.state(one.task) for one in (after, running)] == [COMPLETED, CANCELLED]


def test_a_cancelled_paused_task_is_over(work):
    mine = work(["none"])
    piece = mine.submit({})[0]
    mine.client.sessions.pause_session(mine.id)
    assert mine.state(piece.task) == PAUSED
    mine.client.tasks.cancel_tasks([piece.task])
    mine.ends(piece, CANCELLED)


def test_those_who_need_a_cancelled_tasks_result_end_with_an_error(work):
    mine = work(["none"])
    first = mine.submit({})[0]
    second = mine.one("join", needs=[first.output])
    third = mine.one("join", needs=[second.output])
    mine.client.tasks.cancel_tasks([first.task])
    mine.ends(first, CANCELLED)
    for piece in (second, third):
        assert mine.ends(piece, ERROR)["output"]["error"]
        assert mine.result(piece.output)["status"] == ABORTED


def test_a_cancelled_session_ends_everything_in_it(work):
    mine = work()
    running, _ = mine.busy()
    others = [*mine.submit({}, {}), mine.one("join", needs=[running.output])]
    loose = mine.promises()[0]
    found = mine.client.sessions.cancel_session(mine.id)
    assert (found["client_submission"], found["worker_submission"], bool(found["cancelled_at"])) == (False, False, True)
    done = mine.over(running, *others)
    assert {one["status"] for one in done} <= {CANCELLED, ERROR}
    assert done[0]["status"] == CANCELLED
    assert {mine.result(one)["status"] for one in (loose, running.output)} == {ABORTED}
    assert set(mine.counts()) <= FINAL


def test_a_closed_session_runs_nothing_more_that_is_queued(work):
    mine = work()
    running, go_on = mine.busy()
    queued = mine.submit(*[{}] * 12)
    mine.client.sessions.close_session(mine.id)
    go_on()
    mine.ends(running, COMPLETED)
    states = [one["status"] for one in mine.over(*queued)]
    assert set(states[8:]) == {CANCELLED}
    for piece, state in zip(queued, states, strict=True):
        assert (mine.result(piece.output)["status"] == ABORTED) == (state == CANCELLED)


def test_higher_priorities_go_first_and_equals_in_their_order(work):
    mine = work(max_retries=1)
    running, go_on = mine.busy()
    order = {"log": mine.file("order")}
    first = mine.submit(*[order] * 10, priority=50)  # whatever of them is taken ahead, they are the first anyway
    until(lambda: mine.state(first[0].task) == DISPATCHED, "one ahead")
    submitted = [(rank, mine.submit(order, priority=rank)[0]) for rank in (1, 5, 3, 5, 9, 1)]
    go_on()
    mine.over(running, *first, *(piece for _, piece in submitted))
    then = [piece for _, piece in sorted(submitted, key=lambda one: -one[0])]
    assert mine.runs("order") == [piece.task for piece in (*first, *then)]
