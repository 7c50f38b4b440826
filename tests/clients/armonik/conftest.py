"""A server whose workers are on the genuine package, and a client of the same release."""

from __future__ import annotations

import contextlib
import json

import pytest
from clients.armonik.environments import NEW, OLD, python_of
from clients.armonik.program import PROGRAMS, Client
from clients.armonik.work import Work
from live.server import LiveServer

RELEASES = [NEW, pytest.param(OLD, marks=pytest.mark.long)]
NODES = """
[[nodes]]
name = "n1"
cpus = 16
mem = 16384
disk = 20000
"""


def partition(name, release=NEW, script="worker", **keys):
    """Give the table of a partition whose worker is a program of this folder."""
    worker = [str(python_of(release)), str(PROGRAMS / f"{script}.py")]
    lines = {"worker": worker, **keys} if script else keys
    text = "".join(f"{key} = {_toml(value)}\n" for key, value in lines.items())
    return f"[doors.armonik.partitions.{name}]\n{text}"


def _toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


@contextlib.contextmanager
def live(*tables, head="", nodes=NODES, **ports):
    """Run a server with these partitions; `head` is more of its configuration."""
    server = LiveServer("\n".join((head, nodes, *tables)), doors=("armonik",), **ports)
    try:
        yield server.start()
    finally:
        server.clean()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show the server's side of a failure."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and server is not None and server.log.exists():
        for log in (server.log, *sorted((server.data / "nodes").glob("*/*.log"))):
            report.sections.append((str(log), log.read_text(errors="replace")[-4000:]))
    return report


@pytest.fixture(scope="module", params=RELEASES)
def release(request):
    """Give each release of the package, one after the other."""
    return request.param


@pytest.fixture(scope="module")
def server(release):
    """Give a server with one worker in `default`, one in `other`, and nobody in `none`."""
    tables = (
        partition("default", release, environment={"WORD": "w"}),
        partition("other", release, priority=3, preemption_percentage=50, configuration={"image": "x"}),
        partition("none", script="", pod_reserved=0, pod_max=0),
    )
    with live(*tables) as running:
        yield running


@pytest.fixture
def start(tmp_path, server, release):
    """Start clients that end with the test."""
    with contextlib.ExitStack() as stack:

        def started(uri="", **options):
            client = Client(release, uri or f"http://{server.endpoints['armonik']}", tmp_path / "client.log", **options)
            stack.callback(client.close)
            return client

        yield started


@pytest.fixture
def client(start):
    return start()


@pytest.fixture
def work(client, tmp_path):
    """Begin sessions, each with its own defaults, whose tasks write their logs below the test's folder."""
    made = []

    def begun(partitions=("default",), **defaults):
        made.append(Work(client, tmp_path, partitions, defaults))
        return made[-1]

    yield begun
    for one in made:
        one.leave()
