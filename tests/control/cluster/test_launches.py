"""Launches larger than a frame: they travel in several, and what none can carry fails, once."""

from __future__ import annotations

import asyncio

import pytest
from bidders import bidder, interval, offering
from harness import FakeNode, make_plane, settle
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from portico.control.cluster import launches, runs
from portico.domain import framing
from portico.domain.frames import Launch, LaunchOrder, RunFact
from portico.domain.identity import Micros
from portico.domain.runs import Claim, EndCause, Fault, Form, Run, RunSpec, RunState
from portico.domain.slices import Slice

PIECE = 6 << 20


def run(name, size=0, **more):
    spec = RunSpec(argv=("x",), payload=bytes(size))
    return Run(id=name, door="test", pool="/p", spec=spec, amounts={"cpus": 10}, created_at=0, **more)


@pytest.fixture
def endings(monkeypatch):
    """The ends of Runs, as they are told."""
    told = {}
    end_run = runs.end_run

    def note(plane, tx, ending, state, outcome, at=None):
        told.setdefault(ending.id, []).append((state, outcome))
        end_run(plane, tx, ending, state, outcome, at)

    monkeypatch.setattr(runs, "end_run", note)
    return told


async def launched(*made):
    plane = await offering(bidder())
    with plane.begin() as tx:
        runs.launch_claimed(plane, tx, *((one, Claim("n1", (Slice("cpus", 10),))) for one in made))
    await settle(plane)
    return plane


def frames(node):
    return [[order.run for order in frame.orders] for frame in node.line.of(Launch)]


def sizes(node):
    return [len(framing.encode(frame)) for frame in node.line.of(Launch)]


def test_a_launch_above_the_limit_goes_in_several_frames_in_order():
    async def story():
        names = [f"r{number}" for number in range(8)]
        plane = await launched(run("r0", PIECE), *(run(name, PIECE, parent="r0") for name in names[1:]))
        assert [name for frame in frames(plane.node) for name in frame] == names
        assert len(frames(plane.node)) > 1
        assert max(sizes(plane.node)) < framing.MAX_FRAME
        assert {plane.state.runs[name].state for name in names} == {RunState.LAUNCHING}

    asyncio.run(story())


def test_a_run_that_no_frame_carries_fails_and_the_others_go(endings):
    async def story():
        with capture_logs() as logs:
            plane = await launched(run("a"), run("large", framing.MAX_FRAME), run("b"))
            assert frames(plane.node) == [["a", "b"]]
            assert "large" not in plane.state.runs
            back = FakeNode(plane)
            await settle(plane)
        assert frames(back) == [["a", "b"]]
        assert not [entry for entry in logs if entry["event"] == "effect_failed"]

    asyncio.run(story())
    ((state, outcome),) = endings["large"]
    assert (state, outcome.cause, outcome.fault) == (RunState.FAILED, EndCause.LAUNCH_FAILED, Fault.REQUEST)
    assert "more than 33554368 bytes" in outcome.message


def test_what_was_held_for_a_run_that_no_frame_carries_is_free_again():
    async def story():
        plane = await offering(bidder())
        before = plane.capacity.free_plain("n1")
        with plane.begin() as tx:
            runs.launch_claimed(plane, tx, (run("large", framing.MAX_FRAME), Claim("n1", (Slice("cpus", 10),))))
        await interval(plane)
        assert plane.capacity.free_plain("n1") == before

    asyncio.run(story())


def test_what_a_node_is_told_when_it_comes_back_is_cut_too(endings):
    async def story():
        plane = make_plane()
        plane.start([], [])
        node = FakeNode(plane)
        await settle(plane)
        node.session.lost()
        made = [run("host"), *(run(f"r{number}", PIECE, host="host") for number in range(4))]
        made.append(run("large", framing.MAX_FRAME))
        with plane.begin() as tx:
            runs.launch_claimed(plane, tx, *((one, Claim("n1", (Slice("cpus", 10),))) for one in made))
        await settle(plane)
        assert endings == {}
        back = FakeNode(plane)
        await settle(plane)
        assert [name for frame in frames(back) for name in frame] == ["host", "r0", "r1", "r2", "r3"]
        assert len(frames(back)) > 1
        again = FakeNode(plane, runs=[RunFact(name, 1, running=True) for name in ("host", "r0", "r1", "r2", "r3")])
        await settle(plane)
        assert frames(again) == []

    asyncio.run(story())
    assert [len(told) for told in endings.values()] == [1]


def test_what_was_to_be_in_a_run_that_no_frame_carries_is_told_to_end(endings):
    async def story():
        plane = await launched(run("large", framing.MAX_FRAME), run("child", parent="large"))
        (order,) = plane.node.orders
        assert (order.run, [frame.run for frame in plane.node.stops]) == ("child", ["child"])
        plane.node.ended(order, cause=EndCause.LAUNCH_FAILED, code=None)
        await settle(plane)
        assert "child" not in plane.state.runs

    asyncio.run(story())
    assert {name: told[0][0] for name, told in endings.items()} == {"large": RunState.FAILED, "child": RunState.FAILED}


@settings(max_examples=20)
@given(st.lists(st.integers(0, 10), max_size=8))
def test_whatever_the_sizes_all_go_in_order_and_below_the_limit(megabytes):
    orders = tuple(
        LaunchOrder(str(number), 1, RunSpec(form=Form.HOSTED, payload=bytes(size << 20)), Micros(0))
        for number, size in enumerate(megabytes)
    )
    cut, too_large = launches.cut(Launch(orders))
    assert [order for frame in cut for order in frame.orders] == list(orders)
    assert all(frame.orders and len(framing.encode(frame)) <= framing.MAX_FRAME for frame in cut)
    assert too_large == []


@pytest.mark.parametrize(("spare", "fits"), [(0, True), (-1, False)])
def test_the_largest_order_fits_into_a_frame(spare, fits):
    def order(size):
        return LaunchOrder("r", 1, RunSpec(payload=bytes(size)), Micros(0))

    around = len(framing.encode(Launch((order(1 << 20),)))) - (1 << 20)
    words = around - framing.HEADER - len(launches._encoder.encode(order(0)))
    exact = launches.LARGEST_ORDER - len(launches._encoder.encode(order(1 << 20))) + (1 << 20) - spare
    assert words < framing.MAX_FRAME - launches.LARGEST_ORDER
    cut, too_large = launches.cut(Launch((order(exact),)))
    assert (bool(cut), bool(too_large)) == (fits, not fits)
    if fits:
        assert len(framing.encode(cut[0])) <= framing.MAX_FRAME + framing.HEADER
