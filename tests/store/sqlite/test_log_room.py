"""The log is lengthened ahead of its commits, and nothing is lost by it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from store.records import TABLES, note, reading, write
from structlog.testing import capture_logs

from portico.store.sqlite import SqliteStore, log_room
from portico.store.sqlite.log_room import STEP_BYTES, LogRoom
from portico.store.sqlite.store import LOG_BYTES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "portico.db"


def bodies(path: Path) -> dict[str, bytes]:
    store = SqliteStore(path, TABLES)
    with reading(store) as reader:
        found = {row.id: row.body for row in reader.active("notes")}
    store.close()
    return found


def test_what_was_written_before_and_after_survives_a_crash(path: Path, tmp_path: Path) -> None:
    store = SqliteStore(path, TABLES)
    log = path.with_name("portico.db-wal")
    expected = {}
    for number in range(1, 40):
        identity = f"n{number}"
        expected[identity] = bytes([number]) * 3_000
        write(store, note(number, identity, expected[identity]))
        before = log.read_bytes()
        store.tidy()
        after = log.read_bytes()
        assert after.startswith(before)
        assert not any(after[len(before) :])
        if number in {1, 2, 21, 39}:
            crashed = tmp_path / str(number)
            crashed.mkdir()
            for file in (path, log):
                shutil.copy(file, crashed)
            assert bodies(crashed / path.name) == expected
    assert log.stat().st_size >= LOG_BYTES
    store.close()
    assert bodies(path) == expected


def test_it_stops_when_there_is_enough(path: Path) -> None:
    log = path.with_name("portico.db-wal")
    log.write_bytes(b"x")
    room = LogRoom(path, 2 * STEP_BYTES)
    sizes = []
    for _ in range(4):
        room.grow()
        sizes.append(log.stat().st_size)
    assert sizes == [1 + STEP_BYTES, 1 + 2 * STEP_BYTES, 1 + 2 * STEP_BYTES, 1 + 2 * STEP_BYTES]


def test_an_empty_log_is_left_alone(path: Path) -> None:
    log = path.with_name("portico.db-wal")
    log.touch()
    LogRoom(path, STEP_BYTES).grow()
    assert log.stat().st_size == 0


def test_without_space_the_log_grows_by_itself(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log_room.os, "pwrite", full)
    store = SqliteStore(path, TABLES)
    with capture_logs() as logs:
        for number in (1, 2, 3):
            write(store, note(number, f"n{number}"))
            store.tidy()
    assert [entry["event"] for entry in logs] == ["log_not_lengthened"]
    store.close()
    assert set(bodies(path)) == {"n1", "n2", "n3"}
