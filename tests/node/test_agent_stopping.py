"""An agent that is told to stop Runs, trees of Runs, or all of them and itself."""

from __future__ import annotations

import signal

from node.control import gone, node, play, settled, shell

from portico.domain.frames import LaunchOrder, Shutdown
from portico.domain.identity import SECOND, Micros
from portico.domain.runs import EndCause, Form, RunSpec
from portico.node.processes import start_time


def scope(run: str, **rest: object) -> LaunchOrder:
    return LaunchOrder(run=run, token=1, spec=RunSpec(form=Form.SCOPE), grace=Micros(SECOND), **rest)  # type: ignore[arg-type]


def test_stop_is_gentle_then_not_and_only_shortens() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            deaf = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
            control.launch(
                shell("polite", "trap 'exit 4' TERM; echo ready; while :; do sleep 0.02; done"),
                shell("deaf", deaf),
                shell("hasty", deaf),
            )
            for run in ("polite", "deaf", "hasty"):
                await settled(site, run, b"ready\n")
            control.stop("polite")
            polite = await control.outcome("polite")
            assert (polite.cause, polite.exit_code) == (EndCause.STOPPED, 4)
            control.stop("deaf", grace=0.3)
            control.stop("deaf", grace=300)
            assert (await control.outcome("deaf")).signal == signal.SIGKILL
            control.stop("hasty", grace=300)
            control.stop("hasty", grace=0)
            assert (await control.outcome("hasty")).signal == signal.SIGKILL
            control.stop("stranger")
            assert (await control.outcome("stranger")).cause is EndCause.LOST
            control.launch(shell("current", "sleep 100", token=5))
            await control.runs("current")
            control.stop("current", token=4)
            await control.until(lambda: "current" in control.outcomes)
            assert control.said[-1].token == 4
            assert start_time(control.started["current"].pid)

    play(story())


def test_what_a_leader_leaves_behind_is_killed() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "sleep 100 & echo $!; exit 0", capture=20))
            outcome = await control.outcome("r")
            await gone(int(outcome.output))
            control.launch(shell("orphaning", "(setsid sleep 0.01 &); sleep 0.05; exit 6"))
            assert (await control.outcome("orphaning")).exit_code == 6

    play(story())


def test_a_tree_ends_with_its_root() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(
                scope("root"),
                shell("child", "sleep 100", parent="root"),
                shell("grandchild", "sleep 100", parent="child"),
                shell("stray", "sleep 100", parent="nobody"),
            )
            await control.runs("root", "child", "grandchild")
            assert (await control.outcome("stray")).cause is EndCause.LAUNCH_FAILED
            control.stop("root")
            for run in ("grandchild", "child", "root"):
                assert (await control.outcome(run)).cause is EndCause.STOPPED
            control.launch(shell("parent", "read _ || sleep 0.3; exit 2"), shell("kid", "sleep 100", parent="parent"))
            assert (await control.outcome("parent")).exit_code == 2
            kid = await control.outcome("kid")
            assert kid.cause is EndCause.STOPPED
            assert "parent_ended" in kid.message
            control.launch(scope("deaf"), shell("deafened", "trap '' TERM; echo ready; sleep 100", parent="deaf"))
            await control.runs("deafened")
            await settled(site, "deafened", b"ready\n")
            control.stop("deaf", grace=0.2)
            await control.outcome("deaf")
            await control.outcome("deafened")

    play(story())


def test_a_run_may_refuse_to_live_without_control() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("alone", "sleep 100", self_stop=Micros(SECOND // 2)), shell("other", "sleep 100"))
            await control.runs("alone", "other")
            await control.close()
            pid = control.started["alone"].pid
            await gone(pid)
            assert start_time(control.started["other"].pid)
            await control.open()
            outcome = await control.outcome("alone")
            assert outcome.cause is EndCause.STOPPED
            assert "no contact" in outcome.message

    play(story())


def test_shutdown_ends_everything_and_takes_nothing_more() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("r", "trap '' TERM; echo ready; sleep 100 & wait; sleep 100"))
            await settled(site, "r", b"ready\n")
            keeper = site.keeper
            assert keeper is not None
            control.send(Shutdown(stop_runs=True, grace=Micros(SECOND // 2)))
            control.launch(shell("late", "true"))
            await control.until(lambda: "late" in control.refused)
            assert (await control.outcome("r")).cause is EndCause.STOPPED
            await gone(keeper)
            assert site.agent is None
            assert site.keeper is None

    play(story())
