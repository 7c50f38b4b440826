"""Offers: what bidders are shown of the free space, and what becomes of it.

Owns the bidders, the outstanding offers, the filters and the rounds of allocation; all of it is soft state, lost with
the server. Offered space is charged nowhere: placements of other doors go first, and offers that no longer fit are
rescinded, the newest first and only as many as needed. Promises: what `take` gives is free at that moment, so a caller
that turns it into Claims in the same step over-claims nothing.

Everything happens on the loop. A round over many nodes is cut into slices of `SLICE` nodes; each slice reads the ledger
as it is then and enters its offers in the same step, so nothing has to be checked again and no step is long.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from portico.control.cluster.bidding import Bidding
from portico.control.cluster.filters import Filters, Seen
from portico.control.cluster.inverse import InverseOffers
from portico.control.cluster.market import make_market
from portico.control.cluster.offer_book import OfferBook
from portico.control.cluster.offer_checks import OfferListener, misfit, overdrawn, seen_by, stands
from portico.control.cluster.rounds import Round
from portico.deciding.offers import Market
from portico.domain.errors import NotFound
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.offers import REFUSE, Bidder, InvalidOffers, Offer
from portico.domain.reservations import LabelledPorts, NodeReservations
from portico.domain.resources import Amounts
from portico.domain.slices import Slices, plain_sums

if TYPE_CHECKING:
    from portico.control.plane import Plane

PAUSE_BETWEEN_ROUNDS = 0.05
"""Seconds; events that come faster share a round."""

MOST_AT_ONCE = 500
"""Nodes looked at in one step after a change; the others are looked at in the next one, or when an offer is taken."""


class OfferSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How offers are made: `timeout` 0 keeps them until something else ends them; `whitelist` None is every node.

    `reserved` says by node what the configuration keeps for roles there, `disks` what disk it has besides its common
    one (Slices with a source), `oversubscribe` which part (in thousandths) of what is claimed and not used there is
    lent as revocable space.
    """

    interval: Micros = SECOND
    timeout: Micros = Micros(0)
    whitelist: frozenset[str] | None = None
    reserved: dict[str, NodeReservations] = {}
    disks: dict[str, Slices] = {}
    oversubscribe: dict[str, int] = {}


class Offers:
    """One per plane."""

    def __init__(self, plane: Plane, settings: OfferSettings) -> None:
        self._plane = plane
        self.settings = settings
        self.prefix = ""
        """What offer ids begin with; differs in each life of the server, so that an id is never used twice."""
        self.listeners: list[OfferListener] = []
        self.gate: Callable[[str], bool] | None = None
        """Tells whether bidders could use a node at all; asked before each round."""
        self.bidding = Bidding(self._count)
        self.book = OfferBook(plane.capacity.labelled.shared)
        self.filters = Filters(self._see)
        self.inverse = InverseOffers(plane, self)
        self._numbers = itertools.count()
        self._wanted = asyncio.Event()
        self._due: set[str] = set()
        self._later: set[str] = set()
        self._everywhere = False
        self._market: Market | None = None

    # ---- bidders -----------------------------------------------------------------------------------------------

    def enlist(self, bidder: Bidder) -> None:
        """Let someone bid, or replace what is known of a bidder; filters of roles it keeps stay."""
        former = self.bidding.bidders.get(bidder.id)
        for role in (former.pools.keys() if former is not None else set()) - bidder.pools.keys():
            self.filters.forget_seat(bidder.id, role)
        self.bidding.bidders[bidder.id] = bidder
        for offer in self.outstanding(bidder.id):
            if not bidder.active or bidder.pools.get(offer.role) != offer.pool:
                self._strike(offer.id, told=bidder.active)
        if not bidder.active:
            self.inverse.forget(bidder.id)
        self.want(everywhere=True)

    def withdraw(self, bidder: str) -> None:
        """Forget a bidder, its offers and its filters; nobody is told. Its Runs are the caller's to end."""
        former = self.bidding.bidders.pop(bidder, None)
        if former is None:
            return
        self._market = None
        for offer in self.outstanding(bidder):
            self._strike(offer.id, told=False)
        for role in former.pools:
            self.filters.forget_seat(bidder, role)
        self.inverse.withdraw(bidder)
        self.bidding.forget(bidder)
        self.want()

    def bidder(self, identity: str) -> Bidder:
        """Give what is known of a bidder; raises NotFound."""
        found = self.bidding.bidders.get(identity)
        if found is None:
            raise NotFound(f"no bidder {identity}")
        return found

    def suppress(self, bidder: str, roles: Iterable[str] = ()) -> None:
        """Make no offers for these roles (none named: all) until `revive`; outstanding ones stay."""
        known = self.bidder(bidder)
        named = frozenset(roles) or frozenset(known.pools)
        self._replace(known, suppressed=known.suppressed | (named & known.pools.keys()))

    def revive(self, bidder: str, roles: Iterable[str] = ()) -> None:
        """Drop all filters of these roles (none named: all), make offers for them again, and soon."""
        known = self.bidder(bidder)
        named = frozenset(roles) or frozenset(known.pools)
        for role in named & known.pools.keys():
            self.filters.clear(bidder, role)
        self.inverse.clear_filters(bidder)
        self._replace(known, suppressed=known.suppressed - named)
        self.want(everywhere=True)

    def _replace(self, bidder: Bidder, *, suppressed: frozenset[str]) -> None:
        self.bidding.bidders[bidder.id] = msgspec.structs.replace(bidder, suppressed=suppressed)
        self._market = None
        self._plane.scheduling.want()

    # ---- offers ------------------------------------------------------------------------------------------------

    def outstanding(self, bidder: str) -> list[Offer]:
        """Give a bidder's offers, oldest first."""
        return list(self.book.by_bidder.get(bidder, {}).values())

    def offers_on(self, node: str) -> list[Offer]:
        """Give the offers of a node, oldest first."""
        return list(self.book.by_node.get(node, {}).values())

    def take(self, bidder: str, identities: Sequence[str]) -> tuple[Offer, ...]:
        """Take offers of one node and role out of the book, to use them now; what is not used must be given back.

        Raises InvalidOffers when one is not (or no longer) the bidder's, is named twice, or they are of different nodes
        or roles; the bidder's own among them are given back then.
        """
        for node in {self.book.offers[one].node for one in identities if one in self.book.offers}:
            self._check(node)
        own = self.book.by_bidder.get(bidder, {})
        found = [own[identity] for identity in dict.fromkeys(identities) if identity in own]
        for offer in found:
            self._remove(offer.id)
        problem = misfit(found, identities)
        if problem:
            self._later.update(offer.node for offer in found)
            raise InvalidOffers(problem)
        return tuple(found)

    def give_back(
        self,
        node: str,
        bidder: str,
        role: str,
        slices: Slices,
        ports: LabelledPorts,
        refuse: Micros = REFUSE,
    ) -> None:
        """Return what was taken and not used; `refuse` 0 sets no filter, else it lasts an interval at least.

        Space comes into offers again with the next interval, not at once.
        """
        self._later.add(node)
        known = self.bidding.bidders.get(bidder)
        if refuse > 0 and (slices or ports) and known is not None and role in known.pools and self._has(node):
            until = Instant(self._plane.clock.now() + max(refuse, self.settings.interval))
            self.filters.add(bidder, role, node, (slices, ports), until)

    def decline(self, bidder: str, identities: Iterable[str], refuse: Micros = REFUSE) -> None:
        """Return offers unused; ids that are not the bidder's are ignored."""
        own = self.book.by_bidder.get(bidder, {})
        for identity in dict.fromkeys(identities):
            if identity in own:
                offer = self._remove(identity)
                self.give_back(offer.node, bidder, offer.role, offer.slices, offer.ports, refuse)

    def rescind(self, identity: str) -> None:
        """Take an offer back and tell its bidder."""
        self._strike(identity, told=True)

    def rescind_everything(self) -> None:
        """Take all offers back, because the rules by which they were made have changed."""
        for identity in list(self.book.offers):
            self._strike(identity, told=True)
        self.want(everywhere=True)

    def rescind_for(self, pool: str, amounts: Amounts) -> None:
        """Take offers of other pools back, the newest first, until they make up these amounts."""
        lacking = dict(amounts)
        for offer in reversed(list(self.book.offers.values())):
            if not lacking:
                break
            plain = plain_sums(offer.slices)
            if offer.pool == pool or not lacking.keys() & plain.keys():
                continue
            self._strike(offer.id, told=True)
            lacking = {kind: left for kind, amount in lacking.items() if (left := amount - plain.get(kind, 0)) > 0}
        self.want(everywhere=True)

    def _strike(self, identity: str, *, told: bool) -> None:
        offer = self._remove(identity)
        self._due.add(offer.node)
        if told:
            for listener in self.listeners:
                listener.on_rescinded(offer.bidder, identity)

    def _remove(self, identity: str) -> Offer:
        offer = self.book.remove(identity)
        self._count(offer.bidder, offer.pool, offer.slices, -1)
        return offer

    def _count(self, bidder: str, pool: str, slices: Slices, sign: int) -> None:
        if self._market is not None:
            self._market.count(bidder, pool, slices, sign)

    # ---- what changes around them --------------------------------------------------------------------------------

    def settle(self) -> None:
        """Take note of what has changed: rescind what no longer fits, and remember where there is more to offer."""
        touched = self._plane.capacity.touched
        if not touched:
            return
        for node in list(itertools.islice(touched, MOST_AT_ONCE)):
            self._look_at(node)
        if touched:
            self._wanted.set()
        self.want()

    def recheck(self, node: str) -> None:
        """Take note of what has changed on one node now."""
        self._look_at(node)
        self.want()

    def _look_at(self, node: str) -> None:
        grown = self._plane.capacity.touched.pop(node, False)
        if not self._has(node):
            self.filters.forget_node(node)
        self.filters.changed(node)
        self._check(node)
        if grown:
            self._due.add(node)

    def want(self, *, everywhere: bool = False) -> None:
        """Ask for a round soon, over the nodes where there is something new, or over all."""
        self._everywhere = self._everywhere or everywhere
        if everywhere:
            self._market = None
        if (self._due or self._everywhere) and self.bidding.bidders:
            self._wanted.set()

    def wishes(self) -> dict[str, dict[str, int]]:
        """Give what pools want beyond what they have, because someone bids for them and they have a reservation."""
        return self.bidding.wishes(self._plane.state.pools, self._plane.capacity.allocation)

    def usable(self, node: str) -> bool:
        """Tell whether space of the node may be offered at all."""
        matrix = self._plane.capacity.matrix
        return node in matrix and bool(matrix.schedulable[matrix.row(node)])

    def _has(self, node: str) -> bool:
        return node in self._plane.capacity.matrix

    def _check(self, node: str) -> None:
        """Rescind the offers on a node that no longer fit what is free, or all when it cannot be used any more."""
        offers = self.book.by_node.get(node)
        if not offers:
            return
        record = self._plane.state.nodes.get(node)
        if record is None or not self.usable(node):
            for identity in list(offers):
                self._strike(identity, told=True)
            return
        lacking = overdrawn(self._plane, self.book, node)
        for offer in reversed(list(offers.values())):
            if not stands(self._plane, self.book, offer, record, lacking):
                self._strike(offer.id, told=True)
                lacking = overdrawn(self._plane, self.book, node)

    def _see(self, bidder: str, role: str, node: str) -> Seen:
        return seen_by(self._plane.capacity, self.bidding.bidders[bidder], role, node)

    # ---- rounds --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Make rounds until cancelled: soon after something is wanted, and once in every interval."""
        loop = asyncio.get_running_loop()
        interval = self.settings.interval / SECOND
        next_tick = loop.time() + interval
        while True:
            await self._wait(next_tick - loop.time())
            began = loop.time()
            if began >= next_tick:
                self.tick()
                next_tick = began + interval
            for _ in self.round():
                await asyncio.sleep(0)
            await asyncio.sleep(max(PAUSE_BETWEEN_ROUNDS, loop.time() - began))

    async def _wait(self, seconds: float) -> None:
        if not self.bidding.bidders:
            await self._wanted.wait()
            return
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wanted.wait()
        except TimeoutError:
            return

    def tick(self) -> None:
        """Do what an interval brings: filters and offers end, what was given back comes up again, nodes empty."""
        now = self._plane.clock.now()
        self._market = None
        self._due |= self._later | self.filters.expire(now)
        self._later = set()
        if self.settings.timeout:
            self._time_out(Instant(now - self.settings.timeout))
        self.inverse.make()
        self.want()

    def _time_out(self, latest: Instant) -> None:
        for offer in list(itertools.takewhile(lambda offer: offer.at <= latest, self.book.offers.values())):
            self._strike(offer.id, told=True)

    def round(self) -> Iterator[None]:
        """Allocate what is due; each step is one slice, and between steps anything may change."""
        self._wanted.clear()
        self.settle()
        yield
        if not self._plane.started or not self.bidding.open_seats():
            return
        nodes = list(self._plane.state.nodes) if self._everywhere else sorted(self._due)
        self._due, self._everywhere = set(), False
        if self.gate is not None:
            shut = {node for node in nodes if not self.gate(node)}
            self._later |= shut
            nodes = [node for node in nodes if node not in shut]
        yield from Round(self._plane, self, nodes).steps()

    def market(self) -> Market:
        """Give who stands how; made anew when rules or bidders change and once in every interval, else kept up."""
        if self._market is None:
            self._market = make_market(self._plane, self)
        return self._market

    def enter(self, offers: Iterable[Offer]) -> None:
        """Note new offers and tell their bidders."""
        grouped: dict[str, list[Offer]] = {}
        for offer in offers:
            self.book.add(offer)
            self.bidding.serve(offer)
            grouped.setdefault(offer.bidder, []).append(offer)
        for bidder, group in grouped.items():
            for listener in self.listeners:
                listener.on_offers(bidder, group)

    def fresh_id(self, letter: str = "O") -> str:
        """Name a new offer; inverse ones bear another letter."""
        self.prefix = self.prefix or self._plane.ids.fresh()
        return f"{self.prefix}-{letter}{next(self._numbers)}"
