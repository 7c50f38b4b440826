"""Bidders of a simulated world: they take offers, late or twice, launch Runs on parts of them, refuse, reserve and go."""

from __future__ import annotations

import random

from portico.control.cluster import reservations, runs
from portico.domain.errors import PorticoError
from portico.domain.identity import SECOND, Micros
from portico.domain.offers import Bidder, InvalidOffers
from portico.domain.reservations import Reservation, all_ports, without_ports
from portico.domain.runs import AbsencePolicy, Claim, Run, RunSpec
from portico.domain.slices import PLAIN, Label, Slice, subtract_slices, sums

ROLES = ("ads", "web")


class SimulatedBidders:
    """Two bidders in two roles, with a source of their own so that worlds without them stay as they are."""

    def __init__(self, world):
        self._world = world
        self._source = random.Random(f"bidders {world.seed}")
        self._names = [f"f{number}" for number in range(2)]
        self.launched = set()
        self.taken = 0
        self.stale = 0

    def find(self, plane):
        """Begin to bid with a new server."""
        plane.offers.listeners.append(self)
        for name in self._names:
            self._enlist(plane, name)

    def _enlist(self, plane, name):
        plane.offers.enlist(Bidder(id=name, pools={role: f"/mesos/{role}" for role in ROLES}, shared=True))

    # ---- what is heard -----------------------------------------------------------------------------------------

    def on_offers(self, _bidder, offers):
        for offer in offers:
            self._later(self._answer, offer)
            if self._source.random() < 0.1:
                self._later(self._answer, offer)

    def on_rescinded(self, _bidder, _offer):
        pass

    def on_inverse_offers(self, bidder, offers):
        self._world.plane.offers.inverse.answer(bidder, [offer.id for offer in offers], accepted=True)

    def on_inverse_rescinded(self, _bidder, _offer):
        pass

    def _later(self, act, *arguments):
        plane = self._world.plane
        self._world.loop.call_later(self._source.random() * 2, self._if_alive, plane, act, *arguments)

    def _if_alive(self, plane, act, *arguments):
        if plane is self._world.plane and plane is not None:
            act(plane, *arguments)

    # ---- what is done --------------------------------------------------------------------------------------------

    def _answer(self, plane, offer):
        choice = self._source.random()
        refuse = Micros(self._source.choice([0, 2, 10]) * SECOND)
        if choice < 0.25 or self._world.healing:
            plane.offers.decline(offer.bidder, [offer.id], refuse)
        elif choice < 0.85:
            self._accept(plane, offer, refuse)
        elif choice < 0.95:
            self._go_away(plane, offer.bidder)

    def _accept(self, plane, offer, refuse):
        try:
            (taken,) = plane.offers.take(offer.bidder, [offer.id])
        except InvalidOffers:
            self.stale += 1
            return
        self.taken += 1
        slices, ports = taken.slices, taken.ports
        if self._source.random() < 0.2:
            slices = self._reserve(plane, taken)
        for _ in range(self._source.randint(1, 2)):
            used = self._part(slices)
            numbers = tuple((text, ranges[:1]) for text, ranges in ports[:1])
            self._launch(plane, taken, used, numbers)
            slices, ports = subtract_slices(slices, used), without_ports(ports, numbers)
        plane.offers.give_back(taken.node, taken.bidder, taken.role, slices, ports, refuse)

    def _part(self, slices):
        """A part of what is left: some of each amount, volumes whole."""
        chosen = []
        for piece in slices:
            part = piece.amount if piece.label.volume else self._source.randint(0, piece.amount // 2)
            if part:
                chosen.append(Slice(piece.kind, part, piece.label))
        return tuple(chosen)

    def _launch(self, plane, taken, slices, ports):
        if not slices:
            return
        run = Run(
            id=f"t{self._source.getrandbits(64):x}",
            door="mesos",
            pool=taken.pool,
            job=taken.bidder,
            spec=RunSpec(argv=("task",)),
            amounts=sums(slices),
            created_at=plane.clock.now(),
            absence=AbsencePolicy(Micros(40 * SECOND), lose=True),
        )
        with plane.begin() as tx:
            runs.launch_claimed(plane, tx, (run, Claim(taken.node, slices, all_ports(ports))))
        self.launched.add(run.id)

    def _reserve(self, plane, taken):
        """Reserve a part of the offer for its role, or give reserved space back."""
        label = Label(Reservation(taken.role, dynamic=True).text)
        moved = [Slice(piece.kind, piece.amount // 4, label) for piece in taken.slices if piece.label == PLAIN]
        moved = tuple(piece for piece in moved if piece.amount)
        kept = tuple(piece for piece in taken.slices if piece.label == label)
        try:
            with plane.begin() as tx:
                if kept:
                    reservations.unreserve(plane, tx, taken.node, kept)
                    before, after = kept, tuple(Slice(piece.kind, piece.amount) for piece in kept)
                elif moved:
                    reservations.reserve(plane, tx, taken.node, moved)
                    before, after = tuple(Slice(piece.kind, piece.amount) for piece in moved), moved
                else:
                    return taken.slices
        except PorticoError as error:
            raise AssertionError(f"what was taken cannot be relabelled: {error}") from error
        return subtract_slices((*taken.slices, *after), before)

    def _go_away(self, plane, name):
        choice = self._source.random()
        if name not in plane.offers.bidding.bidders:
            return
        if choice < 0.4:
            plane.offers.suppress(name, [self._source.choice(ROLES)])
        else:
            plane.offers.withdraw(name)
        self._later(self._come_back, name)

    def _come_back(self, plane, name):
        if name not in plane.offers.bidding.bidders:
            self._enlist(plane, name)
        else:
            plane.offers.revive(name)
