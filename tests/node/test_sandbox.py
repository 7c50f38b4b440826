"""Sandboxes: what a Run planted there must never let a reader out."""

import os
import stat
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck as Health
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.errors import Exhausted, Forbidden, Invalid, NotFound, PorticoError, Unavailable
from portico.node import sandbox as module
from portico.node.sandbox import READ_LIMIT, Sandboxes

SECRET = b"not for Runs"


@pytest.fixture
def sandboxes(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    sandboxes = Sandboxes(tmp_path / "boxes")
    yield sandboxes
    sandboxes.close()


def test_create_is_closed_to_others_and_may_be_repeated(sandboxes):
    path = sandboxes.create("r1")
    assert path == sandboxes.root / "r1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    (path / "kept").write_text("x")
    assert sandboxes.create("r1") == path
    assert (path / "kept").exists()
    assert sandboxes.runs() == ["r1"]


@pytest.mark.parametrize("run", ["", ".", "..", "a/b", "/", "a/", "a\0b", "x" * 256])
def test_ids_that_cannot_be_names(sandboxes, run):
    for call in (sandboxes.create, sandboxes.open_output, sandboxes.usage, sandboxes.remove):
        with pytest.raises(Invalid):
            call(run)
    assert sandboxes.runs() == []


def test_output_is_appended_and_read_in_ranges(sandboxes):
    sandboxes.create("r1")
    for text in ("hello ", "world"):
        out, err = sandboxes.open_output("r1")
        subprocess.run(["/bin/sh", "-c", f"printf '{text}'; echo e >&2"], stdout=out, stderr=err, check=True)
        os.close(out)
        os.close(err)
    assert sandboxes.read("r1", "stdout", 0, 100) == (b"hello world", 11)
    assert sandboxes.read("r1", "stdout", 6, 3) == (b"wor", 11)
    assert sandboxes.read("r1", "stdout", -1, 100) == (b"", 11)
    assert sandboxes.read("r1", "stdout", 11, 100) == (b"", 11)
    assert sandboxes.read("r1", "/stdout".lstrip("/"), 1 << 62, 100) == (b"", 11)
    assert sandboxes.read("r1", "./stderr", 0, 100) == (b"e\ne\n", 4)
    assert sandboxes.head("r1", "stdout", 5) == b"hello"


def test_read_is_capped(sandboxes):
    (sandboxes.create("r1") / "big").write_bytes(b"x" * (READ_LIMIT + 5))
    data, size = sandboxes.read("r1", "big", 0, 1 << 30)
    assert (len(data), size) == (READ_LIMIT, READ_LIMIT + 5)


@pytest.mark.parametrize(("offset", "length"), [(-2, 1), (0, -1)])
def test_negative_ranges(sandboxes, offset, length):
    sandboxes.create("r1")
    with pytest.raises(Invalid):
        sandboxes.read("r1", "stdout", offset, length)


def test_missing(sandboxes):
    box = sandboxes.create("r1")
    (box / "file").write_text("")
    for run, path in (("r2", "stdout"), ("r1", "nothing"), ("r1", "no/thing"), ("r1", "file/below")):
        with pytest.raises(NotFound):
            sandboxes.read(run, path, 0, 1)
        with pytest.raises(NotFound):
            sandboxes.list_files(run, path)
    assert sandboxes.head("r2", "stdout", 10) == b""


def test_what_is_no_plain_file_is_not_read_and_never_waited_for(sandboxes):
    box = sandboxes.create("r1")
    os.mkfifo(box / "fifo")
    (box / "dir").mkdir()
    for path in ("fifo", "dir", "", "."):
        with pytest.raises(Invalid):
            sandboxes.read("r1", path, 0, 10)
    assert sandboxes.head("r1", "fifo", 10) == b""
    assert sandboxes.head("r1", "dir", 10) == b""
    os.mkfifo(box / "stdout")
    with pytest.raises(Invalid):
        sandboxes.open_output("r1")


def plant_links(sandboxes):
    """Fill a sandbox with links out of it, directly, in the middle, and by way of other links."""
    box = sandboxes.create("r1")
    outside = sandboxes.root.parent
    (box / "absolute").symlink_to(outside / "secret")
    (box / "relative").symlink_to("../../secret")
    (box / "up").symlink_to("..")
    (box / "way").symlink_to(outside)
    (box / "again").symlink_to("way")
    (box / "dir").mkdir()
    (box / "dir/out").symlink_to(outside)
    (box / "dir/plain").write_text("inside")
    (box / "proc").symlink_to("/proc/self/root")
    (box / "loop").symlink_to("loop")
    return box


STEPS = [
    "absolute",
    "relative",
    "up",
    "way",
    "again",
    "dir",
    "out",
    "plain",
    "proc",
    "loop",
    "secret",
    "boxes",
    "..",
    ".",
    "",
    "r1",
    "r1/..",
    "\0",
    "\udcff",
    "x" * 300,
]


@settings(max_examples=300, suppress_health_check=[Health.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS) | st.text(max_size=4), max_size=7), absolute=st.booleans())
def test_no_path_leads_out(sandboxes, steps, absolute):
    plant = sandboxes.root / "r1"
    if not plant.exists():
        plant_links(sandboxes)
    path = ("/" if absolute else "") + "/".join(steps)
    try:
        data, _ = sandboxes.read("r1", path, 0, 100)
        assert data == b"inside"
    except PorticoError:
        pass
    try:
        for fact in sandboxes.list_files("r1", path):
            assert fact.path.split("/")[0] in {entry.name for entry in plant.iterdir()}
            assert "secret" not in fact.path
    except PorticoError:
        pass


def test_links_are_refused_and_said_to_be_links(sandboxes):
    plant_links(sandboxes)
    for path in ("absolute", "relative", "way/secret", "dir/out/secret", "again/secret", "proc/etc/passwd"):
        with pytest.raises(Forbidden, match="symbolic link"):
            sandboxes.read("r1", path, 0, 10)
    for path in ("way", "dir/out"):
        (fact,) = sandboxes.list_files("r1", path)
        assert stat.S_ISLNK(fact.mode)
    with pytest.raises(Forbidden):
        sandboxes.list_files("r1", "way/boxes")
    assert sandboxes.head("r1", "absolute", 100) == b""
    for path in ("../secret", "/etc/passwd", "dir/../../../secret"):
        with pytest.raises(Invalid):
            sandboxes.read("r1", path, 0, 10)


def test_a_link_exchanged_for_a_directory_meanwhile_leads_nowhere(sandboxes):
    """Another process exchanges a directory and a link out of the sandbox as fast as it can."""
    box = sandboxes.create("r1")
    (box / "place").mkdir()
    (box / "place/secret").write_bytes(b"inside")
    (box / "link").symlink_to(sandboxes.root.parent)
    code = (
        "import os, sys\nos.chdir(sys.argv[1])\nprint(flush=True)\n"
        "while True:\n"
        " os.rename('place','t'); os.rename('link','place'); os.rename('place','link'); os.rename('t','place')"
    )
    process = subprocess.Popen([sys.executable, "-c", code, box], stdout=subprocess.PIPE)
    process.stdout.readline()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(sandboxes.read("r1", "place/secret", 0, 100)[0])
            except (NotFound, Forbidden) as refused:
                seen.add(type(refused))
    finally:
        process.kill()
        process.communicate()
    assert SECRET not in seen
    assert b"inside" in seen


def test_output_is_not_written_through_a_link(sandboxes):
    box = sandboxes.create("r1")
    (box / "stdout").symlink_to(sandboxes.root.parent / "secret")
    with pytest.raises(Invalid):
        sandboxes.open_output("r1")
    assert (sandboxes.root.parent / "secret").read_bytes() == SECRET


def test_listing(sandboxes, monkeypatch):
    box = sandboxes.create("r1")
    (box / "dir").mkdir()
    (box / "dir/b").write_bytes(b"12345")
    (box / "a").write_bytes(b"")
    os.utime(box / "a", ns=(0, 1_234_567_000))
    assert [(fact.path, fact.directory) for fact in sandboxes.list_files("r1", "")] == [("a", False), ("dir", True)]
    (fact,) = sandboxes.list_files("r1", "dir")
    assert (fact.path, fact.size) == ("dir/b", 5)
    (fact,) = sandboxes.list_files("r1", "a")
    assert (fact.path, fact.modified, stat.S_ISREG(fact.mode)) == ("a", 1_234_567, True)
    monkeypatch.setattr(module, "LIST_LIMIT", 1)
    with pytest.raises(Exhausted):
        sandboxes.list_files("r1", "")


def test_names_that_are_no_text_are_listed(sandboxes):
    box = sandboxes.create("r1")
    Path(os.fsdecode(os.fsencode(box) + b"/\xff\xfe")).write_text("")
    (fact,) = sandboxes.list_files("r1", ".")
    fact.path.encode()


def test_usage_counts_blocks_once_and_follows_nothing(sandboxes):
    box = sandboxes.create("r1")
    empty = sandboxes.usage("r1")
    (box / "file").write_bytes(b"x" * 100_000)
    once = sandboxes.usage("r1")
    assert 100_000 <= once - empty <= 120_000
    os.link(box / "file", box / "same")
    (box / "out").symlink_to("/usr")
    assert sandboxes.usage("r1") - once <= 8192
    with pytest.raises(NotFound):
        sandboxes.usage("r2")


def dig(box, depth, wide=""):
    """Make nested directories deeper than any path may be long."""
    current = os.open(box, os.O_RDONLY)
    for level in range(depth):
        os.mkdir("d" * 50, dir_fd=current)
        if wide and level < 20:
            os.mkdir(wide, dir_fd=current)
            os.close(os.open(f"{wide}/f", os.O_CREAT | os.O_WRONLY, dir_fd=current))
        following = os.open("d" * 50, os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = following
    handle = os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=current)
    os.write(handle, b"x" * 50_000)
    os.close(handle)
    os.close(current)


def test_deep_trees_are_measured_and_removed(sandboxes):
    box = sandboxes.create("r1")
    dig(box, 1100, wide=".lifted-3")
    assert sandboxes.usage("r1") >= 50_000
    sandboxes.remove("r1")
    assert sandboxes.runs() == []
    sandboxes.remove("r1")


def test_removal_in_spite_of_modes_links_and_odd_files(sandboxes):
    box = plant_links(sandboxes)
    (box / "closed/inner").mkdir(parents=True)
    (box / "closed/inner/file").write_text("x")
    os.mkfifo(box / "closed/fifo")
    (box / "closed/inner/file").chmod(0)
    (box / "closed/inner").chmod(0)
    (box / "closed").chmod(0o100)
    box.chmod(0)
    sandboxes.remove("r1")
    assert sandboxes.runs() == []
    assert (sandboxes.root.parent / "secret").read_bytes() == SECRET


def test_removal_by_an_owner_without_root_rights(tmp_path):
    """Modes do not stop root; whoever else runs the agent must get through them too."""
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        f"sys.path[:0] = {[str(Path(module.__file__).parents[2]), *sys.path]!r}\n"
        "from portico.node.sandbox import Sandboxes\n"
        "if os.geteuid() == 0:\n os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "boxes = Sandboxes(Path(sys.argv[1])); box = boxes.create('r1')\n"
        "(box / 'a/b/c').mkdir(parents=True); (box / 'a/b/c/f').write_text('')\n"
        "for path in ('a/b/c', 'a/b', 'a', '.'): (box / path).chmod(0)\n"
        "boxes.remove('r1'); print(boxes.runs())"
    )
    root = Path("/tmp") / f"portico-test-{uuid.uuid4().hex}"
    root.mkdir(0o777)
    root.chmod(0o777)
    try:
        told = subprocess.run([sys.executable, "-c", code, root / "boxes"], capture_output=True, text=True, check=False)
        assert (told.stdout, told.stderr) == ("[]\n", "")
    finally:
        (root / "boxes").rmdir()
        root.rmdir()


def test_sandbox_of_another_user(sandboxes):
    if os.geteuid() != 0:
        with pytest.raises(Invalid, match="root"):
            sandboxes.create("r1", "root")
        return
    box = sandboxes.create("r1", "nobody")
    assert box.stat().st_uid == 65534
    out, err = sandboxes.open_output("r1")
    assert {os.fstat(out).st_uid, os.fstat(err).st_uid} == {65534}
    os.close(out)
    os.close(err)
    with pytest.raises(Invalid):
        sandboxes.create("r2", "no-such-user")
    assert sandboxes.runs() == ["r1"]


def test_what_withstands_removal_is_said(sandboxes, monkeypatch):
    (sandboxes.create("r1") / "file").write_text("")

    def refuse(*_arguments, **_named):
        raise PermissionError(1, "immutable")

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(Unavailable, match="r1"):
        sandboxes.remove("r1")
