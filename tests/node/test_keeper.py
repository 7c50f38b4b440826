from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from node.control import children, gone, node, play, shell

from portico.domain.errors import Invalid, Unavailable
from portico.node.config import NodeConfig, read_config, write_config
from portico.node.keeper import ALREADY_KEPT, MISCONFIGURED
from portico.node.locking import KEEPER_LOCK, lock_holder, take_lock
from portico.node.processes import start_time
from portico.node.reaped import ReapedReader
from portico.node.starting import keeper_alive, start_keeper


def resident(pid: int) -> int:
    """Give the kilobytes a process has to itself: what it shares with other interpreters costs nothing more."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1])
    raise AssertionError("no such line")


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def test_one_keeper_per_directory_and_it_is_small() -> None:
    async def story() -> None:
        async with node() as site:
            keeper = site.keeper
            assert keeper is not None
            assert site.start() == keeper
            assert resident(keeper) < 16 << 10
            assert threads(keeper) == 1
            assert os.getsid(keeper) != os.getsid(0)
            second = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "portico.node", "keeper", "--directory", str(site.directory),
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            _, words = await second.communicate()
            assert second.returncode == ALREADY_KEPT
            assert b"has a keeper already" in words

    play(story())


def test_a_killed_agent_is_started_again_and_its_runs_are_on_file() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "sleep 100"))
            await control.runs("r")
            first = site.agent
            keeper = site.keeper
            await site.kill_agent()
            assert site.agent != first
            assert site.keeper == keeper
            pid = control.started["r"].pid
            start = start_time(pid)
            os.kill(pid, signal.SIGUSR2)
            outcome = await control.outcome("r")
            assert outcome.signal == signal.SIGUSR2
            (record,) = [found for found in ReapedReader(str(site.directory)).read() if found.pid == pid]
            assert (record.start, record.code) == (start, -signal.SIGUSR2)
            assert start_time(pid) == 0

    play(story())


def test_the_end_of_the_keeper_is_not_the_end_of_a_run() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "sleep 100"))
            await control.runs("r")
            keeper, agent = site.keeper, site.agent
            assert keeper is not None
            assert agent is not None
            os.kill(keeper, signal.SIGTERM)
            await gone(keeper)
            await gone(agent)
            assert keeper_alive(site.directory) is None
            pid = control.started["r"].pid
            assert start_time(pid)
            os.killpg(pid, signal.SIGKILL)

    play(story())


def test_a_wrong_configuration_ends_the_keeper_too(tmp_path: Path) -> None:
    (tmp_path / "node.json").write_text('{"node": "n", "link": 5}')
    ended = subprocess.run(
        [sys.executable, "-m", "portico.node", "keeper", "--directory", str(tmp_path)],
        capture_output=True,
        timeout=15,
        check=False,
    )
    assert ended.returncode == MISCONFIGURED
    assert b"$.link" in ended.stderr


def test_an_agent_that_cannot_live_is_not_started_in_a_circle(tmp_path: Path) -> None:
    """Its lock is held by somebody else: the keeper waits instead of starting one after the other."""
    write_config(tmp_path, NodeConfig(node="n", link="unix:/nowhere", secret="", amounts={}))
    lock = take_lock(str(tmp_path / "agent.lock"))
    assert lock is not None
    pid = start_keeper(tmp_path, NodeConfig(node="n", link="unix:/nowhere", secret="", amounts={}))
    assert children(pid) == []
    os.kill(pid, signal.SIGTERM)
    asyncio.run(gone(pid))
    os.close(lock)


def test_a_directory_without_rights_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises((Unavailable, OSError)):
        start_keeper(blocked, NodeConfig(node="n", link="unix:/x", secret="", amounts={}))


def test_a_keeper_that_does_not_come_up_in_time_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(Unavailable, match=r"no keeper came up in .* in 10 s"):
        start_keeper(tmp_path, NodeConfig(node="n", link="unix:/x", secret="", amounts={}))


def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    path = str(tmp_path / KEEPER_LOCK)
    assert lock_holder(path) is None
    lock = take_lock(path)
    assert lock is not None
    assert take_lock(path) is None
    assert lock_holder(path) == os.getpid()
    os.close(lock)
    assert lock_holder(path) is None


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["keeper"], ["keeper", "--directory"], ["keeper", "--directory", "x", "--fast"]]
)
def test_a_wrong_command_line_is_said(arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "portico.node", *arguments], capture_output=True, timeout=15, check=False
    )
    assert ended.returncode == 64
    assert b"usage" in ended.stderr


def test_the_configuration_is_read_as_written_and_private(tmp_path: Path) -> None:
    config = NodeConfig(node="n", link="tcp:127.0.0.1:5", secret="s", amounts={"cpus": 1000}, ports=((1, 2),))
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config
    assert (tmp_path / "node.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "node.json").write_text('{"node": "n", "colour": 1}')
    with pytest.raises(Invalid, match="colour"):
        read_config(tmp_path)
    (tmp_path / "node.json").unlink()
    with pytest.raises(Invalid, match="does not exist"):
        read_config(tmp_path)


def test_starting_is_quick(tmp_path: Path) -> None:
    """Bounded generously: the figure itself belongs to the benchmark."""
    config = NodeConfig(node="n", link="unix:/nowhere", secret="", amounts={}, cgroups=False)
    begun = time.perf_counter()
    pid = start_keeper(tmp_path, config)
    assert time.perf_counter() - begun < 5
    os.kill(pid, signal.SIGTERM)
    asyncio.run(gone(pid))
