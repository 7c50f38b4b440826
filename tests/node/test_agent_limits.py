"""What Runs under an agent may take of disk and memory, and when their sandboxes go."""

from __future__ import annotations

from node.control import node, play, shell, until

from portico.domain.frames import Forget, LaunchOrder
from portico.domain.identity import Micros
from portico.domain.runs import EndCause, Form, Limits, RunSpec

MEGABYTE = 1 << 20


def test_sandboxes_go_when_told_and_when_old() -> None:
    async def story() -> None:
        async with node(collection_period=200_000, sandbox_age=1_000_000, sandbox_min_free=0.0) as site:
            control = site.control
            control.launch(shell("told", "true"), shell("old", "true"), shell("live", "sleep 100"))
            await control.outcome("told")
            await control.outcome("old")
            control.send(Forget(("told", "live")))
            for run in ("told", "old"):
                await until(lambda place=site.directory / "sandboxes" / run: not place.exists())
            assert (site.directory / "sandboxes" / "live").exists()

    play(story())


def test_limits_on_disk_and_output() -> None:
    async def story() -> None:
        async with node(usage_period=100_000) as site:
            control = site.control
            control.launch(
                shell("greedy", "head -c 3000000 /dev/zero > big; sleep 100", limits=Limits(disk=MEGABYTE)),
                shell("noisy", "while :; do echo 0123456789; sleep 0.001; done", limits=Limits(output=2000)),
            )
            outcome = await control.outcome("greedy")
            assert outcome.cause is EndCause.OUT_OF_DISK
            assert "of 1048576 bytes" in outcome.message
            rotated = site.directory / "sandboxes" / "noisy" / "stdout.1"
            await until(rotated.exists)
            assert rotated.stat().st_size <= 2 * 2000  # what came while it was cut is kept with it

    play(story())


def test_memory_limit() -> None:
    async def story() -> None:
        async with node(cgroups=True) as site:
            control = site.control
            if "memory" not in str(control.registers[0].warnings):
                limits = Limits(memory=20 * MEGABYTE, output=0)
                control.launch(
                    shell("hungry", "x=$(head -c 100000000 /dev/zero | tr '\\0' x); exit 5", limits=limits),
                    shell("modest", "setsid sleep 100 & true", limits=limits),
                )
                hungry = await control.outcome("hungry")
                assert hungry.cause is EndCause.OUT_OF_MEMORY
                assert hungry.peak_memory > 15 * MEGABYTE
                modest = await control.outcome("modest")
                assert (modest.cause, modest.exit_code) == (EndCause.EXITED, 0)
            else:
                assert site.agent is not None

    play(story())


def test_what_a_member_brings_is_added_to_its_root() -> None:
    async def story() -> None:
        async with node(cgroups=True) as site:
            control = site.control
            if "memory" in str(control.registers[0].warnings):
                assert site.agent is not None
                return
            eat = "x=$(head -c 20000000 /dev/zero | tr '\\0' x); exit 5"
            small, large = Limits(memory=20 * MEGABYTE, output=0), Limits(memory=100 * MEGABYTE, output=0)
            scope = LaunchOrder("root", 1, RunSpec(form=Form.SCOPE, limits=small), Micros(0))
            control.launch(scope, shell("brings", eat, parent="root", limits=large, adds=True))
            brings = await control.outcome("brings")
            assert (brings.cause, brings.exit_code) == (EndCause.EXITED, 5)
            control.launch(shell("shares", eat, parent="root", limits=large))
            shares = await control.outcome("shares")
            assert shares.cause is not EndCause.EXITED

    play(story())
