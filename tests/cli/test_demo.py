"""The demo, as `make demo` runs it, and its Mesos framework against a scripted master."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, Self

import pytest

DEMO = Path(__file__).parents[2] / "demo" / "run.py"
LARGE = {"cpus": 1.0, "mem": 1024.0, "disk": 100.0}


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give modules of the demo by name."""
    monkeypatch.syspath_prepend(str(DEMO.parent))
    return importlib.import_module


@pytest.mark.slow
@pytest.mark.timeout(90)  # ten seconds, on a busy machine thirty
def test_the_demo_ends_as_expected_and_leaves_nothing(tmp_path_factory: pytest.TempPathFactory, demo: Any) -> None:
    scratch = tmp_path_factory.mktemp("t")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}
    environment["TMPDIR"] = str(scratch)
    ended = subprocess.run([sys.executable, str(DEMO)], env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert "8 of 8 jobs ended as expected (6 succeeded, 2 failed), heartbeat fired 2 times" in ended.stdout
    assert "6 of 6 ArmoniK tasks ended as expected, 14 words in all." in ended.stdout
    obstacle = demo("image").obstacle()
    if obstacle:
        assert "5 of 5 tasks ended as expected (3 finished, 1 failed, 1 killed)." in ended.stdout
        assert f"No task in an image: {obstacle}." in ended.stdout
    else:
        assert "6 of 6 tasks ended as expected (4 finished, 1 failed, 1 killed)." in ended.stdout
        assert "an image made on the spot: /bin " in ended.stdout
    assert list(scratch.iterdir()) == []
    assert not [line for line in _commands() if str(scratch) in line]


@pytest.mark.slow
def test_a_server_that_does_not_start_is_told_with_its_log(
    demo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTICO_NONSENSE", "1")
    (tmp_path / "portico.toml").write_text("nonsense = 1\n")
    server = demo("server")
    with pytest.raises(server.Failed) as caught, server.running(tmp_path, tmp_path, {}):
        pytest.fail("it runs")
    told = str(caught.value).splitlines()
    assert told[:2] == ["the server did not start", "The server's log:"]
    assert "portico.toml:1: nonsense" in told[2]
    assert "PORTICO_NONSENSE" not in str(caught.value)


def test_what_is_off_is_told_once_with_what_helps(demo: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Two:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is open."""

        def get(self, _what: str) -> list[dict[str, Any]]:
            return [{"warnings": ["Nothing is limited."]}, {"warnings": ["Nothing is limited."]}, {"warnings": []}]

    run = demo("run")
    monkeypatch.setattr(run, "Server", lambda _target: Two())
    assert run.warnings(tmp_path) == ["Nothing is limited. What helps: .venv/bin/portico doctor"]


def _commands() -> list[str]:
    """Give the command lines of all processes."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(entry.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return found


class Master:
    """What the framework of the demo talks to: keeps its calls, and tells every task's output."""

    id = "framework"

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.acknowledged: list[str] = []

    def call(self, kind: str, **body: dict[str, Any]) -> None:
        self.calls.append((kind, body))

    def acknowledge(self, status: dict[str, Any]) -> None:
        self.acknowledged.append(status["uuid"])

    def output(self, status: dict[str, Any]) -> str:
        return f"out of {status['task_id']['value']}\nand more"


def _offer(name: str, amounts: dict[str, float]) -> dict[str, Any]:
    resources = [{"name": kind, "type": "SCALAR", "scalar": {"value": amount}} for kind, amount in amounts.items()]
    resources.append({"name": "ports", "type": "RANGES", "ranges": {"range": []}})
    offer = {"id": {"value": name}, "agent_id": {"value": "agent"}, "hostname": "host", "resources": resources}
    return {"type": "OFFERS", "offers": {"offers": [offer]}}


def _status(task: str, state: str, message: str = "") -> dict[str, Any]:
    status = {"task_id": {"value": task}, "state": state, "message": message, "uuid": f"{task} {state}"}
    return {"type": "UPDATE", "update": {"status": status}}


@pytest.fixture
def master() -> Master:
    return Master()


@pytest.fixture
def play(demo: Any, master: Master) -> Any:
    tasks = demo("tasks")
    return tasks.Play(demo("screen").Screen(), master, tasks.tasks(""))


def test_the_first_offer_that_is_large_enough_is_taken(play: Any, master: Master) -> None:
    play.hear(_offer("small", LARGE | {"mem": 64.0}))
    play.hear(_offer("large", LARGE))
    play.hear(_offer("late", LARGE))
    assert [kind for kind, _ in master.calls] == ["DECLINE", "ACCEPT", "DECLINE"]
    accept = master.calls[1][1]["accept"]
    assert accept["offer_ids"] == [{"value": "large"}]
    alone, group = accept["operations"]
    assert [task["name"] for task in alone["launch"]["task_infos"]] == ["hello", "broken", "endless"]
    assert group["launch_group"]["executor"]["type"] == "DEFAULT"
    assert [task["name"] for task in group["launch_group"]["task_group"]["tasks"]] == ["ping", "pong"]


def test_a_task_in_an_image_names_it(demo: Any, master: Master) -> None:
    tasks = demo("tasks")
    tasks.Play(demo("screen").Screen(), master, tasks.tasks("an/image:1")).hear(_offer("large", LARGE))
    launched = master.calls[0][1]["accept"]["operations"][0]["launch"]["task_infos"][-1]
    assert launched["container"]["mesos"]["image"]["docker"] == {"name": "an/image:1"}


def test_what_runs_for_ever_is_killed_once_after_the_others(play: Any, master: Master) -> None:
    play.hear(_offer("large", LARGE))
    for task in play.tasks:
        play.hear(_status(task.name, "TASK_RUNNING"))
    for task in ("hello", "ping", "pong"):
        play.hear(_status(task, "TASK_FINISHED"))
    assert [kind for kind, _ in master.calls] == ["ACCEPT"]
    play.hear(_status("broken", "TASK_FAILED", "exited with 7"))
    play.hear(_status("endless", "TASK_RUNNING"))
    assert [kind for kind, _ in master.calls] == ["ACCEPT", "KILL"]
    assert master.calls[-1][1]["kill"]["task_id"] == {"value": "endless"}
    assert not play.over
    play.hear(_status("endless", "TASK_KILLED"))
    assert play.over
    assert all(task.as_expected for task in play.tasks)
    assert {task.name: task.result for task in play.tasks}["hello"] == "out of hello"
    assert master.acknowledged[-1] == "endless TASK_KILLED"


def test_another_end_is_told(play: Any, capsys: pytest.CaptureFixture[str]) -> None:
    play.hear(_status("hello", "TASK_LOST", "the agent is gone"))
    play.hear(_status("hello", "TASK_FINISHED"))
    play.summarise()
    out = capsys.readouterr().out
    assert "not as expected: hello: TASK_LOST the agent is gone" in out
    assert "0 of 5 tasks ended as expected (1 lost, 4 waiting)." in out


def test_an_error_of_the_master_ends_the_demo(play: Any, demo: Any) -> None:
    failed = demo("framework").Failed
    with pytest.raises(failed, match="Framework failed over"):
        play.hear({"type": "ERROR", "error": {"message": "Framework failed over"}})


def test_the_image_is_whole(demo: Any, tmp_path: Path) -> None:
    image = demo("image")
    assert image.lay_out(tmp_path / "i") == f"oci:{tmp_path / 'i'}:1"
    blobs = {blob.name: blob.read_bytes() for blob in (tmp_path / "i/blobs/sha256").iterdir()}
    assert all(hashlib.sha256(part).hexdigest() == name for name, part in blobs.items())
    listed = json.loads((tmp_path / "i/index.json").read_bytes())["manifests"][0]["digest"]
    layer = json.loads(blobs[listed.removeprefix("sha256:")])["layers"][0]["digest"]
    with tarfile.open(fileobj=io.BytesIO(blobs[layer.removeprefix("sha256:")])) as archive:
        names = archive.getnames()
    assert {"bin/sh", "etc/motd"} <= set(names)


def test_a_machine_without_the_tools_is_told_which(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda tool: None if tool in ("skopeo", "crun", "runc") else f"/bin/{tool}")
    assert demo("image").obstacle() == "containers need skopeo, crun or runc"
    monkeypatch.setattr("os.geteuid", lambda: 1)
    assert demo("image").obstacle() == "containers need root"
