"""The command `attach`: what it starts, and what it refuses."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from portico.cli.app import run
from portico.cli.attaching import LINK, SECRET
from portico.composing.surroundings import link_path, server_secret
from portico.doors.armonik.outpost.settings import SocketType, read_settings

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "endpoints.json").write_text(json.dumps({"pid": 1}))
    return tmp_path


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What this program would have become."""
    found: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, words: found.append(words))
    return found


def test_a_command_is_started_by_its_agent(data: Path, became: list[list[str]]) -> None:
    assert run(["attach", "gpu", "--data-dir", str(data), "--", "python", "-m", "mine", "--verbose"]) == 0
    (words,) = became
    assert words[:3] == [sys.executable, "-m", "portico.doors.armonik.outpost"]
    assert words[words.index("--") :] == ["--", "python", "-m", "mine", "--verbose"]
    assert words[3:5] == ["--partition", "gpu"]
    assert words[words.index("--link") + 1] == f"unix:{link_path(data)}"
    server_secret(data)
    assert Path(words[words.index("--secret-file") + 1]).is_file()


def test_a_worker_that_runs_already_is_met_at_its_sockets(data: Path, became: list[list[str]]) -> None:
    given = ["--worker-address", "/cache/w.sock", "--agent-address", "/cache/a.sock"]
    assert run(["attach", "gpu", *given, "--data-dir", str(data)]) == 0
    assert became[0][-4:] == given


def test_a_worker_that_runs_already_is_met_over_tcp(data: Path, became: list[list[str]]) -> None:
    given = ["--worker-address", "http://127.0.0.1:7001", "--agent-address", "localhost:7002"]
    assert run(["attach", "gpu", "--socket", "tcp", *given, "--data-dir", str(data)]) == 0
    assert became[0][-8:] == ["--worker-socket-type", "tcp", "--agent-socket-type", "tcp", *given]


@pytest.mark.parametrize("said", [None, "127.0.0.1:7002"])
def test_a_command_over_tcp_gets_ports_of_its_own(data: Path, became: list[list[str]], said: str | None) -> None:
    given = ["--agent-address", said] if said else []
    assert run(["attach", "gpu", "--socket", "tcp", *given, "--data-dir", str(data), "--", "w"]) == 0
    server_secret(data)
    settings = read_settings(became[0][3:], {})
    assert (settings.worker_socket_type, settings.agent_socket_type) == (SocketType.TCP, SocketType.TCP)
    assert settings.worker_address.startswith("127.0.0.1:")
    assert settings.agent_address == said or (said is None and settings.agent_address.startswith("127.0.0.1:"))
    assert settings.agent_address != settings.worker_address


def test_relative_directories_are_made_absolute(
    data: Path, became: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.parent)
    assert run(["attach", "gpu", "--data-dir", data.name, "--", "w"]) == 0
    assert f"unix:{data.joinpath(*LINK)}" in became[0]
    assert str(data / SECRET) in became[0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "name the worker either by a command"),
        (("--worker-address", "w", "--agent-address", "a", "--", "w"), 2, "name the worker either by a command"),
        (("--worker-address", "w"), 2, "--agent-address is missing"),
        (
            ("--socket", "tcp", "--worker-address", "/w", "--agent-address", "h:1"),
            2,
            "--worker-address must be HOST:PORT",
        ),
        (("--socket", "tcp", "--agent-address", "7002", "--", "w"), 2, "--agent-address must be HOST:PORT"),
        (("--server", "http://h:1", "--", "w"), 2, "on the server's own machine"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    data: Path, became: list[list[str]], capsys: Captured, words: tuple[str, ...], code: int, said: str
) -> None:
    before = () if "--server" in words else ("--data-dir", str(data))
    assert run(["attach", "gpu", *before, *words]) == code
    assert said in capsys.readouterr().err
    assert became == []


def test_without_a_server_there_is_nothing_to_attach_to(tmp_path: Path, became: list[list[str]]) -> None:
    assert run(["attach", "gpu", "--data-dir", str(tmp_path), "--", "w"]) == 3
    assert became == []
