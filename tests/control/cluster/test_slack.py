import asyncio

from bidders import NUMBERS, bidder, free, interval, launch, offering, waiting_run
from harness import FakeNode, make_plane, settle

from portico.control.cluster import runs
from portico.control.cluster.offers import OfferSettings
from portico.deciding.slack import LENT
from portico.domain.frames import Heartbeat, RunFact
from portico.domain.runs import Claim, Run, RunSpec, RunState, StopReason
from portico.domain.slices import Slice

HALF = OfferSettings(oversubscribe={"n1": 500})


def lent(cpus):
    return Slice("cpus", cpus, LENT)


def measured(plane, cpus, node=None):
    slack = None if cpus is None else {"cpus": cpus}
    (node or plane.node).session.receive(Heartbeat(plane.clock.now(), slack=slack))


async def lending(*bidders, cpus=2000, settings=HALF, **node):
    """A plane whose node is wholly claimed by work of another door, and has measured that so much is unused."""
    plane = await offering(**node)
    plane.offers.settings = settings
    waiting_run(plane, cpus=4000, mem=4_096_000)
    await settle(plane)
    for order in plane.node.orders:
        plane.node.started(order)
    for one in bidders:
        plane.offers.enlist(one)
    measured(plane, cpus)
    await interval(plane)
    return plane


async def borrow(plane, cpus, name="f1"):
    """Launch a Run on revocable cpus of the newest offer."""
    run = launch(plane, plane.offers.outstanding(name)[-1], (lent(cpus),), ())
    await settle(plane)
    plane.node.started(next(order for order in plane.node.orders if order.run == run.id))
    return run.id


def stopped(plane):
    return {stop.run: stop.order for stop in plane.node.stops}


def test_the_share_of_what_is_unused_is_offered_to_those_who_can_deal_with_it():
    async def story():
        plane = await lending(bidder("f1", revocable=True), bidder("f2"))
        (offer,) = plane.offers.outstanding("f1")
        assert offer.slices == (lent(1000),)
        assert plane.offers.outstanding("f2") == []

    asyncio.run(story())


def test_nothing_is_lent_unless_the_configuration_says_so():
    async def story():
        plane = await lending(bidder("f1", revocable=True), settings=OfferSettings())
        assert plane.offers.outstanding("f1") == []
        assert plane.capacity.labelled.lent("n1") == ()

    asyncio.run(story())


def test_what_is_lent_is_no_part_of_the_clusters_size_and_charged_to_no_pool():
    async def story():
        plane = await lending(bidder("f1", revocable=True))
        assert plane.capacity.total["cpus"] == 4000
        run = await borrow(plane, 600)
        assert plane.capacity.allocation == {"/jobv1": {"cpus": 4000, "mem": 4_096_000}}
        plane.node.ended(next(order for order in plane.node.orders if order.run == run))
        assert plane.capacity.allocation == {"/jobv1": {"cpus": 4000, "mem": 4_096_000}}

    asyncio.run(story())


def test_a_run_that_borrows_is_said_to_the_node_to_do_so():
    async def story():
        plane = await lending(bidder("f1", revocable=True))
        run = await borrow(plane, 600)
        assert {order.run for order in plane.node.orders if order.revocable} == {run}

    asyncio.run(story())


def test_offers_of_what_is_no_longer_there_are_rescinded():
    async def story():
        plane = await lending(bidder("f1", revocable=True))
        (offer,) = plane.offers.outstanding("f1")
        measured(plane, 1200)
        assert plane.ear.rescinded == [("f1", offer.id)]
        await settle(plane)
        (smaller,) = plane.offers.outstanding("f1")
        assert smaller.slices == (lent(600),)

    asyncio.run(story())


def test_the_same_measurement_changes_nothing():
    async def story():
        plane = await lending(bidder("f1", revocable=True))
        (offer,) = plane.offers.outstanding("f1")
        measured(plane, 2000)
        await settle(plane)
        assert plane.offers.outstanding("f1") == [offer]
        assert plane.ear.rescinded == []

    asyncio.run(story())


def test_runs_that_hold_more_than_is_lent_are_stopped_the_youngest_first():
    async def story():
        plane = await lending(bidder("f1", revocable=True))
        old = await borrow(plane, 400)
        await interval(plane, 6)
        young = await borrow(plane, 500)
        measured(plane, 1000)
        await settle(plane)
        (order,) = stopped(plane).values()
        assert set(stopped(plane)) == {young}
        assert (order.reason, order.grace) == (StopReason.PREEMPTED, 0)
        measured(plane, 1000)  # what is on its way out is not counted again
        await settle(plane)
        assert set(stopped(plane)) == {young}
        measured(plane, 0)
        await settle(plane)
        assert set(stopped(plane)) == {young, old}

    asyncio.run(story())


def test_work_that_borrows_nothing_is_never_stopped():
    async def story():
        plane = await lending(bidder("f1", revocable=True), cpus=0)
        measured(plane, 0)
        await settle(plane)
        assert stopped(plane) == {}

    asyncio.run(story())


def test_a_node_that_registers_lends_nothing_until_it_has_measured_and_its_borrowers_go_on():
    async def story():
        plane = await lending(bidder("f1", revocable=True))
        run = await borrow(plane, 400)
        await interval(plane, 6)
        assert [offer.slices for offer in plane.offers.outstanding("f1")] == [(lent(600),)]
        plane.node.session.lost()
        facts = [RunFact(one.id, one.token, running=True) for one in plane.state.runs.values()]
        plane.node = FakeNode(plane, runs=facts)
        measured(plane, None)
        await interval(plane, 6)
        assert plane.offers.outstanding("f1") == []
        assert plane.state.runs[run].state is RunState.RUNNING
        assert stopped(plane) == {}
        measured(plane, 2000)
        await interval(plane)
        assert [offer.slices for offer in plane.offers.outstanding("f1")] == [(lent(600),)]
        measured(plane, 0)
        await settle(plane)
        assert set(stopped(plane)) == {run}

    asyncio.run(story())


def test_after_a_restart_of_control_it_is_measured_anew():
    async def story():
        plane = await lending(bidder("f1", revocable=True))
        run = await borrow(plane, 400)
        await settle(plane)
        facts = [RunFact(one.id, one.token, running=True) for one in plane.state.runs.values()]
        again = make_plane(plane.store, plane.clock)
        again.start([], [])
        again.offers.settings = HALF
        again.offers.enlist(bidder("f1", revocable=True))
        again.node = FakeNode(again, runs=facts)
        await interval(again)
        assert again.offers.outstanding("f1") == []
        assert free(again)["cpus", LENT] == -400
        measured(again, 1600)
        await interval(again)
        assert [offer.slices for offer in again.offers.outstanding("f1")] == [(lent(400),)]
        measured(again, 700)
        await settle(again)
        assert set(stopped(again)) == {run}

    asyncio.run(story())


def test_a_node_that_is_no_longer_to_be_oversubscribed_takes_everything_back():
    async def story():
        plane = await lending(bidder("f1", revocable=True))
        run = await borrow(plane, 400)
        plane.offers.settings = OfferSettings()
        measured(plane, None)
        await settle(plane)
        assert set(stopped(plane)) == {run}
        assert plane.offers.outstanding("f1") == []

    asyncio.run(story())


def test_a_container_goes_as_a_whole():
    async def story():
        plane = await lending(bidder("f1", revocable=True))
        (offer,) = plane.offers.outstanding("f1")
        root = await borrow(plane, 200)
        await interval(plane, 6)
        member = _member(plane, root, 300)
        measured(plane, 800)
        await settle(plane)
        assert set(stopped(plane)) == {root, member}
        assert offer.id not in {one.id for one in plane.offers.outstanding("f1")}

    asyncio.run(story())


def _member(plane, root, cpus):
    """Launch a Run on revocable cpus inside another one."""
    (taken,) = plane.offers.take("f1", [plane.offers.outstanding("f1")[-1].id])
    run = Run(
        id=f"r{next(NUMBERS)}",
        door="mesos",
        pool=taken.pool,
        job="f1",
        parent=root,
        spec=RunSpec(argv=("x",)),
        amounts={"cpus": cpus},
        created_at=plane.clock.now(),
    )
    with plane.begin() as tx:
        runs.launch_claimed(plane, tx, (run, Claim("n1", (lent(cpus),))))
    return run.id
