from __future__ import annotations

import json
from pathlib import Path

import pytest

from portico.cli import doctor
from portico.cli.app import run


def _without(missing: set[str]):  # type: ignore[no-untyped-def]
    return lambda name, path=None: None if name in missing else f"{path or '/usr/bin'}/{name}".replace(":", "")


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the one who asks be no root."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)


def _hints(monkeypatch: pytest.MonkeyPatch, *missing: str) -> dict[str, str]:
    monkeypatch.setattr("shutil.which", _without(set(missing)))
    found = [*doctor.check_tools(), *doctor.check_containers()]
    assert not any(finding.needed for finding in found)
    return {finding.check: finding.hint for finding in found if finding.hint}


def test_root_with_every_tool_needs_no_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert _hints(monkeypatch) == {}


def test_containers_want_root(monkeypatch: pytest.MonkeyPatch, ordinary: None) -> None:
    del ordinary
    assert _hints(monkeypatch) == {"containers": "for images other than portico/host: run as root"}


def test_one_runtime_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert _hints(monkeypatch, "crun") == {}
    assert _hints(monkeypatch, "crun", "runc") == {"runtime": "for containers: apt install crun, or runc"}


def test_each_missing_tool_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    told = _hints(monkeypatch, "bwrap", "skopeo", "umoci", "bridge")
    assert {name: hint.rpartition(" ")[2] for name, hint in told.items()} == {
        "bwrap": "bubblewrap",
        "skopeo": "skopeo",
        "umoci": "umoci",
        "networks": "containernetworking-plugins",
    }


def test_what_is_seen_is_an_object_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json", "--data-dir", str(tmp_path)]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"python", "containers", "runtime", "networks"} <= {found["id"] for found in told}
    assert {found["state"] for found in told} <= {"ok", "hint"}


def test_a_directory_that_cannot_be_looked_at_is_judged_by_what_is_above_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    unusable = "/" + "x" * 300  # longer than any name may be, which is refused as a lack of rights is
    assert run(["doctor", "--json", "--data-dir", unusable]) in (0, 1)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(found["id"] == "data directory" and unusable in found["seen"] for found in told)
