"""The SQLite store, held to the port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store.conformance import Conformance
from store.machine import BOUNDED, StoreMachine
from store.records import SqliteHome
from store.sheet_conformance import SheetConformance
from store.sheet_query_conformance import SheetQueryConformance


class TestSqliteStore(Conformance, SheetConformance, SheetQueryConformance):
    @pytest.fixture
    def home(self, tmp_path: Path) -> Iterator[SqliteHome]:
        home = SqliteHome(tmp_path)
        yield home
        home.store.close()


class SqliteMachine(StoreMachine):
    home_type = SqliteHome


TestSqliteHistories = SqliteMachine.TestCase
TestSqliteHistories.settings = BOUNDED
