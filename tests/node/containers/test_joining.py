"""Processes that join the container of their parent."""

from __future__ import annotations

from pathlib import Path

import pytest
from node.containers.site import TALKS, boxed, output, script, ship, told
from node.containers.test_survival import groups
from node.control import order, play, settled, shell

from portico.domain.runs import EndCause, Form, Limits

pytestmark = pytest.mark.containers
STAYS = "echo parent > /tmp/mark; echo ready; sleep 1000"


def test_a_child_sees_what_its_parent_sees(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(script("p", STAYS, grace=0, hostname="boxed"))
            await settled(site, "p", b"ready\n")
            text = "cat /tmp/mark; hostname; id -u; pwd; echo $PORTICO_RUN_ID $MINE; echo kept > /sandbox/file; exit 6"
            child = order(
                "c", "/bin/sh", "-c", text, parent="p", join_parent=True, user="worker", environment={"MINE": "own"}
            )
            outcome, said = await told(site, child)
            assert said.split() == ["parent", "boxed", "1234", "/sandbox", "c", "own"]
            assert outcome.exit_code == 6
            denied = await output(site, "c", "stderr")
            assert "Permission denied" in denied
            assert "p" not in control.outcomes

    play(story())


def test_a_child_has_limits_and_an_end_of_its_own(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(script("p", STAYS, grace=0))
            await settled(site, "p", b"ready\n")
            text = "trap 'echo asked; exit 4' TERM; ulimit -n; echo ready; while :; do sleep 0.05; done"
            limits = Limits(open_files=55, pids=20, output=0)
            control.launch(order("c", "/bin/sh", "-c", text, parent="p", join_parent=True, limits=limits))
            await control.runs("c")
            await settled(site, "c", b"55\nready\n")
            assert groups("c")
            control.stop("c", grace=10)
            outcome = await control.outcome("c")
            assert (outcome.cause, outcome.exit_code) == (EndCause.STOPPED, 4)
            assert "p" not in control.outcomes

    play(story())


def test_a_child_ends_with_its_parent_also_after_the_agent(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(script("p", STAYS, grace=0))
            await settled(site, "p", b"ready\n")
            control.launch(order("c", "/bin/sh", "-c", "echo ready; sleep 1000", parent="p", join_parent=True, grace=0))
            await control.runs("c")
            await settled(site, "c", b"ready\n")
            await site.kill_agent()
            assert not control.outcomes
            late = order("d", "/bin/sh", "-c", "cat /tmp/mark", parent="p", join_parent=True)
            assert (await told(site, late))[1] == "parent\n"
            control.stop("p", grace=0)
            assert (await control.outcome("p")).signal == 9
            assert (await control.outcome("c")).signal == 9

    play(story())


def test_a_grandchild_joins_the_same_container(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            child = order("c", "/bin/sh", "-c", "echo ready; sleep 1000", parent="p", join_parent=True, grace=0)
            grandchild = order("g", "/bin/sh", "-c", "cat /tmp/mark", parent="c", join_parent=True)
            control.launch(script("p", STAYS, grace=0))
            await settled(site, "p", b"ready\n")
            control.launch(child, grandchild)
            assert (await control.outcome("g")).exit_code == 0
            assert await output(site, "g") == "parent\n"

    play(story())


def test_without_a_container_to_join_it_is_a_process_like_any_other(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(shell("p", "sleep 1000", grace=0), order("s", form=Form.SCOPE))
            await control.runs("p", "s")
            for parent in ("p", "s"):
                child = shell(f"c{parent}", "echo $PORTICO_SANDBOX", parent=parent, join_parent=True)
                assert (await told(site, child))[1] == f"{site.directory}/sandboxes/c{parent}\n"

    play(story())


def test_a_tree_of_containers_starts_in_one_message(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            main = boxed("main", parent="s", image=TALKS)
            side = script("side", "echo side", parent="s", limits=Limits(memory=32 << 20, output=0))
            control.launch(order("s", form=Form.SCOPE), main, side)
            assert (await control.outcome("main")).exit_code == 0
            assert (await control.outcome("side")).exit_code == 0
            assert await output(site, "side") == "side\n"

    play(story())
