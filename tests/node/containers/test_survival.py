"""Containers outlive the agent; what has ended leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from fnmatch import fnmatch
from pathlib import Path

import pytest
from node.containers.site import PLAIN, boxed, bundles, output, script, ship, told
from node.control import gone, play, settled, until

from portico.domain.runs import EndCause, Limits
from portico.node.processes import read_stat

pytestmark = pytest.mark.containers
WAITS = "trap 'echo bye; exit 9' TERM; echo ready; while [ ! -e /sandbox/go ]; do sleep 0.05; done; echo went; exit 5"


def mounted(pid: int) -> str:
    """Give all that the threads of a process have mounted."""
    seen = ""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            seen += task.joinpath("mountinfo").read_text()
    return seen


def groups(name: str) -> list[str]:
    """Find control groups by a pattern; others may come and go meanwhile."""
    return [place for place, _, _ in os.walk("/sys/fs/cgroup") if fnmatch(place.rpartition("/")[2], name)]


def test_a_container_is_known_again_with_its_exit_code(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(script("r", WAITS, capture=100))
            await control.runs("r")
            await settled(site, "r", b"ready\n")
            pid = control.started["r"].pid
            agent = await site.kill_agent()
            stat = read_stat(pid)
            assert stat is not None
            assert stat.parent == site.keeper != agent
            assert "r" not in control.outcomes
            (site.directory / "sandboxes/r/go").touch()
            outcome = await control.outcome("r")
            assert (outcome.cause, outcome.exit_code, outcome.output) == (EndCause.EXITED, 5, b"ready\nwent\n")

    play(story())


def test_exit_code_and_signal_are_right_while_nobody_looks(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(script("code", WAITS), script("signal", WAITS))
            await control.runs("code", "signal")
            await settled(site, "code", b"ready\n")
            await settled(site, "signal", b"ready\n")
            agent = site.agent
            assert agent is not None
            os.kill(agent, signal.SIGSTOP)
            (site.directory / "sandboxes/code/go").touch()
            os.kill(control.started["signal"].pid, signal.SIGKILL)
            os.kill(agent, signal.SIGKILL)
            assert (await control.outcome("code")).exit_code == 5
            assert (await control.outcome("signal")).signal == 9

    play(story())


def test_a_new_agent_stops_as_the_image_wants(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(boxed("r", image="acme/quits:1"))
            await control.runs("r")
            await settled(site, "r", b"ready\n")
            await site.kill_agent()
            control.stop("r", grace=10)
            assert (await control.outcome("r")).exit_code == 3

    play(story())


def test_an_agent_killed_at_any_moment_of_a_start_forgets_nothing(layout: Path) -> None:
    """Every Run has one end or runs; no process, group or bundle of an ended one stays."""

    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            await told(site, boxed("warm", "true"))
            for number, pause in enumerate((0.002, 0.01, 0.02)):
                names = [f"k{number}-{one}" for one in range(3)]
                control.launch(*(script(name, "echo ready; sleep 1000", grace=0) for name in names))
                await asyncio.sleep(pause)  # the moment of the kill is what varies
                await site.kill_agent()
                for name in names:
                    control.stop(name, grace=0)
                for name in names:
                    assert (await control.outcome(name)).cause in (EndCause.LOST, EndCause.STOPPED)
            await until(lambda: not bundles(site))
            await until(lambda: not groups("k?-?"))

    play(story())


def test_the_root_outlasts_whoever_put_it_together(layout: Path) -> None:
    """The agent takes a root out of its own sight after a while, and ends, and another one clears up behind it."""
    text = "echo own > /etc/own; echo ready; while [ ! -e /sandbox/go ]; do sleep 0.05; done; cat /etc/own /etc/group"

    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(script("r", text), script("early", "sleep 1000", grace=0))
            await control.runs("r", "early")
            await settled(site, "r", b"ready\n")
            agent = site.agent
            assert agent is not None
            assert "/roots/" in mounted(agent)
            await until(lambda: "/roots/" not in mounted(agent))
            os.kill(agent, signal.SIGTERM)
            await control.registered(2)
            (site.directory / "sandboxes/r/go").touch()
            assert (await control.outcome("r")).exit_code == 0
            assert (await output(site, "r")).startswith("ready\nown\nroot:")
            await until(lambda: len(list((site.directory / "layers").iterdir())) == 1)

    play(story())


def test_a_root_is_used_again_only_if_nothing_was_written(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            place = site.directory / "layers"
            await told(site, boxed("a", "/bin/true"))
            first = list(place.iterdir())
            assert len(first) == 1
            await told(site, boxed("b", "/bin/true"))
            assert list(place.iterdir()) == first
            for number, harm in enumerate(("touch /x", "chmod 700 /", "touch /x; rm /x", "chown 1 /bin/busybox")):
                await told(site, script(f"c{number}", harm))
                assert list(place.iterdir()) != first
                outcome, said = await told(site, script(f"d{number}", "ls -ld / /x /bin/busybox"))
                assert outcome.exit_code == 1
                assert "drwxr-xr-x" in said
                first = list(place.iterdir())

    play(story())


def test_what_has_ended_leaves_nothing(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            await told(
                site, script("a", "echo x > /big; sleep 1000 & exit 0", limits=Limits(memory=64 << 20, output=0))
            )
            control.launch(script("b", "sleep 1000"))
            await control.runs("b")
            pid = control.started["b"].pid
            control.stop("b", grace=0)
            await control.outcome("b")
            await gone(pid)
            await until(lambda: not bundles(site))
            await until(lambda: not any((site.directory / "layers.trash").iterdir()))
            await until(lambda: not groups("a") and not groups("b"))
            assert await output(site, "a") == ""
            assert str(site.directory) not in mounted(os.getpid())

    play(story())


def test_helpers_of_the_runtime_are_reaped(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            names = [f"r{number}" for number in range(12)]
            site.control.launch(*(boxed(name, "true", image=PLAIN) for name in names))
            for name in names:
                assert (await site.control.outcome(name)).exit_code == 0
            agent = site.agent
            assert agent is not None
            await until(lambda: not zombies(agent))

    play(story())


def zombies(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    stats = {int(pid): read_stat(int(pid)) for pid in found}
    return [pid for pid, stat in stats.items() if stat is not None and stat.state == "Z"]


def test_disk_use_counts_the_writable_layer(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout, usage_period=100_000) as site:
            limits = Limits(disk=2 << 20, output=0)
            outcome, _ = await told(
                site, script("r", "dd if=/dev/zero of=/tmp/big bs=1M count=4; sleep 1000", limits=limits, grace=0)
            )
            assert outcome.cause is EndCause.OUT_OF_DISK

    play(story())
