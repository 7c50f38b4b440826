from __future__ import annotations

import importlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portico import __version__
from portico.cli import app
from portico.cli.app import run
from portico.cli.options import Asked, Target

COMMANDS = [name for name, *_ in app._COMMANDS]


@pytest.mark.parametrize(("name", "place", "short"), [(name, place, short) for name, place, _, short in app._COMMANDS])
def test_the_short_help_of_a_command_is_true_to_it(name: str, place: str, short: str) -> None:
    module, _, function = place.partition(":")
    command = getattr(importlib.import_module(f"portico.cli.{module}"), function)
    first = (inspect.getdoc(command) or "").splitlines()[0]
    assert first.startswith(short.rstrip(".").partition(",")[0])
    assert function == name


@pytest.mark.parametrize("name", [*COMMANDS, "version", "completion"])
def test_every_command_has_help_and_takes_a_data_directory(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: portico {name}")
    assert max(map(len, out.splitlines())) <= 80
    if name not in ("version", "completion"):
        assert "--data-dir" in out


def test_help_loads_neither_server_nor_http_library() -> None:
    script = (
        "import sys\n"
        "from portico.cli.app import run\n"
        "assert run(['--help']) == 0\n"
        "heavy = {'httpx', 'numpy', 'grpc', 'asyncio', 'portico.main', 'portico.settings', 'starlette'}\n"
        "sys.exit(repr(heavy & sys.modules.keys()) if heavy & sys.modules.keys() else 0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "schedule" in ended.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["frob"],
        ["schedule"],
        ["instances", "--newest", "many"],
        ["instance"],
        ["cancel"],
        ["schedule", "hello", "--prioritty", "3"],
        ["kinds", "--server", "nonsense"],
        ["kinds", "--server", "http://127.0.0.1:1", "--token-file", "/nonexistent"],
        ["completion", "tcsh"],
        ["bench", "hello", "--count", "0"],
    ],
)
def test_wrong_use_is_2_and_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("portico: ")
    assert captured.err.count("\n") == 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version", "--data-dir", "/x"]) == 0
    assert capsys.readouterr().out == f"portico {__version__}\n"
    assert run(["version", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["version"], told["door"]) == ("portico", __version__, "portico")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("words", [["status"], ["schedule", "hello"], ["logs", "abcdefgh"], ["down"], ["events"]])
def test_no_server_is_3_and_says_how_to_start_one(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--data-dir", str(tmp_path)]) == 3
    directory = str(tmp_path)
    assert capsys.readouterr().err == (
        f"portico: no server is running for data directory {directory}; "
        f"start one with: portico up --data-dir {directory}\n"
    )


def test_a_server_that_was_killed_is_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "endpoints.json").write_text('{"pid": 999999999, "http": "http://127.0.0.1:1"}')
    assert run(["status", "--data-dir", str(tmp_path)]) == 3
    assert "no server is running for data directory" in capsys.readouterr().err


def test_broken_endpoints_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "endpoints.json").write_text("{")
    assert run(["status", "--data-dir", str(tmp_path)]) == 1
    assert "endpoints.json cannot be read" in capsys.readouterr().err


def test_the_data_directory_of_the_settings_counts_for_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Target().directory == tmp_path / ".local/share/portico"
    monkeypatch.setenv("PORTICO_DATA_DIR", "/elsewhere")
    assert Target().directory == Path("/elsewhere")
    assert Target(data_dir=Path("/here")).directory == Path("/here")


def test_commands_to_copy_reach_the_same_server() -> None:
    assert Asked().command("cancel", "x") == "portico cancel x"
    assert Asked(data_dir=Path("/a b")).command("up") == "portico up --data-dir '/a b'"
    chosen = Asked(data_dir=Path("/a"), server="http://h:1", token_file=Path("t"))
    assert chosen.command("cancel") == "portico cancel --server http://h:1 --token-file t"


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "portico.cli", "completion", "bash"]
    with os.fdopen(writing, "wb") as pipe:
        ended = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
