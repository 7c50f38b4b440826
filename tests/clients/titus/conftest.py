"""A server whose periods are short, a client over stubs of its own, and both ways in."""

from __future__ import annotations

import contextlib
import json

import pytest
from clients.titus import stubs as contracts
from clients.titus.doors import OverGrpc, OverRest
from clients.titus.remote import Remote
from live.server import LiveServer

TITUS = """
[doors.titus]
security_groups = ["sg-default"]
iam_role = "none"
cell = "cell1"
stack = "test"
[timers]
"titus.min_retry_interval" = "0s"
"""
NODE = """
[[nodes]]
name = "{name}"
cpus = {cpus}
mem = 1000000
disk = 20000000
network = 1000000
attributes = {{ zone = "{zone}" }}
"""


def node(name, cpus=1000, zone="a"):
    return NODE.format(name=name, cpus=cpus, zone=zone)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show the server's side of a failure."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and server is not None and server.log.exists():
        report.sections.append(("server log", server.log.read_text()[-4000:]))
    return report


class TitusServer(LiveServer):
    """A server with this door only; its tables stand below the one that opens it."""

    def __init__(self, config, doors=("titus",), **ports):
        super().__init__(config, doors, **ports)

    def configure(self, config, doors=("titus",)):
        ports = "".join(f"{key} = {value}\n" for key, value in self.ports.items())
        self.config.write_text(f'host = "127.0.0.1"\n{ports}doors.enabled = {json.dumps(list(doors))}\n{config}')


def live(config, **ports):
    server = TitusServer(config, **ports)
    try:
        yield server.start()
    finally:
        server.clean()


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    return contracts.generate(tmp_path_factory.mktemp("titus") / "stubs")


@pytest.fixture(scope="module")
def server():
    yield from live(TITUS + node("n1"))


@pytest.fixture
def start(stubs, server, tmp_path):
    """Start client programs that end with the test."""
    with contextlib.ExitStack() as stack:

        def started(script="titus_client"):
            remote = Remote(stubs, server.endpoints["titus"], tmp_path / "client.log", script)
            stack.callback(remote.close)
            return remote

        yield started


@pytest.fixture
def remote(start):
    return start()


@pytest.fixture
def grpc(remote):
    return OverGrpc(remote)


@pytest.fixture
def rest(server):
    return OverRest(server.endpoints["titus_rest"])


@pytest.fixture(params=["grpc", "rest"])
def door(request):
    """Give each way in, one after the other."""
    return request.getfixturevalue(request.param)
