"""The SQLite store, held to the port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store.conformance import Conformance
from store.machine import BOUNDED, StoreMachine
from store.records import SqliteHome


class TestSqliteStore(Conformance):
    @pytest.fixture
    def home(self, tmp_path: Path) -> Iterator[SqliteHome]:
        home = SqliteHome(tmp_path)
        yield home
        home.store.close()


class SqliteMachine(StoreMachine):
    home_type = SqliteHome


TestSqliteHistories = SqliteMachine.TestCase
TestSqliteHistories.settings = BOUNDED
