"""The memory store, held to the port."""

from __future__ import annotations

from pathlib import Path

import pytest
from store.conformance import EVERYTHING, Conformance
from store.machine import BOUNDED, StoreMachine
from store.records import TABLES, MemoryHome, ids, run, write
from store.sheet_conformance import SheetConformance
from store.sheet_query_conformance import SheetQueryConformance

from portico.domain.errors import Unavailable
from portico.store.memory import MemoryStore


class TestMemoryStore(Conformance, SheetConformance, SheetQueryConformance):
    @pytest.fixture
    def home(self, tmp_path: Path) -> MemoryHome:
        return MemoryHome(tmp_path)


class MemoryMachine(StoreMachine):
    home_type = MemoryHome


TestMemoryHistories = MemoryMachine.TestCase
TestMemoryHistories.settings = BOUNDED


def test_after_a_crash_the_old_object_writes_no_more() -> None:
    old = MemoryStore(TABLES)
    write(old, run(1, "r1"))
    new = old.crash()
    with pytest.raises(Unavailable, match="crashed"):
        write(old, run(2, "r2"))
    write(new, run(2, "r3"))
    assert ids(new, EVERYTHING) == ["r1", "r3"]
    assert ids(old, EVERYTHING) == ["r1"]
