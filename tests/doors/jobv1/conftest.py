"""A real server for the black-box tests, and clients of it in processes of their own."""

from pathlib import Path

import pytest
from doors.jobv1.client import upstream
from doors.jobv1.client.remote import Remote
from live.server import LiveServer

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    """Give the directory of the generated stubs of each release."""
    root = tmp_path_factory.mktemp("stubs")
    return {release: upstream.generate(root / release, release) for release in (upstream.SEED, upstream.LATER)}


@pytest.fixture(scope="session")
def server():
    """Give one server that all tests share; each uses its own kinds where they would meet."""
    live = LiveServer((HERE / "kinds.toml").read_text().replace("PATH", str(HERE)))
    try:
        yield live.start()
    finally:
        live.clean()


@pytest.fixture
def own_server():
    """Give a server made from a text of its own: `own_server(config)`."""
    made = []

    def make(config):
        made.append(LiveServer(config))
        return made[-1].start()

    yield make
    for live in made:
        live.clean()


@pytest.fixture
def connect(stubs):
    """Connect a client of the later release to a server: `connect(server)`."""
    made = []

    def make(live, release=upstream.LATER):
        made.append(Remote(stubs[release], live.endpoints["jobv1"]))
        return made[-1]

    yield make
    for remote in made:
        remote.close()


@pytest.fixture(scope="session")
def client(server, stubs):
    """Give a client of the later release, which knows every RPC."""
    remote = Remote(stubs[upstream.LATER], server.endpoints["jobv1"])
    yield remote
    remote.close()


@pytest.fixture(scope="session")
def seed_client(server, stubs):
    """Give a client of the specified release."""
    remote = Remote(stubs[upstream.SEED], server.endpoints["jobv1"])
    yield remote
    remote.close()
