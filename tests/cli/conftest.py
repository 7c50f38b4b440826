"""Fixtures: a console to talk to, and a clean environment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.console import Console, Plot

from portico.cli.app import run

Portico = Callable[..., int]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests counts here."""
    for name in [*os.environ]:
        if name.startswith("PORTICO_") or name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def plot() -> Plot:
    """What the console behind `portico` tells."""
    return Plot()


@pytest.fixture
def console(plot: Plot, tmp_path: Path) -> Iterator[Path]:
    """A data directory whose server is the console."""
    with Console(plot) as served:
        (tmp_path / "endpoints.json").write_text(json.dumps({"pid": 1, "http": served.address}))
        yield tmp_path


@pytest.fixture
def portico(console: Path) -> Portico:
    """Run a command against the console; gives the exit code."""
    return lambda *words: run([*words, "--data-dir", str(console)])
