"""Probes against real commands and servers on the loopback interface."""

import asyncio
import os
import pwd
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from portico.domain.errors import Invalid
from portico.domain.identity import Micros
from portico.domain.runs import CheckKind, HealthCheck, StatusCheck
from portico.node.checks import HostProbe, watch_health

SHELL = ("/bin/sh", "-c")


def command(*argv, timeout=5_000_000):
    return HealthCheck(
        CheckKind.COMMAND, argv=argv, timeout=Micros(timeout), delay=Micros(0), grace=Micros(0), failures=1
    )


def look(probe, check):
    return asyncio.run(probe.look(check))


@pytest.fixture
def probe(tmp_path):
    return HostProbe({"PATH": "/usr/bin:/bin", "WORD": "spoken word"}, tmp_path)


def test_exit_code_decides(probe, tmp_path):
    assert look(probe, command("true"))
    assert not look(probe, command("false"))
    assert not look(probe, command(*SHELL, "exit 10"))
    assert not look(probe, command(*SHELL, "kill -9 $$"))
    assert not look(probe, command("no-such-program"))
    assert not look(probe, command())
    assert not look(HostProbe({}, tmp_path / "gone"), command("/bin/true"))


def see(probe, check):
    return asyncio.run(probe.see(check))


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("true",), 0),
        ((*SHELL, "echo 0; exit 10"), 10),
        ((*SHELL, "kill -9 $$"), 137),
        (("no-such-program",), 127),
        (("tr\0ue",), None),
        ((), None),
    ],
)
def test_a_status_check_sees_the_exit_code(probe, argv, code):
    assert see(probe, StatusCheck(CheckKind.COMMAND, argv)) == code


def test_what_no_system_can_be_told_is_a_failed_look(probe, tmp_path):
    assert not look(probe, command("tr\0ue"))
    assert not look(HostProbe({"A": "a\0b"}, tmp_path), command("true"))
    assert not look(HostProbe({}, tmp_path, prefix=("/usr/bin/env", "A=\0")), command("true"))
    for kind in (CheckKind.HTTP, CheckKind.TCP):
        assert not look(probe, HealthCheck(kind, port=70_000))
    assert see(probe, StatusCheck(CheckKind.HTTP, port=70_000)) is None
    assert see(probe, StatusCheck(CheckKind.TCP, port=70_000)) == 0


def test_environment_and_directory_are_those_of_the_run(probe, tmp_path):
    script = 'echo 0; test "$WORD" = "spoken word" && test "$(pwd -P)" = "$1" && test -z "$(cat)"'
    assert look(probe, command(*SHELL, script, "name", os.path.realpath(tmp_path)))


def test_output_of_the_command_is_not_its_result(probe):
    assert not look(probe, command(*SHELL, "echo 0; echo 0 >&2; exit 1"))


def test_timeout_kills_the_whole_group(probe, tmp_path):
    check = command(*SHELL, f"sleep 300 & echo $! > {tmp_path}/pid; wait", timeout=300_000)
    told = []
    asyncio.run(watch_health(check, probe, told.append))
    assert told == [False]
    assert_gone(int((tmp_path / "pid").read_text()))


def test_what_a_command_leaves_behind_is_killed(probe, tmp_path):
    assert look(probe, command(*SHELL, f"sleep 300 >&- 2>&- & echo $! > {tmp_path}/pid"))
    assert_gone(int((tmp_path / "pid").read_text()))


def assert_gone(pid):
    """Wait until a killed process is gone, or a zombie that nobody reaped."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
    raise AssertionError(f"{pid} lives")


def test_exit_code_is_right_though_somebody_else_reaps(probe):
    """An agent reaps whatever child it finds dead."""
    stop = threading.Event()

    def reap():
        while not stop.is_set():
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                continue

    thread = threading.Thread(target=reap)
    thread.start()
    try:
        assert [look(probe, command(*SHELL, f"exit {code}")) for code in (0, 1) * 10] == [True, False] * 10
    finally:
        stop.set()
        thread.join()


def test_command_joins_the_groups_before_it_runs(tmp_path):
    groups = [tmp_path / name for name in ("first", "second")]
    for group in groups:
        group.write_text("")
    probe = HostProbe({"PATH": "/usr/bin:/bin"}, tmp_path, join=[str(group) for group in groups])
    assert look(probe, command(*SHELL, f'test "$(cat {groups[0]})" = $PPID && test "$(cat {groups[1]})" = $PPID'))
    assert not look(HostProbe({}, tmp_path, join=[str(tmp_path / "gone/tasks")]), command("/bin/true"))


def test_command_runs_as_the_user(tmp_path):
    if os.geteuid() != 0:
        with pytest.raises(Invalid, match="root"):
            HostProbe({}, tmp_path, "root")
        return
    tmp_path.chmod(0o755)
    uid = pwd.getpwnam("nobody").pw_uid
    probe = HostProbe({"PATH": "/usr/bin:/bin"}, Path("/"), "nobody")
    assert look(probe, command(*SHELL, f'test "$(id -u)" = {uid} && ! id -G | grep -qw 0'))


# ---- network ---------------------------------------------------------------------------------------------------


def web(answer, check_path="/", context=None, scheme="http"):
    """Look at a server that answers every connection so; gives the result and the first line it was asked."""
    asked = []

    async def serve(reader, writer):
        asked.append(await reader.readline())
        while (await reader.readline()).strip():
            pass
        writer.write(answer)
        writer.close()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            probe = HostProbe({}, Path("/"))
            return await probe.look(HealthCheck(CheckKind.HTTP, scheme=scheme, path=check_path, port=port))

    return asyncio.run(run()), asked[0].decode() if asked else ""


@pytest.mark.parametrize(
    ("answer", "well"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.0 204 Nothing\r\n\r\n", True),
        (b"HTTP/1.1 399\r\n\r\n", True),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", True),
        (b"HTTP/1.1 199 Odd\r\n\r\n", False),
        (b"HTTP/1.1 400 Bad\r\n\r\n", False),
        (b"HTTP/1.1 503 Down\r\n\r\n", False),
        (b"HTTP/1.1 xyz\r\n\r\n", False),
        (b"SSH-2.0-odd 200\r\n", False),
        (b"", False),
        (b"x" * 100_000, False),
    ],
)
def test_http_status_decides(answer, well):
    assert web(answer)[0] is well


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/health?deep=1&x=a%20b", "GET /health?deep=1&x=a%20b HTTP/1.1\r\n"),
        ("", "GET / HTTP/1.1\r\n"),
        ("live", "GET /live HTTP/1.1\r\n"),
        ("/a b\r\nX: y", "GET /a%20b%0D%0AX:%20y HTTP/1.1\r\n"),
        ("/grün", "GET /gr%C3%BCn HTTP/1.1\r\n"),
    ],
)
def test_path_is_asked_as_given_and_cannot_add_lines(path, line):
    assert web(b"HTTP/1.1 200 OK\r\n\r\n", path) == (True, line)


def test_https_without_verification(tmp_path):
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=elsewhere",
        "-keyout",
        "key",
        "-out",
        "certificate",
    ]
    made = subprocess.run(argv, capture_output=True, check=False, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    assert web(b"HTTP/1.1 200 OK\r\n\r\n", context=context, scheme="https")[0]


@pytest.mark.parametrize(("answer", "status"), [(b"HTTP/1.1 503 Down\r\n\r\n", 503), (b"SSH-2.0-odd\r\n", None)])
def test_a_status_check_sees_the_http_status(answer, status):
    async def serve(_reader, writer):
        writer.write(answer)
        writer.close()

    async def run():
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await HostProbe({}, Path("/")).see(StatusCheck(CheckKind.HTTP, port=port))

    assert asyncio.run(run()) == status


def test_silent_server_is_a_failure_in_time():
    async def run():
        told = []
        hold = asyncio.Event()

        async def silent(_reader, writer):
            await hold.wait()
            writer.close()

        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            check = HealthCheck(
                CheckKind.HTTP, port=port, delay=Micros(0), grace=Micros(0), timeout=Micros(100_000), failures=1
            )
            await watch_health(check, HostProbe({}, Path("/")), told.append)
            hold.set()
        return told

    assert asyncio.run(run()) == [False]


def test_tcp():
    async def run():
        async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            probe = HostProbe({}, Path("/"))
            up = await probe.look(HealthCheck(CheckKind.TCP, port=port))
        down = await probe.look(HealthCheck(CheckKind.TCP, port=port))
        http_down = await probe.look(HealthCheck(CheckKind.HTTP, port=port))
        return up, down, http_down

    assert asyncio.run(run()) == (True, False, False)


def test_many_looks_leave_no_open_handles(probe):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        look(probe, command("true"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
