"""Why a Run waits, where the reason lies in its gang, its anchor or its own end rather than in nodes."""

from __future__ import annotations

import asyncio

import pytest
from harness import FakeNode, make_plane, settle

from portico.control.explaining import ExplainRun, Explanation
from portico.domain.errors import NotFound
from portico.domain.identity import Micros
from portico.domain.runs import Run, RunSpec, RunState, StopOrder, StopReason


def run(plane, identity, **more):
    with plane.begin() as tx:
        made = Run(
            id=identity,
            door="t",
            pool="/p",
            spec=RunSpec(argv=("true",)),
            amounts={"cpus": 1_000},
            created_at=plane.clock.now(),
            **more,
        )
        tx.put(made)


async def texts(plane, identity):
    """Say why a Run waits."""
    task = asyncio.ensure_future(plane.ask(ExplainRun(identity)))
    while not task.done():
        await asyncio.sleep(0)
    found: Explanation = task.result()
    return [reason.text for reason in found.reasons]


def story(play):
    async def begin():
        plane = make_plane()
        plane.start([], [])
        await play(plane)

    asyncio.run(begin())


def test_a_gang_that_is_not_whole():
    async def play(plane):
        FakeNode(plane)
        run(plane, "a", gang="g", gang_size=2)
        await settle(plane)
        assert await texts(plane, "a") == ["its gang is not complete: 1 of 2 are there"]

    story(play)


def test_a_gang_that_does_not_fit_as_a_whole():
    async def play(plane):
        FakeNode(plane, cpus=1)
        FakeNode(plane, "n2", cpus=1)
        for identity in "abc":
            run(plane, identity, gang="g", gang_size=3)
        await settle(plane)
        assert "its gang of 3 is placed whole or not at all" in await texts(plane, "a")

    story(play)


def test_a_child_waits_with_its_parent():
    async def play(plane):
        run(plane, "root")
        run(plane, "child", parent="root")
        assert await texts(plane, "child") == ["it starts together with root, which waits"]

    story(play)


def test_what_belongs_to_a_placed_run_needs_its_node():
    async def play(plane):
        FakeNode(plane, cpus=1)
        run(plane, "root")
        await settle(plane)
        FakeNode(plane, "n2")
        run(plane, "more", host="root")
        await settle(plane)
        found = await texts(plane, "more")
        assert "constraint: hostname is one of n1" in found
        assert "not enough cpus free for 1 cpus" in found

    story(play)


def test_a_run_that_was_told_to_end_does_not_wait_for_a_node():
    async def play(plane):
        stop = StopOrder(StopReason.CANCELLED, plane.clock.now(), Micros(0))
        run(plane, "a", stop=stop)
        assert await texts(plane, "a") == ["it was told to end"]

    story(play)


def test_a_run_that_fits_waits_for_the_next_pass_only():
    async def play(plane):
        FakeNode(plane)
        run(plane, "a")
        assert await texts(plane, "a") == ["a node can take it: it waits for the next pass"]
        await settle(plane)
        assert plane.state.runs["a"].state is RunState.LAUNCHING
        assert await texts(plane, "a") == []

    story(play)


def test_an_unknown_run_is_not_found():
    async def play(plane):
        with pytest.raises(NotFound):
            await texts(plane, "a")

    story(play)
