"""Containers with a terminal."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest
from node.boards import Caller
from node.containers.site import output, script, ship, told
from node.control import order, play, settled, until

from portico.node.containers.bundles import state_place
from portico.node.site import slice_name
from portico.node.switchboard_lines import INPUT, READER, ROWS_COLUMNS, SESSION, SIZE, SOCKET, WRITER

pytestmark = pytest.mark.containers


def test_a_terminal_writes_to_the_stdout_file(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            outcome, _ = await told(site, script("r", "tty; echo $TERM; echo err >&2; exit 3", tty=True))
            assert outcome.exit_code == 3
            await until(lambda: (site.directory / "sandboxes/r/stdout").read_bytes().endswith(b"err\r\n"))
            name, *rest = (await output(site, "r")).split("\r\n")
            assert name in ("/dev/console", "/dev/pts/0")
            assert rest == ["xterm", "err", ""]
            assert await output(site, "r", "stderr") == ""

    play(story())


def test_the_copier_holds_the_terminal_through_the_death_of_the_agent(layout: Path) -> None:
    """Who wants to type takes the outer end from the copier by its pid."""

    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(
                script("r", "stty -echo; echo ready; read line; echo got $line; sleep 1000", tty=True, grace=0)
            )
            await control.runs("r")
            await settled(site, "r", b"ready\r\n")
            await site.kill_agent()
            copier = int((state_place(site.directory, slice_name(site.directory)) / "live/r/copier").read_text())
            process = os.pidfd_open(copier)
            terminal = ctypes.CDLL(None, use_errno=True).syscall(438, process, 0, 0)
            assert terminal >= 0
            os.write(terminal, b"words\n")
            os.close(terminal)
            os.close(process)
            await settled(site, "r", b"ready\r\ngot words\r\n")
            joined = order("c", "/bin/sh", "-c", "tty <&1; echo plain", parent="r", join_parent=True)
            assert (await told(site, joined))[1].endswith("plain\n")
            control.stop("r", grace=0)
            assert (await control.outcome("r")).signal == 9
            await until(lambda: not holds_files(copier))

    play(story())


def test_a_container_is_attached_to(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(
                script("p", "read word; echo got $word; echo err >&2; cat; exit 4", attach="pipes"),
                script(
                    "t",
                    'trap \'[ "$(stty size)" = "11 22" ] && { stty size; exit 5; }\' WINCH; echo up; while :; do sleep 0.05; done',
                    tty=True,
                    attach="tty",
                ),
            )
            await control.runs("p", "t")
            sandboxes = site.directory / "sandboxes"
            for run in "pt":
                await until((sandboxes / run / SOCKET).exists)
            reader, writer = Caller(sandboxes / "p").as_(READER), Caller(sandboxes / "p").as_(WRITER)
            for piece in (b"word\n", b"more", b""):
                writer.say(INPUT, piece)
            assert (await control.outcome("p")).exit_code == 4
            assert reader.rest() == (b"got word\nmore", b"err\n", True)
            assert await output(site, "p") == "got word\nmore"
            assert await output(site, "p", "stderr") == "err\n"
            await settled(site, "t", b"up\r\n")
            sizer = Caller(sandboxes / "t").as_(WRITER)
            sizer.say(SIZE, ROWS_COLUMNS.pack(11, 22))
            assert (await control.outcome("t")).exit_code == 5
            await settled(site, "t", b"up\r\n11 22\r\n")
            for caller in (reader, writer, sizer):
                caller.close()

    play(story())


def test_a_terminal_has_the_size_it_was_asked_for(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(
                script("copied", "stty size; sleep 1000", tty=True, window=(11, 22), grace=0),
                script("held", "stty size; sleep 1000", tty=True, attach="tty", window=(33, 44), grace=0),
            )
            await control.runs("copied", "held")
            look = ("/bin/sh", "-c", "stty size; sleep 1000")
            control.launch(order("beside", *look, parent="held", join_parent=True, attach="tty", window=(5, 6)))
            for run, size in (("copied", b"11 22\r\n"), ("held", b"33 44\r\n"), ("beside", b"5 6\r\n")):
                await settled(site, run, size)
                assert (site.directory / "sandboxes" / run / "stdout").read_bytes() == size

    play(story())


def test_a_session_inside_a_container(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(script("r", "echo inside > /tmp/mark; sleep 1000", grace=0))
            await control.runs("r")
            for run, attach in (("p", "pipes+session"), ("t", "tty+session")):
                look = "cat /tmp/mark; sleep 1000"
                control.launch(order(run, "/bin/sh", "-c", look, parent="r", join_parent=True, attach=attach, grace=0))
                await control.runs(run)
                sandbox = site.directory / "sandboxes" / run
                await until((sandbox / SOCKET).exists)
                session = Caller(sandbox).as_(SESSION, ROWS_COLUMNS.pack(9, 9))
                session.until(b"inside")
                session.close()
                assert (await control.outcome(run)).signal == 9

    play(story())


def holds_files(pid: int) -> bool:
    """Tell whether a process lives; a dead one that nobody has reaped yet has no files."""
    try:
        return any(Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:
        return False
