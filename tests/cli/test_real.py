"""The program as people run it: a real server, real jobs, real signals."""

from __future__ import annotations

import errno
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portico.cli import dismissing
from portico.cli.app import run

PORTICO = [sys.executable, "-m", "portico.cli"]
ANY_PORT = ["--grpc-port", "0", "--http-port", "0", "--mesos-port", "0", "--agent-port", "0"]
CONFIG = """
[kinds.hello]
command = ["echo", "hello"]
[kinds.bad]
command = ["sh", "-c", "echo partly; exit 3"]
[kinds.count]
command = ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done; echo warned >&2"]
[kinds.slow]
command = ["sleep"]
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]  # a server starts in a second, on a busy machine in ten
Captured = pytest.CaptureFixture[str]
Portico = Callable[..., int]


class Server:
    """A server in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.process: subprocess.Popen[str] | None = None

    def command(self, *more: str) -> list[str]:
        return [*PORTICO, "up", "--data-dir", str(self.data), *ANY_PORT, *more]

    def start(self) -> None:
        """Start it; the configuration is the one that lies in its working directory."""
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.directory, env=_environment(), stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready "), (self.directory / "log").read_text()

    def end(self, sent: signal.Signals) -> int:
        """Send a signal and wait for the end."""
        assert self.process is not None
        self.process.send_signal(sent)
        return self.wait()

    def wait(self) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        code = self.process.wait(15)
        self.process.stdout.close()
        return code


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that many tests share."""
    yield from _serve(tmp_path_factory.mktemp("s"))


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that a test may stop."""
    yield from _serve(tmp_path_factory.mktemp("o"))


def _serve(directory: Path) -> Iterator[Server]:
    (directory / "portico.toml").write_text(CONFIG)
    server = Server(directory)
    server.start()
    try:
        yield server
    finally:
        run(["down", "--data-dir", str(server.data)])
        assert server.process is not None
        if server.process.poll() is None:
            server.end(signal.SIGKILL)
        assert server.process.stdout is not None
        server.process.stdout.close()
        assert dismissing.live_keepers(server.data) == {}


@pytest.fixture
def portico(shared: Server) -> Portico:
    return lambda *words: run([*words, "--data-dir", str(shared.data)])


def _schedule(server: Server, capsys: Captured, *words: str) -> str:
    """Schedule without waiting; gives the id."""
    assert run(["schedule", "--detach", *words, "--data-dir", str(server.data)]) == 0
    return capsys.readouterr().out.strip()


def _await_run(server: Server, capsys: Captured, instance: str) -> None:
    """Return once the Run of an instance has begun: before that, a killed server has nothing to leave behind."""
    state, deadline = "", time.monotonic() + 20
    while state != "running" and time.monotonic() < deadline:
        capsys.readouterr()
        assert run(["runs", "--instance", instance, "--json", "--data-dir", str(server.data)]) == 0
        state = json.loads(capsys.readouterr().out.splitlines()[-1])["state"]
    assert state == "running"


def test_scheduled_work_that_succeeds_is_0(portico: Portico, capsys: Captured) -> None:
    assert portico("schedule", "hello", "you") == 0
    captured = capsys.readouterr()
    assert captured.out == "hello you\n"
    assert "succeeded" in captured.err.splitlines()[-1]


def test_scheduled_work_that_fails_is_1(portico: Portico, capsys: Captured) -> None:
    assert portico("schedule", "bad", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["results"], told["kind"]) == ("failed", ["partly"], "bad")


def test_logs_of_detached_work_are_followed(shared: Server, portico: Portico, capsys: Captured) -> None:
    identity = _schedule(shared, capsys, "count")
    assert portico("logs", "-f", identity) == 0
    assert capsys.readouterr().out == "1\n2\n3\n"
    assert portico("logs", "--stderr", identity) == 0
    assert capsys.readouterr().out == "warned\n"
    assert portico("files", identity, "--json") == 0
    assert {"stdout", "stderr"} <= {json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()}


def test_interrupting_on_a_terminal_leaves_the_job_alone(shared: Server, portico: Portico, capsys: Captured) -> None:
    command = [*PORTICO, "schedule", "slow", "1001", "--data-dir", str(shared.data)]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        seen = b""
        while b"running" not in seen:
            seen += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(15) == 130
        finally:
            process.kill()
    seen += _rest(ours)
    assert b"no longer following; the job goes on. To cancel it: portico cancel " in seen
    assert portico("instances", "--kind", "slow", "--state", "running", "--json") == 0
    identity = json.loads(capsys.readouterr().out)["id"]
    assert identity.encode() in seen
    assert portico("cancel", identity) == 0
    assert portico("logs", "-f", identity) == 0


def _rest(terminal: int) -> bytes:
    """Read what a program has left on a terminal whose other end is closed."""
    seen = b""
    try:
        while data := os.read(terminal, 4096):
            seen += data
    except OSError as error:
        assert error.errno == errno.EIO, "the way in which a terminal says that it is over"
    finally:
        os.close(terminal)
    return seen


def test_running_work_is_listed_and_cancelled(shared: Server, portico: Portico, capsys: Captured) -> None:
    identity = _schedule(shared, capsys, "slow", "1000")
    assert portico("instances", "--json", "--kind", "slow", "--newest", "1") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["id"] for record in told] == [identity]
    assert told[0]["arguments"] == ["1000"]
    assert {"id", "door", "state", "created_at"} <= told[0].keys()
    assert portico("cancel", identity[-8:]) == 0
    assert portico("logs", "-f", identity) == 0
    assert portico("instance", identity) == 0
    assert "cancelled" in capsys.readouterr().out


def test_every_look_works(shared: Server, portico: Portico, capsys: Captured) -> None:
    _schedule(shared, capsys, "hello")
    for words in (["status"], ["kinds"], ["nodes"], ["pools"], ["runs"], ["events"]):
        assert portico(*words) == 0
        assert capsys.readouterr().out.strip()
        assert portico(*words, "--json") == 0
        records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert records
        assert all({"id", "door", "state", "created_at"} <= record.keys() for record in records)
    target = shared.directory / "copy.db"
    assert portico("backup", str(target)) == 0
    assert target.stat().st_size > 0


def test_a_node_is_drained_and_opened(portico: Portico, capsys: Captured) -> None:
    assert portico("nodes", "--json") == 0
    node = json.loads(capsys.readouterr().out)["id"]
    for words, state in ((["drain", node], "draining"), (["drain", node, "--undo"], "ready")):
        assert portico(*words) == 0
        capsys.readouterr()
        assert portico("nodes", "--json") == 0
        assert json.loads(capsys.readouterr().out)["state"] == state


def test_the_benchmark_counts_all(portico: Portico, capsys: Captured) -> None:
    assert portico("bench", "hello", "-n", "20", "--in-flight", "4", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["count"], told["states"]) == (20, {"succeeded": 20})
    assert 0 < told["p50_ms"] <= told["p90_ms"] <= told["p99_ms"] <= told["max_ms"]
    assert portico("bench", "bad", "-n", "2", "--json") == 1


def test_a_second_server_on_the_same_data_is_refused(shared: Server) -> None:
    ended = subprocess.run(
        shared.command(), cwd=shared.directory, env=_environment(), capture_output=True, text=True, check=False
    )
    assert shared.process is not None
    assert ended.returncode == 1
    assert f"is in use by the server with pid {shared.process.pid}" in ended.stderr
    assert "ready" not in ended.stdout


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*PORTICO, "up", "--data-dir", str(tmp_path / "d"), "--grpc-port", "0", "--http-port", str(port)]
        ended = subprocess.run(command, cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert str(port) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert dismissing.live_keepers(tmp_path / "d") == {}


@pytest.mark.parametrize("setting", ["http_port", "mesos_port", "agent_port"])
def test_each_port_in_use_is_refused_before_a_node_is_started(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = _refused(tmp_path, f"grpc_port = 0\n{_any_but(setting)}{setting} = {port}\n")
    assert ended.stderr.splitlines()[-1] == (
        f"portico: cannot listen on 127.0.0.1:{port}: the port is in use by another process"
    )


def _any_but(setting: str) -> str:
    return "".join(f"{name} = 0\n" for name in ("http_port", "mesos_port", "agent_port") if name != setting)


def _refused(folder: Path, settings: str) -> subprocess.CompletedProcess[str]:
    """Start a server that cannot start; gives how it ended."""
    (folder / "portico.toml").write_text(settings)
    command = [*PORTICO, "up", "--data-dir", str(folder / "d")]
    ended = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr
    assert dismissing.live_keepers(folder / "d") == {}
    return ended


def test_a_wrong_function_stops_the_start_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("import portico\n@portico.kind(cron_spec='61 * * * *')\ndef tidy(): pass\n")
    ended = _refused(tmp_path, '[python]\nmodules = ["wrong"]\npath = ["."]\n')
    assert ended.stderr == (
        f"portico: [python] kind tidy at wrong:tidy ({tmp_path / 'wrong.py'}:2): "
        "cron_spec: cron field 'minute' is '61': 61 is above the maximum 59\n"
    )


def test_a_file_that_is_none_stops_the_start_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "d" / "secret").mkdir(parents=True)
    (tmp_path / "d" / "FORMAT").write_text("1\n")
    ended = _refused(tmp_path, "")
    assert ended.stderr == f"portico: cannot start: [Errno 21] Is a directory: '{tmp_path / 'd' / 'secret'}'\n"


def test_a_wrong_configuration_is_2_and_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "portico.toml").write_text(
        'grpc_port = 1\nstore = "postgresql://db"\n[kinds.x]\ncommnad = ["true"]\nretries = "many"\n'
        '[auth]\ntls_cert = "absent.pem"\ntls_key = "/dev/null"\n'
    )
    command = [*PORTICO, "up", "--data-dir", str(tmp_path / "d"), "--engine", "steam"]
    ended = subprocess.run(command, cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    lines = ended.stderr.splitlines()
    assert any(line.startswith("portico.toml:2: store: 'postgresql' is not available") for line in lines)
    assert any(line.startswith("portico.toml:4: kinds.x.commnad") for line in lines)
    assert any(line.startswith("portico.toml:7: auth.tls_cert: cannot read ") for line in lines)
    assert any(line.startswith("portico.toml:5: kinds.x.retries") for line in lines)
    assert any(line.startswith("--engine: ") for line in lines)
    assert not (tmp_path / "d").exists()


def test_a_data_directory_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    command = [*PORTICO, "up", "--data-dir", "/" + "x" * 300]
    ended = subprocess.run(command, cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("portico: data directory /xxx")
    assert ended.stderr.endswith("cannot be used: File name too long\n")


def test_a_variable_that_is_no_setting_is_2(tmp_path: Path) -> None:
    command = [*PORTICO, "up", "--data-dir", str(tmp_path / "d")]
    environment = _environment() | {"PORTICO_GRCP_PORT": "1"}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "environment PORTICO_GRCP_PORT" in ended.stderr


def test_variables_alone_make_a_whole_server(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    server = Server(tmp_path_factory.mktemp("v"))
    variables = {
        **{f"PORTICO_{name}_PORT": "0" for name in ("GRPC", "HTTP", "MESOS", "AGENT")},
        "PORTICO_DATA_DIR": str(server.data),
        "PORTICO_DOORS": '["jobv1"]',
        "PORTICO_KINDS__HELLO": '{ command = ["echo", "hello"] }',
        "PORTICO_KINDS__HELLO__PRIORITY": "3",
        "PORTICO_NODES__0__NAME": "only",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(server, "command", lambda: [*PORTICO, "up"])
    monkeypatch.setattr(f"{__name__}._environment", os.environ.copy)
    server.start()
    try:
        assert run(["schedule", "hello", "you"]) == 0
        assert capsys.readouterr().out == "hello you\n"
        assert run(["instances", "--json"]) == 0
        (instance,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert (instance["state"], instance["priority"]) == ("succeeded", 3)
        assert run(["nodes", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["id"] == "only"
    finally:
        assert run(["down"]) == 0
        assert server.wait() == 0


def test_down_stops_the_server_and_what_it_runs(own: Server, capsys: Captured) -> None:
    _schedule(own, capsys, "slow", "1000")
    assert run(["down", "--data-dir", str(own.data)]) == 0
    assert capsys.readouterr().out == "stopped the server and all its Runs\n"
    assert own.wait() == 0
    assert dismissing.live_keepers(own.data) == {}
    assert run(["status", "--data-dir", str(own.data)]) == 3


def test_what_a_killed_server_left_is_stopped_and_its_end_is_known(own: Server, capsys: Captured) -> None:
    identity = _schedule(own, capsys, "slow", "1000")
    _await_run(own, capsys, identity)
    assert own.end(signal.SIGKILL) == -signal.SIGKILL
    assert run(["instance", identity, "--data-dir", str(own.data)]) == 3
    assert run(["down", "--keep-runs", "--data-dir", str(own.data)]) == 0
    assert len(dismissing.live_keepers(own.data)) == 1
    assert run(["down", "--data-dir", str(own.data)]) == 0
    assert dismissing.live_keepers(own.data) == {}
    own.start()
    told = {"state": "running"}
    deadline = time.monotonic() + 20
    while told["state"] == "running" and time.monotonic() < deadline:  # its node tells the end when it has registered
        capsys.readouterr()
        assert run(["instance", identity, "--json", "--data-dir", str(own.data)]) == 0
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["state"] == "failed"
    assert "SIGTERM" in told["error"]


def test_work_goes_on_without_the_server(own: Server, capsys: Captured) -> None:
    identity = _schedule(own, capsys, "count")
    assert own.end(signal.SIGTERM) == 0
    own.start()
    assert run(["logs", "-f", identity, "--data-dir", str(own.data)]) == 0
    assert capsys.readouterr().out == "1\n2\n3\n"
