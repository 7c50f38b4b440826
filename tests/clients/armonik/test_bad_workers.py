"""Workers that are no workers, and those that take all they can: their own partition pays for it."""

import pytest
from clients.armonik.conftest import live, partition
from clients.armonik.environments import NEW
from clients.armonik.program import Refused
from clients.armonik.work import CANCELLED, COMPLETED, ERROR, RETRIED

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def release():
    return NEW


@pytest.fixture(scope="module")
def server(release):
    tables = (
        partition("default", release),
        partition("garbage", release, "garbage"),
        partition("gone", release, "nothing"),
        partition("small", release, resources={"cpus": 0.1, "mem": 256, "disk": 64}),
    )
    with live(*tables) as running:
        yield running


def test_a_worker_that_answers_garbage_uses_the_tries_up(work):
    mine = work(["garbage"], max_retries=1)
    piece = mine.submit({})[0]
    with pytest.raises(Refused, match="aborted"):
        mine.available(piece.output)
    assert [one["status"] for one in mine.tries(piece)] == [RETRIED, ERROR]
    assert work().one("copy")


def test_a_worker_that_never_serves_costs_its_partition_only(work):
    mine = work(["gone"])
    piece = mine.submit({})[0]
    other = work()
    assert other.gives(other.one("copy", data="x").output) == [b"x"]
    assert mine.state(piece.task) != COMPLETED
    mine.client.tasks.cancel_tasks([piece.task])
    mine.ends(piece, CANCELLED)


def test_a_task_that_fills_its_disk_does_not_take_the_others_with_it(work):
    mine = work(["small"], max_retries=1)
    piece = mine.submit({"do": "fill"}, seconds=20, max_retries=1)[0]
    with pytest.raises(Refused, match="aborted"):
        mine.client.call("events.wait_for_result_availability", [piece.output], mine.id, patience=60)
    assert mine.gives(mine.submit({"data": "x"})[0].output) == [b"x"]
