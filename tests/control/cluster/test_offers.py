import asyncio

import pytest
from bidders import Ear, bidder, interval, launch, offering, waiting_run
from harness import FakeNode, make_plane, settle

from portico.control.cluster import nodes, pools
from portico.control.cluster.offers import OfferSettings
from portico.control.commands import DrainNode
from portico.domain.errors import NotFound
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.nodes import Pool, Unavailability
from portico.domain.offers import InvalidOffers, InverseStatus
from portico.domain.runs import RunState
from portico.domain.slices import Slice, sums

ONE = Slice("cpus", 1000)


def test_a_bidder_is_offered_the_whole_node_with_its_ports():
    async def story():
        plane = await offering(bidder())
        (offer,) = plane.ear.offers["f1"]
        assert sums(offer.slices) == {"cpus": 4000, "mem": 4_096_000}
        assert offer.ports == (("*", ((31000, 31009),)),)
        assert (offer.role, offer.pool, offer.node) == ("ads", "/mesos/ads", "n1")
        assert plane.offers.outstanding("f1") == plane.offers.offers_on("n1") == [offer]
        assert plane.capacity.free_plain("n1") == {"cpus": 4000, "mem": 4_096_000}

    asyncio.run(story())


def test_an_accepted_offer_becomes_claims_and_the_rest_comes_back_later():
    async def story():
        plane = await offering(bidder())
        run = launch(plane, plane.ear.offers["f1"][0], (ONE,), (("*", ((31000, 31001),)),))
        await settle(plane)
        assert [order.run for order in plane.node.orders] == [run.id]
        assert plane.offers.outstanding("f1") == []
        await interval(plane)
        assert plane.offers.outstanding("f1") == []
        await interval(plane, 5)
        (offer,) = plane.offers.outstanding("f1")
        assert sums(offer.slices) == {"cpus": 3000, "mem": 4_096_000}
        assert offer.ports == (("*", ((31002, 31009),)),)

    asyncio.run(story())


def test_space_that_grows_beyond_what_was_refused_is_offered_at_once():
    async def story():
        plane = await offering(bidder())
        run = launch(plane, plane.ear.offers["f1"][0], (ONE,), ())
        await settle(plane)
        (order,) = plane.node.orders
        plane.node.started(order)
        plane.node.ended(order)
        await settle(plane)
        assert run.id not in plane.state.runs
        (offer,) = plane.offers.outstanding("f1")
        assert sums(offer.slices)["cpus"] == 4000

    asyncio.run(story())


def test_what_one_refuses_goes_to_the_next():
    async def story():
        plane = await offering(bidder("a"), bidder("b"))
        (offer,) = plane.ear.offers["a"]
        plane.offers.decline("a", [offer.id, "unknown"], Micros(60 * SECOND))
        await settle(plane)
        assert plane.offers.offers_on("n1") == []
        await interval(plane)
        assert [offer.bidder for offer in plane.offers.offers_on("n1")] == ["b"]
        plane.offers.decline("b", [plane.ear.offers["b"][0].id], Micros(0))
        await interval(plane)
        assert [offer.bidder for offer in plane.offers.offers_on("n1")] == ["b"]
        plane.offers.revive("a")
        plane.offers.withdraw("b")
        await settle(plane)
        assert [offer.bidder for offer in plane.offers.offers_on("n1")] == ["a"]

    asyncio.run(story())


def test_a_suppressed_bidder_gets_nothing_until_it_revives():
    async def story():
        plane = await offering(bidder(suppressed=frozenset({"ads"})))
        assert plane.ear.offers == {}
        plane.offers.revive("f1")
        await settle(plane)
        (offer,) = plane.offers.outstanding("f1")
        plane.offers.suppress("f1")
        plane.offers.decline("f1", [offer.id], Micros(0))
        await interval(plane)
        assert plane.offers.outstanding("f1") == []
        with pytest.raises(NotFound):
            plane.offers.revive("nobody")

    asyncio.run(story())


def test_work_of_other_doors_takes_offered_space_and_the_offer_is_rescinded():
    async def story():
        plane = await offering(bidder())
        (offer,) = plane.ear.offers["f1"]
        run = waiting_run(plane, cpus=1000)
        await settle(plane)
        plane.offers.settle()
        assert plane.state.runs[run].state is RunState.LAUNCHING
        assert plane.ear.rescinded == [("f1", offer.id)]
        await settle(plane)
        assert sums(plane.offers.outstanding("f1")[0].slices)["cpus"] == 3000
        with pytest.raises(InvalidOffers):
            plane.offers.take("f1", [offer.id])

    asyncio.run(story())


def test_an_offer_that_no_longer_fits_cannot_be_taken_even_before_anybody_noticed():
    async def story():
        plane = await offering(bidder())
        (offer,) = plane.ear.offers["f1"]
        waiting_run(plane, cpus=1000)
        plane.scheduling.make_pass()
        assert plane.offers.outstanding("f1") == [offer]
        with pytest.raises(InvalidOffers):
            plane.offers.take("f1", [offer.id])
        assert plane.ear.rescinded == [("f1", offer.id)]

    asyncio.run(story())


def test_only_the_newest_offers_go_and_only_as_many_as_needed():
    async def story():
        plane = await offering(bidder("a"), bidder("b"), bidder("c"))
        for name in ("a", "b"):
            (offer,) = plane.ear.offers[name]
            half = tuple(Slice(piece.kind, piece.amount // 2) for piece in offer.slices)
            launch(plane, offer, half, (), Micros(60 * SECOND))
            await interval(plane)
        await interval(plane)
        held = {offer.bidder: sums(offer.slices)["cpus"] for offer in plane.offers.offers_on("n1")}
        assert held == {"c": 1000}
        with plane.begin() as tx:
            tx.put(plane.state.nodes["n1"])
        plane.offers.settle()
        assert plane.ear.rescinded == []

    asyncio.run(story())


def test_offers_named_together_must_be_of_one_node_and_role():
    async def story():
        plane = await offering(bidder("a"))
        FakeNode(plane, "n2")
        await settle(plane)
        first, second = plane.offers.outstanding("a")
        for named in ([first.id, second.id], [first.id, first.id], [], ["no such"]):
            with pytest.raises(InvalidOffers):
                plane.offers.take("a", named)
            await interval(plane)
            first, second = plane.offers.outstanding("a")
        with pytest.raises(InvalidOffers):
            plane.offers.take("b", [first.id])
        assert plane.offers.outstanding("a") == [first, second]

    asyncio.run(story())


def test_a_node_that_cannot_be_used_loses_its_offers():
    async def story():
        plane = await offering(bidder())
        await plane.submit(DrainNode("n1"))
        plane.offers.settle()
        assert len(plane.ear.rescinded) == 1
        await interval(plane)
        assert plane.offers.outstanding("f1") == []
        await plane.submit(DrainNode("n1", drain=False))
        await settle(plane)
        assert len(plane.offers.outstanding("f1")) == 1
        plane.node.session.lost()
        await settle(plane)
        assert plane.offers.outstanding("f1") == []
        assert len(plane.ear.rescinded) == 2

    asyncio.run(story())


def test_offers_end_after_their_timeout():
    async def story():
        plane = await offering(bidder())
        plane.offers.settings = OfferSettings(timeout=Micros(3 * SECOND))
        (offer,) = plane.offers.outstanding("f1")
        await interval(plane, 2)
        assert plane.ear.rescinded == []
        await interval(plane, 2)
        assert plane.ear.rescinded == [("f1", offer.id)]
        assert len(plane.offers.outstanding("f1")) == 1

    asyncio.run(story())


def test_an_inactive_bidder_keeps_its_place_but_no_offers():
    async def story():
        plane = await offering(bidder())
        plane.offers.enlist(bidder(active=False))
        await settle(plane)
        assert plane.offers.offers_on("n1") == []
        assert plane.ear.rescinded == []
        plane.offers.enlist(bidder("f1", "ads", "web"))
        await settle(plane)
        assert len(plane.offers.outstanding("f1")) == 1
        plane.offers.enlist(bidder("f1", "other"))
        await settle(plane)
        assert len(plane.ear.rescinded) == 1
        assert [offer.role for offer in plane.offers.outstanding("f1")] == ["other"]

    asyncio.run(story())


def test_bidders_on_a_node_that_will_be_away_are_asked_to_leave():
    async def story():
        plane = await offering(bidder())
        launch(plane, plane.ear.offers["f1"][0], (ONE,), (), Micros(0))
        await interval(plane)
        plan = Unavailability(Instant(plane.clock.now() + 10 * SECOND), Micros(SECOND))
        with plane.begin() as tx:
            nodes.plan_unavailability(plane, tx, plane.state.nodes["n1"], plan)
        assert len(plane.ear.rescinded) == 1
        await interval(plane)
        assert plane.offers.outstanding("f1")[0].unavailability == plan
        (asked,) = plane.ear.inverse["f1"]
        assert (asked.node, asked.unavailability) == ("n1", plan)
        assert plane.offers.inverse.statuses("n1") == {"f1": InverseStatus.UNKNOWN}
        plane.offers.inverse.answer("f1", [asked.id, "x"], accepted=True)
        assert plane.offers.inverse.statuses("n1") == {"f1": InverseStatus.ACCEPTED}
        await interval(plane)
        assert len(plane.ear.inverse["f1"]) == 1
        await interval(plane, 6)
        assert len(plane.ear.inverse["f1"]) == 2
        with plane.begin() as tx:
            nodes.plan_unavailability(plane, tx, plane.state.nodes["n1"], None)
        assert plane.ear.inverse_rescinded == [("f1", plane.ear.inverse["f1"][1].id)]
        assert plane.offers.inverse.statuses("n1") == {}

    asyncio.run(story())


def test_what_a_bidder_that_is_gone_has_said_is_forgotten():
    async def story():
        plane = await offering(bidder())
        launch(plane, plane.ear.offers["f1"][0], (ONE,), (), Micros(0))
        plan = Unavailability(Instant(plane.clock.now() + 10 * SECOND), Micros(SECOND))
        with plane.begin() as tx:
            nodes.plan_unavailability(plane, tx, plane.state.nodes["n1"], plan)
        await interval(plane)
        (asked,) = plane.ear.inverse["f1"]
        plane.offers.inverse.answer("f1", [asked.id], accepted=False)
        plane.offers.enlist(bidder(active=False))
        assert plane.offers.inverse.statuses("n1") == {"f1": InverseStatus.DECLINED}
        plane.offers.withdraw("f1")
        assert plane.offers.inverse.statuses("n1") == {}

    asyncio.run(story())


def test_only_nodes_of_the_whitelist_are_offered():
    async def story():
        plane = await offering(bidder())
        plane.offers.settings = OfferSettings(whitelist=frozenset({"n2"}))
        FakeNode(plane, "n2")
        FakeNode(plane, "n3")
        for offer in plane.offers.outstanding("f1"):
            plane.offers.decline("f1", [offer.id], Micros(0))
        await interval(plane)
        await interval(plane)
        assert {offer.node for offer in plane.offers.outstanding("f1")} == {"n2"}

    asyncio.run(story())


def test_a_reservation_is_kept_from_other_doors_while_somebody_bids_for_it():
    async def story():
        plane = await offering(pools=[Pool(id="/mesos/ads", reservation={"cpus": 3000})])
        plane.offers.enlist(bidder())
        runs = [waiting_run(plane, cpus=1000) for _ in range(4)]
        await settle(plane)
        placed = [run for run in runs if plane.state.runs[run].node]
        assert len(placed) == 1
        plane.offers.suppress("f1")
        await settle(plane)
        assert all(plane.state.runs[run].node for run in runs)

    asyncio.run(story())


def test_a_limit_caps_what_is_offered():
    async def story():
        plane = await offering(bidder(), pools=[Pool(id="/mesos", limit={"cpus": 1500})])
        (offer,) = plane.ear.offers["f1"]
        assert sums(offer.slices)["cpus"] == 1500
        launch(plane, offer, (ONE,), (), Micros(0))
        await interval(plane)
        assert sums(plane.offers.outstanding("f1")[0].slices)["cpus"] == 500

    asyncio.run(story())


def test_pools_of_doors_outlast_a_new_configuration():
    async def story():
        plane = await offering(bidder(), pools=[Pool(id="/a"), Pool(id="/b", limit={"cpus": 1000})])
        with plane.begin() as tx:
            pools.set_quota(plane, tx, "/mesos/web", {"cpus": 1000}, origin="mesos")
            pools.set_weight(plane, tx, "/b", 2.5, origin="mesos")
        assert len(plane.ear.rescinded) == 1
        await settle(plane)
        again = make_plane(plane.store, plane.clock)
        again.start([], [Pool(id="/b"), Pool(id="/c")])
        assert set(again.state.pools) == {"/b", "/c", "/mesos/web"}
        assert again.state.pools["/b"].limit == {"cpus": 1000}
        assert again.state.pools["/b"].share["cpus"] == 2500
        with again.begin() as tx:
            pools.set_quota(again, tx, "/mesos/web", {}, origin="mesos")
        assert "/mesos/web" not in again.state.pools

    asyncio.run(story())


def test_rounds_come_by_themselves():
    async def story():
        plane = make_plane()
        plane.start([], [])
        plane.ear = Ear()
        heard = asyncio.Event()
        plane.ear.on_offers = lambda _bidder, _offers: heard.set()
        plane.offers.listeners.append(plane.ear)
        async with asyncio.TaskGroup() as group:
            loop = group.create_task(plane.offers.run())
            FakeNode(plane)
            await asyncio.sleep(0)
            plane.offers.enlist(bidder())
            await heard.wait()
            loop.cancel()

    asyncio.run(story())
