import asyncio

import pytest
from bidders import Ear, bidder, dynamic, free, interval, launch, offering, reserved, waiting_run
from harness import FakeNode, make_plane, settle

from portico.control.cluster import pools, reservations
from portico.control.cluster.offers import OfferSettings
from portico.control.cluster.reservations import VolumeWish
from portico.domain.errors import Conflict, Invalid, NotFound
from portico.domain.frames import KeepVolumes
from portico.domain.identity import SECOND, Micros
from portico.domain.nodes import Node, Pool
from portico.domain.reservations import NodeReservations, Reservation
from portico.domain.runs import RunState
from portico.domain.slices import PLAIN, Label, Slice, plain, sums

ADS = dynamic("ads")
PORTS = ((ADS, ((31000, 31001),)),)


def reserve(plane, slices, ports=(), node="n1"):
    with plane.begin() as tx:
        return reservations.reserve(plane, tx, node, slices, ports)


def unreserve(plane, slices, ports=()):
    with plane.begin() as tx:
        return reservations.unreserve(plane, tx, "n1", slices, ports)


def create(plane, *wishes, node="n1"):
    with plane.begin() as tx:
        return reservations.create_volumes(plane, tx, node, wishes)


def destroy(plane, *identities):
    with plane.begin() as tx:
        return reservations.destroy_volumes(plane, tx, "n1", identities)


def wish(name="data", size=500_000, **said):
    return VolumeWish(persistence=name, reservation=said.pop("reservation", ADS), size=size, **said)


def with_disk(plane, name="n2"):
    node = plane.state.nodes["n1"]
    with plane.begin() as tx:
        tx.put(
            Node(
                id="n1", capacity=plain({**sums(node.capacity), "disk": 1_000_000}), ports=node.ports, state=node.state
            )
        )


def test_reserved_space_is_gone_for_others_and_offered_to_its_role():
    async def story():
        plane = await offering(bidder("a", "ads"), bidder("w", "web"))
        held = plane.offers.offers_on("n1")
        reserve(plane, (reserved("cpus", 3000), reserved("mem", 1_000_000)), PORTS)
        assert plane.ear.rescinded == [(offer.bidder, offer.id) for offer in held]
        assert free(plane)["cpus", PLAIN] == 1000
        assert free(plane)["cpus", Label(ADS)] == 3000
        run = waiting_run(plane, cpus=2000)
        await settle(plane)
        assert plane.state.runs[run].state is RunState.WAITING
        for name in ("a", "w"):
            for offer in plane.offers.outstanding(name):
                kinds = {(piece.kind, piece.label.reservation) for piece in offer.slices}
                assert ((("cpus", ADS) in kinds) and ((ADS, ((31000, 31001),)) in offer.ports)) == (name == "a")
        unreserve(plane, (reserved("cpus", 3000), reserved("mem", 1_000_000)), PORTS)
        assert plane.state.nodes["n1"].reserved_ports == ()
        await settle(plane)
        assert plane.state.runs[run].state is RunState.LAUNCHING
        assert plane.capacity.free_ports("n1") == (("*", ((31000, 31009),)),)

    asyncio.run(story())


def test_what_an_offer_holds_can_be_reserved_by_its_taker():
    async def story():
        plane = await offering(bidder("a", "ads"))
        (offer,) = plane.ear.offers["a"]
        (taken,) = plane.offers.take("a", [offer.id])
        reserve(plane, (reserved("cpus", 4000),))
        assert plane.ear.rescinded == []
        plane.offers.give_back("n1", "a", "ads", taken.slices, taken.ports, Micros(60 * SECOND))
        await interval(plane)
        (again,) = plane.offers.outstanding("a")
        assert Slice("cpus", 4000, Label(ADS)) in again.slices

    asyncio.run(story())


def test_labelled_claims_are_counted_under_their_labels():
    async def story():
        plane = await offering(bidder("a", "ads"))
        reserve(plane, (reserved("cpus", 3000),))
        await settle(plane)
        (offer,) = plane.offers.outstanding("a")
        launch(plane, offer, (reserved("cpus", 1000), Slice("mem", 96_000)), ())
        assert free(plane)["cpus", Label(ADS)] == 2000
        assert free(plane)["cpus", PLAIN] == 1000
        assert plane.capacity.allocation["/mesos/ads"] == {"cpus": 1000, "mem": 96_000}
        with pytest.raises(Conflict):
            unreserve(plane, (reserved("cpus", 2500),))
        with pytest.raises(Conflict):
            reserve(plane, (reserved("cpus", 1500, role="web"),))
        with pytest.raises(NotFound):
            reserve(plane, (reserved("cpus", 1),), node="nowhere")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("slices", "ports"),
    [
        ((), ()),
        ((Slice("cpus", 1000),), ()),
        ((reserved("cpus", 0),), ()),
        ((reserved("cpus", 10, volume="v"),), ()),
        ((reserved("cpus", 10, revocable=True),), ()),
        ((Slice("cpus", 10, Label(Reservation("ads").text)),), ()),
        ((), ((Reservation("ads").text, ((31000, 31000),)),)),
    ],
)
def test_what_cannot_be_reserved_is_refused_with_its_field(slices, ports):
    async def story():
        plane = await offering()
        for change in (reserve, unreserve):
            with pytest.raises(Invalid) as error:
                change(plane, slices, ports)
            assert error.value.field == "resources"

    asyncio.run(story())


def test_ports_are_reserved_only_while_free():
    async def story():
        plane = await offering()
        reserve(plane, (), PORTS)
        with pytest.raises(Conflict):
            reserve(plane, (), ((dynamic("web"), ((31001, 31002),)),))
        run = waiting_run(plane, cpus=1)
        await settle(plane)
        assert plane.state.runs[run].claim.ports == ()
        assert plane.capacity.take_ports("n1", 1) == ((31002, 31002),)

    asyncio.run(story())


def test_a_volume_is_made_used_and_destroyed():
    async def story():
        plane = await offering(bidder("a", "ads"))
        with_disk(plane)
        reserve(plane, (reserved("disk", 600_000),))
        (volume,) = create(plane, wish(principal="ops"))
        assert volume.path == "roles/ads/data"
        assert volume.principal == "ops"
        assert sums(plane.state.nodes["n1"].capacity)["disk"] == 1_000_000
        plane.offers.rescind_everything()
        await settle(plane)
        (offer,) = plane.offers.outstanding("a")
        assert volume.slice in offer.slices
        launch(plane, offer, (Slice("cpus", 1000), volume.slice), (), Micros(0))
        with pytest.raises(Invalid):
            destroy(plane, volume.id)
        await interval(plane)
        (offer,) = plane.offers.outstanding("a")
        assert volume.slice not in offer.slices
        await settle(plane)
        (order,) = plane.node.orders
        plane.node.started(order)
        plane.node.ended(order)
        await settle(plane)
        with pytest.raises(Invalid):
            unreserve(plane, (volume.slice,))
        assert destroy(plane, volume.id) == [volume]
        assert plane.state.volumes == {}
        assert free(plane)["disk", Label(ADS)] == 600_000

    asyncio.run(story())


def test_a_shared_volume_stays_on_offer_while_it_is_used_until_it_is_destroyed():
    async def story():
        plane = await offering(bidder("a", "ads", shared=True), bidder("b", "ads"))
        with_disk(plane)
        reserve(plane, (reserved("disk", 600_000),))
        (volume,) = create(plane, wish(shared=True))
        plane.offers.withdraw("b")
        await settle(plane)
        (offer,) = plane.offers.outstanding("a")
        launch(plane, offer, (Slice("cpus", 1000), volume.slice), (), Micros(0))
        await interval(plane)
        (offer,) = plane.offers.outstanding("a")
        assert volume.slice in offer.slices
        launch(plane, offer, (Slice("cpus", 1000), volume.slice), (), Micros(0))
        assert plane.capacity.labelled.users(volume.id) == 2
        await interval(plane)
        await settle(plane)
        for order in plane.node.orders:
            plane.node.started(order)
            plane.node.ended(order)
        await settle(plane)
        held = plane.offers.outstanding("a")
        plane.ear.rescinded.clear()
        destroy(plane, volume.id)
        gone = {offer.id for offer in held if volume.slice in offer.slices}
        assert gone
        assert gone <= {identity for _, identity in plane.ear.rescinded}

    asyncio.run(story())


@pytest.mark.parametrize(
    "wishes",
    [
        (),
        (wish(reservation="*"),),
        (wish(size=0),),
        (wish(""),),
        (wish(".."),),
        (wish("a/b"),),
        (wish("a\n"),),
        (wish(), wish()),
    ],
)
def test_what_cannot_be_a_volume_is_refused(wishes):
    async def story():
        plane = await offering()
        with_disk(plane)
        reserve(plane, (reserved("disk", 600_000),))
        with pytest.raises(Invalid):
            create(plane, *wishes)
        with pytest.raises(Conflict):
            create(plane, wish(size=600_001))
        with pytest.raises(Invalid):
            destroy(plane, "unknown")
        with pytest.raises(Invalid):
            destroy(plane)
        assert plane.state.volumes == {}

    asyncio.run(story())


def test_reservations_and_volumes_survive_the_server_and_the_agent():
    async def story():
        plane = await offering(bidder("a", "ads"))
        reserve(plane, (reserved("cpus", 3000), reserved("mem", 1_000_000)), PORTS)
        with plane.begin() as tx:
            pools.set_quota(plane, tx, "/mesos/ads", {"cpus": 1000}, origin="mesos")
        await settle(plane)
        again = make_plane(plane.store, plane.clock)
        again.start([], [])
        FakeNode(again)
        await settle(again)
        assert free(again) == free(plane)
        assert again.capacity.free_ports("n1") == plane.capacity.free_ports("n1")
        assert again.capacity.total == {"cpus": 4000, "mem": 4_096_000}

    asyncio.run(story())


def test_a_node_too_small_for_its_reservations_keeps_them_and_says_so():
    async def story():
        plane = await offering()
        reserve(plane, (reserved("cpus", 3000),))
        await settle(plane)
        FakeNode(plane, cpus=2)
        assert ("cpus", PLAIN) not in free(plane)
        assert free(plane)["cpus", Label(ADS)] == 3000
        assert "cpus" in plane.state.nodes["n1"].warnings[0]

    asyncio.run(story())


def test_static_reservations_come_with_the_node_and_go_with_the_configuration():
    static = Reservation("ads").text

    async def story():
        plane = make_plane()
        kept = NodeReservations((Slice("cpus", 1000, Label(static)),), ((static, ((31005, 31006),)),))
        plane.offers.settings = OfferSettings(reserved={"n1": kept})
        plane.start([], [])
        FakeNode(plane)
        assert free(plane)["cpus", Label(static)] == 1000
        assert free(plane)["cpus", PLAIN] == 3000
        assert plane.capacity.free_ports("n1") == (
            ("*", ((31000, 31004), (31007, 31009))),
            (static, ((31005, 31006),)),
        )
        with pytest.raises(Invalid):
            unreserve(plane, (Slice("cpus", 1000, Label(static)),))
        plane.offers.settings = OfferSettings()
        FakeNode(plane)
        assert free(plane)["cpus", PLAIN] == 4000

    asyncio.run(story())


def test_a_quota_rescinds_offers_to_fill_it():
    async def story():
        plane = await offering(bidder("w", "web"))
        with plane.begin() as tx:
            pools.set_quota(plane, tx, "/mesos/ads", {"cpus": 2000}, origin="mesos")
        assert len(plane.ear.rescinded) == 1

    asyncio.run(story())


PATH, MOUNT = Label(source="path:/d"), Label(source="mount:/m")
DISKS = (Slice("disk", 900_000, PATH), Slice("disk", 600_000, MOUNT))


async def with_disks(*bidders, disks=DISKS):
    plane = make_plane()
    plane.offers.settings = OfferSettings(disks={"n1": disks})
    plane.start([], [])
    plane.ear = Ear()
    plane.offers.listeners.append(plane.ear)
    for one in bidders:
        plane.offers.enlist(one)
    plane.node = FakeNode(plane, disk=100)
    await settle(plane)
    return plane


def on(label, amount, **said):
    return Slice("disk", amount, Label(dynamic(), source=label.source, **said))


def test_disks_beside_the_common_one_are_free_and_offered_under_their_own_name():
    async def story():
        plane = await with_disks(bidder())
        (offer,) = plane.offers.outstanding("f1")
        found = {piece.label.source: piece.amount for piece in offer.slices if piece.kind == "disk"}
        assert found == {"": 100_000, "path:/d": 900_000, "mount:/m": 600_000}
        assert plane.capacity.free_plain("n1")["disk"] == 100_000
        waiting = waiting_run(plane, disk=200_000)
        await settle(plane)
        assert plane.state.runs[waiting].state is RunState.WAITING

    asyncio.run(story())


def test_a_path_is_divided_and_a_mount_is_not():
    async def story():
        plane = await with_disks()
        reserve(plane, (on(PATH, 100_000),))
        assert free(plane)["disk", PATH] == 800_000
        with pytest.raises(Conflict, match="the disk /m cannot be divided"):
            reserve(plane, (on(MOUNT, 100_000),))
        reserve(plane, (on(MOUNT, 600_000),))
        with pytest.raises(Conflict, match="cannot be divided"):
            unreserve(plane, (on(MOUNT, 1000),))
        with pytest.raises(Conflict, match="cannot be divided"):
            create(plane, wish(size=599_999, source="mount:/m"))
        with pytest.raises(Conflict):
            create(plane, wish("a", 300_000, source="mount:/m"), wish("b", 300_000, source="mount:/m"))
        (whole,) = create(plane, wish(size=600_000, source="mount:/m"))
        (part,) = create(plane, wish("part", 50_000, source="path:/d"))
        assert (whole.folder, part.folder) == ("/m", "/d")
        assert sums(plane.state.nodes["n1"].capacity)["disk"] == 1_600_000
        destroy(plane, whole.id, part.id)
        unreserve(plane, (on(MOUNT, 600_000), on(PATH, 100_000)))
        assert free(plane)["disk", PATH] == 900_000
        assert free(plane)["disk", MOUNT] == 600_000

    asyncio.run(story())


def test_a_limit_of_a_pool_gives_a_mount_whole_or_not_at_all():
    async def story():
        for limit, expected in ((700_000, {100_000, 600_000}), (599_000, {100_000})):
            plane = await with_disks(disks=(Slice("disk", 600_000, MOUNT),))
            with plane.begin() as tx:
                tx.put(Pool(id="/mesos/ads", limit={"disk": limit}))
            plane.offers.enlist(bidder())
            await settle(plane)
            (offer,) = plane.offers.outstanding("f1")
            assert {piece.amount for piece in offer.slices if piece.kind == "disk"} == expected

    asyncio.run(story())


def test_volumes_on_disks_outlive_registrations_and_the_node_is_told_which_to_keep():
    async def story():
        plane = await with_disks()
        reserve(plane, (on(MOUNT, 600_000), on(PATH, 100_000)))
        (volume,) = create(plane, wish(size=600_000, source="mount:/m"))
        await settle(plane)
        back = FakeNode(plane, disk=100)
        await settle(plane)
        assert back.line.of(KeepVolumes) == [KeepVolumes({"": (), "/d": (), "/m": (volume.path,)})]
        assert free(plane)["disk", volume.label] == 600_000
        assert free(plane)["disk", PATH] == 800_000
        assert ("disk", MOUNT) not in free(plane)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("disks", "warned", "left"),
    [
        ((Slice("disk", 700_000, MOUNT),), "", {"": 100_000}),
        ((Slice("disk", 500_000, MOUNT),), "too small for what is reserved on it: disk /m", {"": 100_000}),
        ((), "too small for what is reserved on it: disk /m", {"": 100_000}),
        ((Slice("disk", 1000, PATH),), "too small for what is reserved on it: disk /m", {"": 100_000, "path:/d": 1000}),
    ],
)
def test_a_disk_that_changes_keeps_what_is_reserved_on_it_and_a_mount_is_not_divided(disks, warned, left):
    async def story():
        plane = await with_disks(disks=(Slice("disk", 600_000, MOUNT),))
        reserve(plane, (on(MOUNT, 600_000),))
        plane.offers.settings = OfferSettings(disks={"n1": disks})
        FakeNode(plane, disk=100)
        await settle(plane)
        assert "; ".join(plane.state.nodes["n1"].warnings) == warned
        assert free(plane)["disk", Label(dynamic(), source="mount:/m")] == 600_000
        unreserved = {
            label.source: amount
            for (kind, label), amount in free(plane).items()
            if (kind, label.reservation) == ("disk", "*")
        }
        assert unreserved == left

    asyncio.run(story())
