"""Every genuine client gets its work done: a program and its worker, unchanged."""

import json

import pytest
from clients.armonik.environments import NEW, OLD
from clients.armonik.work import COMPLETED, MADE

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]  # the first time its environment is made


@pytest.fixture(scope="module", params=[NEW, OLD])
def release(request):
    """Give both releases, also in the short run."""
    return request.param


def test_a_program_and_a_worker_of_one_release(client, work):
    hello = work()
    piece = hello.one("tell", chosen={"priority": 4, "options": {"name": "hello"}})
    (told,) = map(json.loads, hello.gives(piece.output))
    assert (told["session"], told["task"], told["payload"]) == (hello.id, piece.task, piece.payload)
    assert (told["outputs"], told["files"], told["needs"]) == ([piece.output], [piece.payload], [])
    assert (told["partition"], told["priority"], told["options"], told["word"]) == (
        "default",
        4,
        {"name": "hello"},
        "w",
    )
    assert told["chunk"] == client.results.get_service_config() == 2 << 20
    done = hello.task(piece.task)
    assert (done["status"], done["output"]["error"]) == (COMPLETED, None)
    assert hello.result(piece.output)["status"] == MADE
    assert hello.counts() == {COMPLETED: 1}
    whole = hello.one("split", numbers=[1, 2, 3])
    assert hello.gives(whole.output) == [b"12"]
    assert client.versions.list_versions()["api"]
    assert {one["status"] for one in client.health_checks.check_health().values()} == {1}
