"""A program and its worker on the Rust crate."""

import json
import subprocess

import pytest
from clients.armonik.conftest import live
from clients.armonik.environments import rust_program
from clients.armonik.work import ABORTED, ERROR, MADE, RETRIED

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(1200)]  # the first build takes minutes


@pytest.fixture(scope="module")
def server():
    table = f'[doors.armonik.partitions.default]\nworker = ["{rust_program()}", "worker"]\n'
    with live(table) as running:
        yield running


def test_a_program_and_a_worker_in_rust(server):
    command = [rust_program(), "client", f"http://{server.endpoints['armonik']}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["states"] == [MADE, MADE, MADE, ABORTED, ABORTED]
    assert sorted(told["data"]) == sorted("yxw12")
    assert told["data"].startswith("yx")
    assert (told["first"], told["second"]) == (RETRIED, ERROR)
    assert told["error"] == 'Error { error: "as told" }' or "as told" in told["error"]
    assert "Task was not found" in told["missing"]
    assert told["user"] == "Anonymous"
