"""The private folder: left behind only by the killed, and swept by the next."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from portico.doors.armonik.outpost.private import private_folder, sweep


@pytest.fixture
def base(monkeypatch):
    place = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    place.rmdir()


def test_it_is_private_and_gone_afterwards(base):
    with private_folder() as folder:
        assert folder.parent == base
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "socket").touch()
    assert not list(base.iterdir())


def test_a_living_agents_folder_stays_and_a_dead_ones_goes(base):
    left = base / "portico-call-dead"
    left.mkdir()
    (left / "socket").touch()
    with private_folder() as folder:
        (folder / "socket").touch()
        assert not left.exists()
        sweep(base)
        assert folder.exists()


def test_a_long_path_is_avoided_for_sockets(monkeypatch, tmp_path):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with private_folder() as folder:
        assert str(folder).startswith("/tmp/portico-call-")
