"""Checks that an agent makes of its Runs: health, and status."""

from __future__ import annotations

from node.control import node, play, shell, until

from portico.domain.identity import Micros
from portico.domain.runs import CheckKind, EndCause, HealthCheck, StatusCheck


def test_health_is_told_and_bad_health_ends_a_run() -> None:
    check = HealthCheck(
        CheckKind.COMMAND,
        ("/bin/sh", "-c", "test -e well"),
        delay=Micros(0),
        interval=Micros(50_000),
        grace=Micros(0),
        failures=2,
    )

    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "touch well; exec sleep 100", check=check))
            await control.until(lambda: True in control.health.get("r", []))
            await site.kill_agent()
            (site.directory / "sandboxes" / "r" / "well").unlink()
            outcome = await control.outcome("r")
            assert outcome.cause is EndCause.UNHEALTHY
            assert control.health["r"][-1] is False

    play(story())


def test_what_a_check_sees_is_told_when_it_changes() -> None:
    check = StatusCheck(
        CheckKind.COMMAND,
        ("/bin/sh", "-c", "test -e code || exec sleep 100; echo >> looks; exit $(cat code)"),
        delay=Micros(0),
        interval=Micros(20_000),
        timeout=Micros(500_000),
    )

    async def story() -> None:
        async with node() as site:
            control = site.control
            sandbox = site.directory / "sandboxes" / "r"

            async def looks(more: int) -> None:
                """Wait until it has looked so many times more."""
                seen = (sandbox / "looks").stat().st_size
                await until(lambda: (sandbox / "looks").stat().st_size >= seen + more)

            def say(code: str) -> None:
                (sandbox / "code.new").write_text(code)
                (sandbox / "code.new").rename(sandbox / "code")

            control.launch(shell("r", "echo 3 > code; exec sleep 100", status_check=check))
            await control.until(lambda: control.checks.get("r", [])[-1:] == [3])
            told = control.checks["r"].count(3)
            await looks(3)
            say("0")
            await control.until(lambda: control.checks["r"][-1] == 0)
            assert control.checks["r"].count(3) == told == 1
            await site.kill_agent()
            await control.until(lambda: control.checks["r"].count(0) == 2)  # a new agent tells what it sees first
            (sandbox / "code").unlink()
            await control.until(lambda: control.checks["r"][-1] is None)
            say("1")
            await control.until(lambda: control.checks["r"][-1] == 1)
            assert not control.outcomes
            control.stop("r", grace=0)
            assert (await control.outcome("r")).signal == 9

    play(story())
