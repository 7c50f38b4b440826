"""Data that lie on the server's disk already become results."""

import pytest
from clients.armonik.conftest import live, partition
from clients.armonik.environments import NEW
from clients.armonik.test_results import NOBODY, noise, refuses
from clients.armonik.work import CREATED, MADE

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def release():
    return NEW


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("import")
    (folder / "sub").mkdir()
    (folder / "sub" / "file").write_bytes(noise(70_000))
    return folder


@pytest.fixture(scope="module")
def server(release, folder):
    head = f'[doors.armonik]\nimport_folder = "{folder}"\n'
    with live(partition("default", release), head=head) as running:
        yield running


def test_a_file_and_known_data_are_imported(client, work):
    mine = work()
    (known,) = mine.results(noise(50_000))
    first, second = mine.promises(2)
    opaque = mine.result(known)["opaque_id"]
    done = client.results.import_data(mine.id, [[first, b"sub/file"], [second, opaque]])
    assert {done[one]["status"] for one in (first, second)} == {MADE}
    assert [mine.data(one) for one in (first, second)] == [noise(70_000), noise(50_000)]
    waiting = mine.one("join", needs=[first])
    assert mine.gives(waiting.output) == [noise(70_000)]
    client.results.delete_result_data([known, second], mine.id)
    assert mine.data(first) == noise(70_000)


def test_an_import_is_checked(client, work):
    mine = work()
    (known,), (promised,) = mine.results(b"x"), mine.promises()
    for path in (b"sub/none", b"../secret", b"/etc/passwd", b"\xff", b"long" * 1_000):
        with refuses("NOT_FOUND|INVALID_ARGUMENT"):
            client.results.import_data(mine.id, [[promised, path]])
    with refuses("NOT_FOUND"):
        client.results.import_data(mine.id, [[NOBODY, b"sub/file"]])
    with refuses("NOT_FOUND"):
        client.results.import_data(NOBODY, [[promised, b"sub/file"]])
    with refuses("FAILED_PRECONDITION"):
        client.results.import_data(mine.id, [[known, b"sub/file"]])
    assert client.results.import_data(mine.id, []) == {}
    assert mine.result(promised)["status"] == CREATED
