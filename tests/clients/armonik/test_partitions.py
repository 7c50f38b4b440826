"""Partitions that share one machine: who is asked for work, who lends workers, who grows, and who has to make room."""

import pytest
from clients.armonik.conftest import live, partition
from clients.armonik.environments import NEW
from clients.armonik.work import COMPLETED, PAUSED, PROCESSING, SUBMITTED
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(180)]
POD = {"cpus": 1, "mem": 128}
NODE = """
[[nodes]]
name = "n1"
cpus = 2
mem = 4096
disk = 20000
"""


@pytest.fixture(scope="module")
def release():
    return NEW


class TestLending:
    @pytest.fixture
    def server(self, release):
        tables = (
            partition("default", release),
            partition("parent", release, environment={"WORD": "parent"}),
            partition("middle", script="", pod_reserved=0, pod_max=0, parents=["parent"]),
            partition("child", script="", pod_reserved=0, pod_max=0, parents=["middle"]),
        )
        with live(*tables) as running:
            yield running

    def test_an_idle_worker_of_a_parent_is_lent(self, work):
        mine = work(["child", "parent"])
        piece = mine.submit({"do": "tell"})[0]
        (told,) = mine.gives(piece.output)
        assert b'"word": "parent"' in told
        assert b'"partition": "child"' in told
        busy, go_on = mine.busy(partition_id="parent")
        waits = mine.submit({"log": mine.file("order")})[0]
        own = mine.submit({"log": mine.file("order")}, partition_id="parent")[0]
        assert mine.state(waits.task) == SUBMITTED
        go_on()
        mine.over(busy, waits, own)
        assert mine.runs("order") == [own.task, waits.task]


class TestGrowing:
    @pytest.fixture
    def server(self, release):
        head = '[timers]\n"armonik.scale_down" = "1s"\n"armonik.preemption" = "200ms"\n'
        tables = (
            partition(
                "default", release, pod_reserved=0, pod_max=2, priority=1, preemption_percentage=100, resources=POD
            ),
            partition("urgent", release, pod_reserved=0, pod_max=1, priority=9, resources=POD),
        )
        with live(*tables, head=head, nodes=NODE) as running:
            yield running

    def test_workers_come_with_the_work_and_make_room_for_the_urgent(self, work, server):
        def pods():
            words = b"PORTICO_ARMONIK_PARTITION"
            found = [names[words].decode() for names in server.run_processes().values() if words in names]
            return {name: found.count(name) for name in set(found)}

        mine = work(["default", "urgent"], max_retries=5)
        first, go_on = mine.busy()
        second, _ = mine.busy()
        assert {mine.state(one.task) for one in (first, second)} == {PROCESSING}
        urgent = mine.submit({"data": "now"}, partition_id="urgent")[0]
        assert mine.gives(urgent.output) == [b"now"]
        go_on()
        for gate in mine.folder.glob("busy*"):
            (mine.folder / gate.name.replace("busy", "gate")).touch()
        for one in (first, second):
            found = until(
                lambda one=one: mine.tries(one) if mine.tries(one)[-1]["status"] == COMPLETED else None, "end"
            )
            assert len(found) == 1, "what makes room is not counted as a try"
        until(lambda: not pods(), "the end of all workers", 30)

    def test_what_makes_room_in_a_paused_session_is_set_aside(self, work):
        mine, other = work(["default"], max_retries=1), work(["urgent"])
        busy = [mine.busy() for _ in range(2)]
        mine.client.sessions.pause_session(mine.id)
        assert other.gives(other.submit({"data": "now"})[0].output) == [b"now"]
        assert sorted(mine.state(piece.task) for piece, _ in busy) == [PROCESSING, PAUSED]
        mine.client.sessions.resume_session(mine.id)
        for piece, go_on in busy:
            go_on()
            mine.ends(piece, COMPLETED)
            assert len(mine.tries(piece)) == 1
