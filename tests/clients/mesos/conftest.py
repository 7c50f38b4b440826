"""A server whose periods are short, and genuine Mesos clients that connect to it."""

from __future__ import annotations

import contextlib
import getpass

import pytest
from clients.mesos.framework import Framework
from clients.mesos.program import Program
from live.server import LiveServer

CONFIG = """
[timers]
"mesos.allocation" = "100ms"
"mesos.heartbeat" = "250ms"
"mesos.status_retry" = "500ms"
[[nodes]]
name = "one"
cpus = 4
mem = 2048
disk = 4096
ports = "31000-31099"
attributes = { rack = "a" }
"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show the server's side of a failure."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and server is not None and server.log.exists():
        report.sections.append(("server log", server.log.read_text()[-4000:]))
    return report


def live(config):
    server = LiveServer(config, doors=("mesos",))
    try:
        yield server.start()
    finally:
        server.clean()


@pytest.fixture(scope="module")
def server():
    yield from live(CONFIG)


@pytest.fixture
def master(server):
    return server.endpoints["mesos_master"]


@pytest.fixture
def agent(server):
    return server.endpoints["mesos_agents"][0]


@pytest.fixture
def start(tmp_path):
    """Start client programs that end with the test."""
    with contextlib.ExitStack() as stack:

        def started(client, script, *args):
            program = Program(client, script, *args, log=tmp_path / "client.log")
            stack.callback(program.close)
            return program

        yield started


@pytest.fixture
def framework(start, server):
    """Start frameworks on pymesos; they are torn down with the test, whatever became of it."""
    with contextlib.ExitStack() as stack:

        def started(info=None, **options):
            info = {"user": getpass.getuser(), "name": "test", "failover_timeout": 60} | (info or {})
            program = start("pymesos", "pymesos_scheduler", server.endpoints["mesos_master"], info, options)
            stack.callback(_stop, program)
            program.call("start")
            return Framework(program)

        yield started


def _stop(program):
    if not program.process.stdin.closed and program.process.poll() is None and not program.call("aborted"):
        program.call("stop")
        program.call("join")


@pytest.fixture
def operator(start, master):
    return start("pymesos", "pymesos_operator", "master", master)


@pytest.fixture
def agent_operator(start, agent):
    return start("pymesos", "pymesos_operator", "agent", agent)
