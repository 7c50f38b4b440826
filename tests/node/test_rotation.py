"""Rotation by copy and truncate, below a writer that knows nothing of it."""

import os
import select
import subprocess
import sys

import pytest
from hypothesis import HealthCheck as Health
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.node.rotation import rotate_if_needed


def test_small_and_absent_files_stay(tmp_path):
    path = tmp_path / "stdout"
    assert not rotate_if_needed(path, 10)
    path.write_bytes(b"x" * 10)
    assert not rotate_if_needed(path, 10)
    assert os.listdir(tmp_path) == ["stdout"]  # noqa: PTH208 — names are the point


def test_copies_move_up_and_the_oldest_goes(tmp_path):
    path = tmp_path / "stdout"
    for text in ("first", "second", "third"):
        path.write_text(text)
        assert rotate_if_needed(path, 4)
        assert path.read_text() == ""
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "stdout": "",
        "stdout.1": "hird",
        "stdout.2": "cond",
    }


def test_without_copies(tmp_path):
    path = tmp_path / "stdout"
    path.write_text("12345")
    assert rotate_if_needed(path, 4, keep=0)
    assert [file.name for file in tmp_path.iterdir()] == ["stdout"]


@settings(max_examples=60, suppress_health_check=[Health.function_scoped_fixture], deadline=None)
@given(
    writes=st.lists(st.binary(min_size=1, max_size=200), max_size=30),
    limit=st.integers(min_value=1, max_value=150),
    keep=st.integers(min_value=1, max_value=3),
)
def test_size_is_bounded_and_the_newest_bytes_are_kept(tmp_path_factory, writes, limit, keep):
    place = tmp_path_factory.mktemp("rotation")
    path = place / "stdout"
    written = b""
    with path.open("ab", buffering=0) as writer:
        for data in writes:
            writer.write(data)
            written += data
            rotate_if_needed(path, limit, keep)
            files = list(place.iterdir())
            assert sum(file.stat().st_size for file in files) <= (keep + 1) * limit
            assert len(files) <= keep + 1
    newest = path.read_bytes()
    assert written.endswith(newest)
    if (place / "stdout.1").exists():
        assert written.removesuffix(newest).endswith((place / "stdout.1").read_bytes())


def test_live_appender_goes_on_at_the_start(tmp_path):
    """Lines arrive whole and in order, whatever was rotated meanwhile; only a moment's worth may be lost."""
    path = tmp_path / "stdout"
    code = (
        "import os\nfor i in range(60000): os.write(1, b'%09d\\n' % i)\n"
        "os.write(2, b'all')\nos.read(0, 1)\nos.write(1, b'%09d\\n' % 60000)"
    )
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=handle, stderr=pipe)
    os.close(handle)
    seen = []
    said = False
    while not said:
        said = bool(select.select([process.stderr], [], [], 0)[0])
        if rotate_if_needed(path, 50_000):
            seen.extend(whole_lines(tmp_path / "stdout.1"))
    process.communicate(b"\n")
    assert len(seen) > 1000
    seen += whole_lines(path)
    assert seen == sorted(set(seen))
    assert seen[-1] == 60_000
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 5 * 50_000


def whole_lines(path):
    return [int(line) for line in path.read_bytes().split(b"\n") if len(line) == 9]


@pytest.mark.parametrize("odd", ["link", "directory", "fifo"])
def test_what_a_run_planted_is_left_alone(tmp_path, odd):
    victim = tmp_path / "victim"
    victim.write_bytes(b"x" * 5000)
    box = tmp_path / "box"
    box.mkdir()
    path = box / "stdout"
    if odd == "link":
        path.symlink_to(victim)
    elif odd == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)
    assert not rotate_if_needed(path, 3, keep=2)
    assert victim.stat().st_size == 5000
    assert [file.name for file in box.iterdir()] == ["stdout"]


def test_planted_copies_are_replaced_and_not_written_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    path = tmp_path / "stdout"
    path.write_bytes(b"output")
    for name in ("stdout.1", "stdout.rotating"):
        (tmp_path / name).symlink_to(victim)
    assert rotate_if_needed(path, 3)
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "stdout.1").read_bytes() == b"put"


def test_file_of_another_owner_is_left_alone(tmp_path):
    path = tmp_path / "stdout"
    path.write_bytes(b"12345")
    if os.geteuid() != 0:
        assert rotate_if_needed(path, 3), "only root can meet another owner here"
        return
    os.chown(path, 65534, 65534)
    assert not rotate_if_needed(path, 3)
    os.chown(tmp_path, 65534, 65534)
    assert rotate_if_needed(path, 3)
    assert (tmp_path / "stdout.1").stat().st_uid == 65534
