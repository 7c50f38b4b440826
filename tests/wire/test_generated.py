"""The committed wire code is a fresh generation, has unique names, and loads as a whole."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from wire import contracts

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "tools" / "gen.py"

LOAD_ALL = """
import importlib, pkgutil
import portico.wire
for module in pkgutil.walk_packages(portico.wire.__path__, "portico.wire."):
    importlib.import_module(module.name)
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gen", GENERATOR)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_committed_code_is_a_fresh_generation() -> None:
    run = python(str(GENERATOR), "--check")
    assert (run.returncode, run.stdout) == (0, ""), run.stdout + run.stderr


def test_differences_are_named_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gen = generator()
    monkeypatch.setattr(gen, "ROOT", tmp_path)
    monkeypatch.setattr(gen, "WIRE", tmp_path)
    for name in ("same.py", "changed.py", "stale.py"):
        (tmp_path / name).write_bytes(b"old")
    fresh = {"same.py": b"old", "changed.py": b"new", "door/missing.py": b"new"}
    named = ["changed: changed.py", "missing: door/missing.py", "stale: stale.py"]

    assert gen.compare(fresh, gen.committed(), write=False) == named
    assert gen.compare(fresh, gen.committed(), write=True) == named
    assert gen.committed() == fresh
    assert gen.compare(fresh, gen.committed(), write=False) == []


def test_check_fails_and_changes_nothing_when_code_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gen = generator()
    monkeypatch.setattr(gen, "ROOT", tmp_path)
    monkeypatch.setattr(gen, "WIRE", tmp_path / "wire")
    monkeypatch.setattr(sys, "argv", ["gen.py", "--check"])
    assert gen.main() == 1
    assert "missing: wire/jobv1/service_pb2.py\n" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_every_door_with_contracts_has_facts() -> None:
    assert sorted(path.name for path in (ROOT / "protos").iterdir()) == contracts.DOORS


@pytest.mark.parametrize("door", contracts.DOORS)
def test_registered_paths_carry_the_door(door: str) -> None:
    registered = sorted(file.name for file in contracts.files(door))
    assert registered == sorted(f"portico/wire/{door}/{path.name}" for path in (ROOT / "protos" / door).iterdir())


def test_names_are_unique_over_all_doors() -> None:
    names = Counter(
        name
        for door in contracts.DOORS
        for table in (contracts.services(door), contracts.messages(door), contracts.enums(door))
        for name in table
    )
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("door", contracts.DOORS)
def test_every_service_can_be_served(door: str) -> None:
    present = {name for module in contracts.modules(door, "_pb2_grpc") for name in dir(module)}
    for service in contracts.services(door):
        assert f"add_{service.rpartition('.')[2]}Servicer_to_server" in present


def test_all_doors_load_in_one_process_without_a_warning() -> None:
    run = python("-W", "error", "-c", LOAD_ALL)
    assert (run.returncode, run.stderr) == (0, "")


def test_mesos_nouns_are_found_under_one_name() -> None:
    mesos = importlib.import_module("portico.wire.mesos.mesos_pb2")
    nouns = {name.split(".")[2] for name in contracts.facts("mesos")["messages"] if name.split(".")[2][0].isupper()}
    assert nouns
    assert [noun for noun in nouns if not hasattr(mesos, noun)] == []
