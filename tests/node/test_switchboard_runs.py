"""Runs that can be attached to, under an agent."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
from pathlib import Path

import pytest
from node.boards import Caller
from node.control import node, play, settled, shell, until

from portico.domain.runs import EndCause
from portico.node.switchboard_lines import (
    INPUT,
    SOCKET,
    WRITER,
)


def test_the_terminal_of_a_run_has_its_window() -> None:
    async def story() -> None:
        async with node() as site:
            site.control.launch(shell("r", "stty size", attach="tty", window=(11, 22)))
            assert (await site.control.outcome("r")).exit_code == 0
            await settled(site, "r", b"11 22\r\n")

    play(story())


def test_a_run_that_can_be_attached_to_is_a_run_like_any_other() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(
                shell("p", "read word; echo $word; pwd; exit 6", attach="pipes", capture=100),
                shell("t", "echo up; exec sleep 100", attach="tty"),
            )
            await control.runs("p", "t")
            sandbox = site.directory / "sandboxes" / "p"
            await until((sandbox / SOCKET).exists)
            await settled(site, "t", b"up\r\n")
            await site.kill_agent()
            caller = Caller(sandbox).as_(WRITER)
            caller.say(INPUT, b"hello\n")
            outcome = await control.outcome("p")
            caller.close()
            assert (outcome.cause, outcome.exit_code) == (EndCause.EXITED, 6)
            assert outcome.output == f"hello\n{sandbox}\n".encode()
            control.stop("t", grace=5)
            stopped = await control.outcome("t")
            assert (stopped.cause, stopped.signal) == (EndCause.STOPPED, signal.SIGTERM)

    play(story())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_run_of_another_user_has_its_own_rights_and_variables_only() -> None:
    async def story() -> None:
        async with node() as site:
            script = "id -u; echo $LD_PRELOAD; read word; echo got $word >&2"
            variables = {"LD_PRELOAD": "/no/such/library"}
            for attach in ("pipes", "tty"):
                site.control.launch(shell(attach, script, attach=attach, user="nobody", environment=variables))
                await site.control.runs(attach)
                sandbox = site.directory / "sandboxes" / attach
                await until((sandbox / SOCKET).exists)
                assert (sandbox / SOCKET).stat().st_uid == 0
                caller = Caller(sandbox).as_(WRITER)
                caller.say(INPUT, b"word\n")
                assert (await site.control.outcome(attach)).exit_code == 0
                caller.close()
                said = (sandbox / "stdout").read_bytes().split()
                assert str(pwd.getpwnam("nobody").pw_uid).encode() in said
                assert b"/no/such/library" in said

    play(story())


@pytest.mark.parametrize("attach", ["pipes", "tty"])
def test_a_run_whose_switchboard_is_killed_says_so(attach: str) -> None:
    async def story() -> None:
        async with node() as site:
            site.control.launch(shell("r", "echo up; exec sleep 100", attach=attach))
            await settled(site, "r", b"up\r\n" if attach == "tty" else b"up\n")
            os.kill(switchboard_of(site.directory / "sandboxes" / "r"), signal.SIGKILL)
            outcome = await site.control.outcome("r")
            assert (outcome.cause, outcome.signal) == (EndCause.SWITCHBOARD, signal.SIGKILL)

    play(story())


@pytest.mark.parametrize("attach", ["pipes", "tty"])
def test_a_program_that_is_killed_is_no_fault_of_its_switchboard(attach: str) -> None:
    async def story() -> None:
        async with node() as site:
            site.control.launch(shell("r", "kill -9 $$", attach=attach))
            outcome = await site.control.outcome("r")
            assert (outcome.cause, outcome.signal) == (EndCause.SIGNALLED, signal.SIGKILL)

    play(story())


def switchboard_of(sandbox: Path) -> int:
    """Find the process of a sandbox's switchboard: the eldest with its command line, which its child has at first."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"portico.node.switchboard" in words and str(sandbox).encode() in words:
                found.append(int(process.name))
    return min(found)
