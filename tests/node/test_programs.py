from __future__ import annotations

import os
from pathlib import Path

import pytest

from portico.domain.errors import Invalid
from portico.domain.frames import LaunchOrder
from portico.domain.identity import Micros
from portico.domain.runs import RunSpec
from portico.node.programs import DEFAULT_PATH, Programs, inherited_environment, run_environment


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_the_search_follows_the_runs_own_path(tmp_path: Path) -> None:
    first, second = program(tmp_path / "a" / "tool", 0o644), program(tmp_path / "b" / "tool")
    programs = Programs()
    path = f"{first.parent}:{second.parent}"
    assert programs.resolve("tool", path, "/") == str(second)
    first.chmod(0o755)
    assert Programs().resolve("tool", path, "/") == str(first)
    second.unlink()
    with pytest.raises(Invalid, match="no such program: tool"):
        Programs().resolve("tool", str(second.parent), "/")


def test_a_program_that_moved_is_found_again(tmp_path: Path) -> None:
    first, second = program(tmp_path / "a" / "tool"), program(tmp_path / "b" / "tool")
    programs = Programs()
    path = f"{first.parent}:{second.parent}"
    assert programs.resolve("tool", path, "/") == str(first)
    first.unlink()
    assert programs.resolve("tool", path, "/") == str(second)


def test_a_folder_that_cannot_be_looked_into_is_passed_over(tmp_path: Path) -> None:
    tool = program(tmp_path / "b" / "tool")
    unusable = "/" + "x" * 300  # longer than any name may be, which is refused as a lack of rights is
    assert Programs().resolve("tool", f"{unusable}:{tool.parent}", "/") == str(tool)
    with pytest.raises(Invalid, match="no such program: tool"):
        Programs().resolve("tool", unusable, "/")


def test_relative_names_count_from_the_working_directory(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "tool")
    programs = Programs()
    assert programs.resolve("./bin/tool", "", str(tmp_path)) == f"{tmp_path}/./bin/tool"
    assert programs.resolve("tool", "bin", str(tmp_path)) == f"{tmp_path}/bin/tool"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("./absent", "no such program"),
        ("./plain", "not executable"),
        (".", "no such program"),
        ("./", "not executable"),
    ],
)
def test_what_cannot_be_executed_is_said(tmp_path: Path, name: str, words: str) -> None:
    program(tmp_path / "plain", 0o644)
    with pytest.raises(Invalid, match=words):
        Programs().resolve(name, "/usr/bin", str(tmp_path))


def test_the_agents_own_environment_stays_its_own() -> None:
    inherited = inherited_environment({"PATH": "/p", "SECRET": "s", "TZ": "UTC", "PYTHONPATH": "x"})
    assert inherited == {"PATH": "/p", "TZ": "UTC", "LANG": "C.UTF-8"}
    assert inherited_environment({})["PATH"] == DEFAULT_PATH


def test_a_runs_own_variables_win_and_hosts_get_their_socket() -> None:
    spec = RunSpec(argv=("x",), environment={"HOME": "/home/me"}, hosts=True)
    order = LaunchOrder(run="r", token=3, spec=spec, grace=Micros(1), ports=((5, 6),))
    environment = run_environment(order, "/s", "n", {"PATH": "/p"}, "/d/host.sock")
    assert environment["HOME"] == "/home/me"
    assert environment["PORTICO_HOST_SOCKET"] == "/d/host.sock"
    assert (environment["PORT1"], environment["PORTS"], environment["PORTICO_RUN_TOKEN"]) == ("6", "5,6", "3")
    assert os.pathsep not in environment["PORTS"]
