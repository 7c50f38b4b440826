"""Both blob stores, held to the port, and what only the one on disk does."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from store.objects.conformance import SEGMENT, BlobConformance, large

from portico.domain.errors import Unavailable
from portico.store.objects import BlobRef, BlobStore, MemoryBlobs


class FileHome:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.blobs = BlobStore(root, SEGMENT)

    def crash(self) -> BlobStore:
        self.blobs.close()
        self.blobs = BlobStore(self.root, SEGMENT)
        return self.blobs

    def spoil(self, ref: BlobRef) -> None:
        with (self.root / ("large" if ref.large else "segments") / ref.file).open("r+b") as file:
            file.seek(ref.offset)
            file.write(b"\xff")


class MemoryHome:
    def __init__(self) -> None:
        self.blobs = MemoryBlobs(SEGMENT)

    def crash(self) -> MemoryBlobs:
        self.blobs = self.blobs.crash()
        return self.blobs

    def spoil(self, ref: BlobRef) -> None:
        self.blobs._files[ref.file][ref.offset] = 0xFF


@pytest.fixture
def files(tmp_path: Path) -> Iterator[FileHome]:
    home = FileHome(tmp_path / "objects")
    yield home
    home.blobs.close()


class TestFiles(BlobConformance):
    @pytest.fixture
    def home(self, files: FileHome) -> FileHome:
        return files


class TestMemory(BlobConformance):
    @pytest.fixture
    def home(self) -> MemoryHome:
        return MemoryHome()


def test_memory_loses_what_was_not_synced() -> None:
    blobs = MemoryBlobs()
    kept = blobs.stage(b"kept")
    blobs.sync()
    lost = blobs.stage(b"lost")
    reopened = blobs.crash()
    assert reopened.read(kept) == b"kept"
    with pytest.raises(Exception, match="damaged"):
        reopened.read(lost)


def test_one_sync_serves_all_that_was_staged(files: FileHome, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (synced.append(file), real(file)))
    for _ in range(100):
        files.blobs.stage(b"x" * 100)
    files.blobs.sync()
    assert len(synced) == 1
    files.blobs.sync()
    assert len(synced) == 1


def test_unfinished_uploads_vanish_at_the_next_start(files: FileHome) -> None:
    writer = files.blobs.open_large()
    writer.write(b"half")
    incoming = files.root / "incoming"
    assert len(list(incoming.iterdir())) == 1
    other = BlobStore(files.root)
    assert list(incoming.iterdir()) == []
    other.close()
    os.close(writer._file)


def test_foreign_files_are_left_alone(files: FileHome) -> None:
    for folder in ("large", "segments"):
        (files.root / folder / "README").touch()
        (files.root / folder / ("f" + "0" * 31)).touch()
    blobs = files.crash()
    assert blobs.sweep(()) == blobs.sweep(()) == 0
    assert (files.root / "segments" / "README").exists()


def test_after_a_failed_sync_nothing_counts_as_durable(files: FileHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    files.blobs.stage(b"x")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", fail)
        with pytest.raises(Unavailable, match="Input/output error"):
            files.blobs.sync()
    with pytest.raises(Unavailable, match="earlier sync failed"):
        files.blobs.sync()
    files.blobs = BlobStore(files.root)


def test_a_torn_write_spoils_no_other_blob(files: FileHome, monkeypatch: pytest.MonkeyPatch) -> None:
    first = files.blobs.stage(b"first")
    real = os.write

    def tear(file: int, data: bytes) -> int:
        if len(data) <= 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data[:-2])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", tear)
        with pytest.raises(Unavailable, match="No space left"):
            files.blobs.stage(b"second")
        with files.blobs.open_large() as writer, pytest.raises(Unavailable, match="No space left"):
            writer.write(b"large")
    third = files.blobs.stage(b"third")
    files.blobs.sync()
    assert files.blobs.read(first) == b"first"
    assert files.blobs.read(third) == b"third"
    assert list((files.root / "incoming").iterdir()) == []


def test_a_short_write_is_continued(files: FileHome, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: real(file, data[:3]))
        small, big = files.blobs.stage(b"small blob"), large(files.blobs, b"large blob")
    assert files.blobs.read(small) == b"small blob"
    assert files.blobs.read(big) == b"large blob"
