"""Work in flight while the server stops, is killed, or goes down, from outside."""

import os
import signal
from pathlib import Path

import pytest
from doors.jobv1.client.remote import COMPLETED, PROCESSING, SCHEDULED, TERMINATED
from live.server import until

pytestmark = pytest.mark.timeout(90)

HERE = Path(__file__).parent
KINDS = f"""
[[nodes]]
name = "n1"
cpus = 16
mem = 16384
[kinds.pipe]
command = ["/bin/cat", "{{0}}"]
[kinds.alone]
command = ["/bin/cat", "{{0}}"]
concurrency = 1
[kinds.pause]
command = ["/bin/sh", "-c", 'echo x >> "$0"; exit 1', "{{0}}"]
retries = 1
backoff = "3s"
[python]
modules = ["black_box_kinds"]
path = ["{HERE}"]
workers = 2
"""


class Work:
    """Work of every sort, under way."""

    def __init__(self, live, remote, directory):
        self.pipes = [str(directory / f"pipe{number}") for number in range(4)]
        for pipe in self.pipes:
            os.mkfifo(pipe)
        self.count = directory / "count"
        self.command = remote.schedule("pipe", self.pipes[0])["uuid"]
        self.call = remote.schedule("reads", self.pipes[1])["uuid"]
        self.ahead = remote.schedule("alone", self.pipes[2])["uuid"]
        for one in (self.command, self.call, self.ahead):
            live.running(one)
        self.queued = remote.schedule("alone", self.pipes[3])["uuid"]
        self.paused = remote.schedule("pause", str(self.count))["uuid"]
        live.watch(lambda record: record["state"] == "waiting" and record["attempts"] == 1, id=self.paused)
        live.ended(remote.schedule("process")["uuid"])
        self.before = {one["uuid"]: one for one in remote.lookup()}
        self.processes = set(live.run_processes())

    def finish(self, live, remote):
        """Let all of it end, and see that it ended as if nothing had happened."""
        for number, pipe in enumerate(self.pipes):
            Path(pipe).write_text(f"end {number}")
        for number, one in enumerate((self.command, self.call, self.ahead, self.queued)):
            live.ended(one, 30)
            found = remote.find(one)
            assert (found["state"], found["attempts"], found["results"]) == (COMPLETED, 1, [f"end {number}"])
        live.ended(self.paused, 30)
        assert (remote.find(self.paused)["state"], remote.find(self.paused)["attempts"]) == (TERMINATED, 2)
        assert self.count.read_text() == "x\nx\n"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_running_work_goes_on_and_waiting_work_waits(own_server, connect, tmp_path, end):
    live = own_server(KINDS)
    work = Work(live, connect(live), tmp_path)
    getattr(live, end)()
    assert work.processes <= set(live.run_processes())
    remote = connect(live.start())
    after = {one["uuid"]: one for one in remote.lookup()}
    assert list(after) == list(work.before)
    for one in (work.command, work.call, work.ahead):
        assert after[one]["state"] == PROCESSING
        assert after[one]["processed_at"] == work.before[one]["processed_at"]
    assert after[work.queued]["state"] == SCHEDULED
    work.finish(live, remote)


def test_what_ends_while_the_server_is_away_is_known_afterwards(own_server, connect, tmp_path):
    live = own_server(KINDS)
    work = Work(live, connect(live), tmp_path)
    live.kill()
    for pipe, text in zip(work.pipes[:3], ("end 0", "end 1", "end 2"), strict=True):
        Path(pipe).write_text(text)
    cats = {pid for pid in work.processes if Path(f"/proc/{pid}/comm").exists() and _comm(pid) == "cat"}
    until(lambda: not cats & set(live.run_processes()), "the end of the commands")
    remote = connect(live.start())
    Path(work.pipes[3]).write_text("end 3")
    for number, one in enumerate((work.command, work.call, work.ahead, work.queued)):
        live.ended(one, 30)
        assert remote.find(one)["results"] == [f"end {number}"]


def _comm(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def test_a_killed_agent_comes_back_to_its_work(own_server, connect, tmp_path):
    live = own_server(KINDS)
    remote = connect(live)
    work = Work(live, remote, tmp_path)
    (agent,) = live.holders("agent").values()
    os.kill(agent, signal.SIGKILL)
    until(lambda: set(live.holders("agent").values()) - {agent}, "a new agent")
    until(lambda: live.get("/nodes")[0]["connected"], "its registration")
    assert work.processes - {agent} <= set(live.run_processes())
    work.finish(live, remote)


def test_after_down_nothing_is_left_and_history_stays(own_server, connect, tmp_path):
    live = own_server(KINDS)
    work = Work(live, connect(live), tmp_path)
    assert live.run_processes()
    assert live.down() == 0
    assert live.run_processes() == {}
    assert live.holders("keeper") == live.holders("agent") == {}
    remote = connect(live.start())
    found = {one["uuid"]: one for one in remote.lookup()}
    assert list(found) == list(work.before)
    assert found[work.command]["state"] == TERMINATED
    assert remote.schedule("process")["state"] == SCHEDULED
