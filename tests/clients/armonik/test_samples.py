"""The package's own first programs, each a client and a worker as a newcomer has them."""

import subprocess

import pytest
from clients.armonik.conftest import live, partition
from clients.armonik.environments import python_of
from clients.armonik.program import PROGRAMS

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]  # the first time their environment is made
GREETINGS = "".join(f"Hello greeting {number} World\n" for number in range(5))


@pytest.fixture(scope="module")
def server(release):
    samples = [partition(name, release, f"samples/{name}_worker") for name in ("hello", "subtasking")]
    with live(*samples) as running:
        yield running


@pytest.mark.parametrize(("name", "said"), [("hello", "Hello World\n"), ("subtasking", GREETINGS)])
def test_a_sample_says_what_it_should(server, release, name, said):
    client = PROGRAMS / "samples" / f"{name}_client.py"
    command = [python_of(release), client, f"http://{server.endpoints['armonik']}", name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, said), done.stderr
