"""A program and its workers outlive the server: the library connects again by itself and finds everything as it was."""

import threading

import pytest
from clients.armonik.conftest import live, partition
from clients.armonik.work import COMPLETED, PENDING, PROCESSING
from crash.scenario import free_port

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def server(release):
    with live(partition("default", release), grpc_port=free_port()) as running:
        yield running


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_wait_and_a_running_task_outlive_a_restart(work, server, end):
    mine = work()
    running, go_on = mine.busy()
    queued = mine.submit(*[{"log": mine.file("log"), "data": "q"}] * 20)
    pending = mine.one("join", needs=[running.output], data="p")
    waits = threading.Thread(target=mine.available, args=(running.output, pending.output))
    waits.start()
    getattr(server, end)()
    server.start()
    waits.join(0.5)
    assert waits.is_alive()
    go_on()
    waits.join(30)
    assert not waits.is_alive()
    assert mine.gives(*(one.output for one in queued)) == [b"q"] * 20
    assert mine.counts() == {COMPLETED: 22}
    assert len(mine.runs("log")) == len(set(mine.runs("log"))) == 20
    assert [one["status"] for one in mine.tries(running)] == [COMPLETED]


def test_what_was_told_is_still_so(work, server):
    mine = work()
    running, go_on = mine.busy()
    pending = mine.one("join", needs=[running.output])
    server.restart()
    assert (mine.state(running.task), mine.state(pending.task)) == (PROCESSING, PENDING)
    go_on()
    assert mine.gives(pending.output) == [b""]
