"""A writer killed at any moment: what it acknowledged is there, and no submit is there in part."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from store.killed_writer import PARTS
from store.records import SHEETS, TABLES, reading

from portico.domain.errors import Conflict
from portico.domain.identity import Revision
from portico.store.directory import open_directory
from portico.store.port import StoredEvent
from portico.store.sheets import Field, SheetQuery
from portico.store.sqlite import SqliteStore

TESTS = Path(__file__).parents[1]


def killed_after(path: Path, answers: int) -> int:
    """Let a program write, kill it after some answers, and give the last revision that it acknowledged."""
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "store.killed_writer", str(path)]
    acknowledged = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
        assert program.stdout is not None
        for _ in range(answers):
            acknowledged = int(program.stdout.readline())
        with pytest.raises(Conflict, match=f"in use by the server with pid {program.pid}$"):
            open_directory(path)
        program.kill()
        for line in program.stdout:
            if line.endswith("\n"):
                acknowledged = int(line)
    return acknowledged


def check(events: list[StoredEvent], bodies: dict[str, bytes]) -> None:
    """Replay the events: each submit's are all there, and rows are what they say."""
    replayed: dict[str, bytes] = {}
    written: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.body is None:
            replayed.pop(event.id, None)
        else:
            replayed[event.id] = event.body
            written[event.id[:-1]].add(event.id[-1])
    assert replayed == bodies
    assert all(parts == set(PARTS) for parts in written.values())


def test_what_was_acknowledged_survives_kill(tmp_path: Path) -> None:
    path = tmp_path / "data"
    for answers in (1, 30, 77):
        acknowledged = killed_after(path, answers)
        with open_directory(path) as directory:
            store = SqliteStore(directory.database, TABLES, sheets=SHEETS)
            with reading(store) as reader:
                last = reader.last_revision()
                assert last >= acknowledged > 0
                events = reader.events(Revision(0), 1 << 30)
                notes = {row.id: row.body for row in reader.active("notes")}
                check(events, notes)
                numbers = sorted({int(identity[:-1]) for identity in notes})
                rows = reader.rows(SheetQuery("tries"), (Field("number"), Field("owner"), Field("state")))
                assert rows == [(number * 4 + n, number, 2) for number in numbers for n in range(3)]
            store.close()
