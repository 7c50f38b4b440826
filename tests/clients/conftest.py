"""Programs in other languages against a real server."""

import shutil

import pytest
from clients.go_client import GoRemote, build
from doors.jobv1.client import upstream
from live.server import LiveServer


def pytest_configure(config):
    config.addinivalue_line("markers", "clients: drives a client written in another language")


@pytest.fixture(scope="session")
def go_program(tmp_path_factory):
    """Give the Go client's program."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so that no Go client can be built")
    return build(tmp_path_factory.mktemp("go"), upstream.LATER)


KINDS = """
[kinds.echo]
command = ["/bin/echo", "{0}"]
description = "says one word"
[kinds.pipe]
command = ["/bin/cat", "{0}"]
[kinds.fail]
command = ["/bin/sh", "-c", "exit 3"]
[kinds.late]
command = ["/bin/sleep", "60"]
timeout = "100ms"
[kinds.nightly]
command = ["/bin/true"]
cron_spec = "0 3 * * *"
"""


@pytest.fixture(scope="module")
def server():
    live = LiveServer(KINDS)
    try:
        yield live.start()
    finally:
        live.clean()


@pytest.fixture
def client(go_program, server):
    remote = GoRemote(go_program, server.endpoints["jobv1"])
    yield remote
    remote.close()
