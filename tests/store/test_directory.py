"""Whose a data directory is, and what it says when it refuses."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from portico.domain.errors import Conflict, Forbidden, Invalid, Unavailable
from portico.store import directory as module
from portico.store.directory import FORMAT, open_directory


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def test_a_new_directory_is_private_and_says_its_format(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    with open_directory(path) as directory:
        assert directory.path == path
        assert directory.database.parent == directory.objects.parent == path
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert (path / "FORMAT").read_text() == f"{FORMAT}\n"
        assert (path / "lock").read_text() == f"{os.getpid()}\n"
        assert names(path) == ["FORMAT", "lock"]


def test_a_second_server_is_told_who_has_it(tmp_path: Path) -> None:
    with open_directory(tmp_path), pytest.raises(Conflict) as refusal:
        open_directory(tmp_path)
    assert str(refusal.value) == f"data directory {tmp_path} is in use by the server with pid {os.getpid()}"


def test_a_lock_without_a_pid_yet_counts_too(tmp_path: Path) -> None:
    with open_directory(tmp_path):
        (tmp_path / "lock").write_text("")
        with pytest.raises(Conflict, match="in use by another server"):
            open_directory(tmp_path)


def test_a_released_directory_opens_again(tmp_path: Path) -> None:
    directory = open_directory(tmp_path)
    directory.close()
    directory.close()
    with open_directory(tmp_path):
        (tmp_path / "portico.db").touch()
    with open_directory(tmp_path):
        pass


def test_a_newer_directory_is_refused_and_left_alone(tmp_path: Path) -> None:
    with open_directory(tmp_path):
        pass
    (tmp_path / "FORMAT").write_text("7\n")
    with pytest.raises(Invalid) as refusal:
        open_directory(tmp_path)
    assert str(refusal.value) == (
        f"data directory {tmp_path} was written by a newer Portico (format 7; this one reads {FORMAT})"
    )
    assert (tmp_path / "FORMAT").read_text() == "7\n"


def test_an_older_program_refuses_what_this_one_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_directory(tmp_path):
        pass
    monkeypatch.setattr(module, "FORMAT", FORMAT - 1)
    with pytest.raises(Invalid, match="newer Portico"):
        open_directory(tmp_path)


@pytest.mark.parametrize("text", ["", "x", "1.5", "-1", "²", "\udcff"])
def test_a_spoilt_format_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "FORMAT").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(Invalid, match="FORMAT file without a number"):
        open_directory(tmp_path)


def test_a_foreign_directory_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(Invalid, match="is not empty and holds no data of Portico"):
        open_directory(tmp_path)
    assert names(tmp_path) == ["thesis.tex"]


def test_an_interrupted_first_start_is_finished(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("1\n")
    (tmp_path / "FORMAT.new").write_text("")
    with open_directory(tmp_path):
        assert names(tmp_path) == ["FORMAT", "lock"]


@pytest.mark.parametrize("inside", [False, True])
def test_a_file_is_no_directory(tmp_path: Path, inside: bool) -> None:  # noqa: FBT001 — a parameter of the test
    file = tmp_path / "file"
    file.touch()
    path = file / "data" if inside else file
    with pytest.raises(Invalid, match=f"data directory {path} is not a directory"):
        open_directory(path)


@pytest.mark.parametrize(
    ("error", "expected", "sentence"),
    [
        (PermissionError(13, "Permission denied"), Forbidden, "is not writable: Permission denied"),
        (OSError(30, "Read-only file system"), Unavailable, "cannot be used: Read-only file system"),
    ],
    ids=["permission", "read-only"],
)
def test_what_the_system_forbids_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, expected: type[Exception], sentence: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(expected, match=f"data directory {tmp_path} {sentence}"):
        open_directory(tmp_path)


def test_a_failed_start_releases_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_write_format", fail)
        with pytest.raises(Unavailable, match="No space left"):
            open_directory(tmp_path)
    with open_directory(tmp_path):
        pass
