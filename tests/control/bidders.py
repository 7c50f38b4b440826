"""Bidders for tests: an ear that notes what it hears, and Runs launched from offers."""

from __future__ import annotations

import itertools

from harness import FakeNode, make_plane, settle

from portico.control.cluster import runs
from portico.domain.offers import REFUSE, Bidder
from portico.domain.reservations import Reservation, all_ports, without_ports
from portico.domain.runs import Claim, Run, RunSpec
from portico.domain.slices import Label, Slice, subtract_slices, sums

NUMBERS = itertools.count()


class Ear:
    def __init__(self):
        self.offers = {}
        self.rescinded = []
        self.inverse = {}
        self.inverse_rescinded = []

    def on_offers(self, bidder, offers):
        self.offers.setdefault(bidder, []).extend(offers)

    def on_rescinded(self, bidder, offer):
        self.rescinded.append((bidder, offer))

    def on_inverse_offers(self, bidder, offers):
        self.inverse.setdefault(bidder, []).extend(offers)

    def on_inverse_rescinded(self, bidder, offer):
        self.inverse_rescinded.append((bidder, offer))


def bidder(name="f1", *roles, **said):
    roles = roles or ("ads",)
    return Bidder(id=name, pools={role: f"/mesos/{role}" for role in roles}, **said)


async def offering(*bidders, pools=(), **node):
    """A plane with one node and some bidders; their first offers are made."""
    plane = make_plane()
    plane.start([], list(pools))
    plane.ear = Ear()
    plane.offers.listeners.append(plane.ear)
    for one in bidders:
        plane.offers.enlist(one)
    plane.node = FakeNode(plane, **node)
    await settle(plane)
    return plane


async def interval(plane, seconds=1.0):
    """Let an interval pass."""
    plane.clock.advance(seconds)
    plane.offers.tick()
    await settle(plane)


def launch(plane, offer, slices=None, ports=None, refuse=REFUSE):
    """Take an offer, launch one Run on a part of it, give the rest back."""
    (taken,) = plane.offers.take(offer.bidder, [offer.id])
    slices = taken.slices if slices is None else slices
    ports = taken.ports if ports is None else ports
    run = Run(
        id=f"r{next(NUMBERS)}",
        door="mesos",
        pool=taken.pool,
        job=taken.bidder,
        spec=RunSpec(argv=("x",)),
        amounts=sums(slices),
        created_at=plane.clock.now(),
    )
    with plane.begin() as tx:
        (launched,) = runs.launch_claimed(plane, tx, (run, Claim(taken.node, slices, all_ports(ports))))
    rest = subtract_slices(taken.slices, slices)
    plane.offers.give_back(taken.node, taken.bidder, taken.role, rest, without_ports(taken.ports, ports), refuse)
    return launched


def waiting_run(plane, pool="/jobv1", **amounts):
    """Let a plain Run of another door wait."""
    run = Run(
        id=f"r{next(NUMBERS)}",
        door="jobv1",
        pool=pool,
        spec=RunSpec(argv=("x",)),
        amounts=amounts,
        created_at=plane.clock.now(),
    )
    with plane.begin() as tx:
        runs.create_run(plane, tx, run)
    return run.id


def dynamic(role="ads", **said):
    return Reservation(role, dynamic=True, **said).text


def reserved(kind, amount, role="ads", **said):
    return Slice(kind, amount, Label(dynamic(role), **said))


def free(plane, node="n1"):
    return {(piece.kind, piece.label): piece.amount for piece in plane.capacity.free_slices(node)}
