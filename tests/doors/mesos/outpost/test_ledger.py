"""The ledger of deliveries: what a new outpost finds in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.doors.mesos.outpost import ledger as module
from portico.doors.mesos.outpost.ledger import FILE, Ledger


def reopened(ledger: Ledger, directory: Path) -> Ledger:
    ledger.close()
    return Ledger(directory)


def test_facts_outlive_the_process(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.deliver("a", "b", "c")
    ledger.hear("b")
    ledger.hear("unknown")
    ledger.forget("c", "unknown")
    for _ in range(2):
        ledger = reopened(ledger, tmp_path)
        assert [ledger.delivered(run) for run in ("a", "b", "c", "unknown")] == [True, True, False, False]
        assert [ledger.heard(run) for run in ("a", "b", "c")] == [False, True, False]
    ledger.close()


def test_it_does_not_grow_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SLACK", 10)
    monkeypatch.setattr(module, "MOST_KEPT", 5)
    ledger = Ledger(tmp_path)
    for number in range(100):
        ledger.deliver(f"run-{number}")
        ledger.forget(f"run-{number - 3}")
    assert len((tmp_path / FILE).read_text().splitlines()) < 25
    for number in range(100, 120):
        ledger.deliver(f"run-{number}")
    ledger = reopened(ledger, tmp_path)
    assert [ledger.delivered(f"run-{number}") for number in (114, 115, 119)] == [False, True, True]
    ledger.close()


@given(damage=st.binary(max_size=40))
def test_damage_costs_the_damaged_lines(tmp_path_factory: pytest.TempPathFactory, damage: bytes) -> None:
    directory = tmp_path_factory.mktemp("ledger")
    (directory / FILE).write_bytes(b"delivered a\n" + damage + b"\ndelivered b\n")
    ledger = Ledger(directory)
    assert ledger.delivered("b")
    ledger.close()
