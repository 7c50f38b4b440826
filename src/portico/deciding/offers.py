"""Who is offered what: one round of allocation over the free space of nodes.

Owns the decision only, in two stages. `serve_quotas` gives whole nodes to pools whose guarantee is not met, in the
order of their shares, until one guaranteed kind is met. `serve_all` gives what remains to everybody by dominant
resource fairness, keeping back what guarantees still lack; pools with a guarantee get only what is reserved for them.

Promises: never offers more of a node than is free, never to a seat that is filtered there, never beyond the limit of a
pool or of one above it; a shared volume once in a round. The order of the nodes is the caller's and should be random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from portico.deciding.fairness import PoolStanding, Ranking, Seat, subtree_sums
from portico.domain.nodes import lineage
from portico.domain.reservations import role_of
from portico.domain.resources import CPUS, MEM, Amounts, subtract
from portico.domain.slices import PLAIN, UNRESERVED, Slice, Slices, normalise, subtract_slices, sums
from portico.domain.slices import plain as plain_slices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portico.deciding.columns import Bools

LEAST_CPUS = 10
LEAST_MEM = 32_000
"""Space with less than 0.01 cpus and less than 32 MB of memory is not worth an offer."""


_NOTHING: Amounts = {}


class Space(msgspec.Struct, frozen=True, eq=False):
    """What may be offered of one node: plain amounts, labelled Slices, and whether the node has GPUs at all.

    `blocked` says by slot which seats refuse it; None when none does.
    """

    node: str
    plain: Amounts
    labelled: Slices = ()
    gpus: bool = False
    blocked: Bools | None = None


class Grant(msgspec.Struct, frozen=True):
    """One offer to make."""

    bidder: str
    role: str
    pool: str
    node: str
    slices: Slices


class Market:
    """The state of one round; spaces may be served in several calls.

    `available` sums what may be offered on all nodes of each plain kind, `kept` is what of it must stay free for work
    that waits with a right to it, `shared` names the shared volumes. A pool's guarantee counts while it has a seat.
    """

    def __init__(
        self,
        seats: Sequence[Seat],
        pools: Mapping[str, PoolStanding],
        total: Amounts,
        *,
        available: Amounts,
        kept: Amounts = _NOTHING,
        shared: frozenset[str] = frozenset(),
    ) -> None:
        self.ranking = Ranking(seats, pools, total)
        self.seats = self.ranking.seats
        self._total = total
        self._available = dict(available)
        self._kept = dict(kept)
        self._shared = shared
        self._offered_shared: set[str] = set()
        self._used = subtree_sums({path: pool.allocated for path, pool in pools.items()})
        self._limits = {path: pool.limit for path, pool in pools.items() if pool.limit}
        self._lineages = {path: lineage(path) for path in {seat.pool for seat in self.seats}}
        self._guarantees = {
            path: pool.guarantee for path, pool in pools.items() if pool.guarantee and path in self._lineages
        }
        self._had = {path: subtract(pools[path].allocated, pools[path].revocable) for path in self._guarantees}
        self._positions = {(seat.bidder, seat.pool): at for at, seat in enumerate(self.seats)}
        self._columns = _Columns(self.seats, self._guarantees)
        self._plain_slices: dict[tuple[tuple[str, int], ...], Slices] = {}

    @property
    def has_quotas(self) -> bool:
        """Tell whether the first stage has anybody to serve."""
        return bool(self._guarantees)

    # ---- the two stages ----------------------------------------------------------------------------------------

    def serve_quotas(self, spaces: Iterable[Space]) -> list[Grant]:
        """Give whole nodes to pools whose guarantee is not met in any kind yet."""
        grants: list[Grant] = []
        for space in spaces:
            rest = _Rest(space)
            opened = self._columns.open(space)
            for path in sorted(self._guarantees, key=self._quota_order):
                if self._in_need(path):
                    self._serve_pool(path, rest, opened, grants)
        return grants

    def serve_all(self, spaces: Iterable[Space]) -> list[Grant]:
        """Give what remains to everybody, by shares, less what is kept back."""
        grants: list[Grant] = []
        ceiling = self._ceiling()
        by_shares_alone = not (ceiling or self._limits or self._guarantees)
        for space in spaces:
            if by_shares_alone and not space.labelled:
                self._serve_whole(space, grants)
            else:
                self._serve_space(space, ceiling, grants)
        return grants

    def _serve_whole(self, space: Space, grants: list[Grant]) -> None:
        """The same as `_serve_space` where nothing but shares decides; nearly all spaces are of this sort."""
        position = self.ranking.pick(self._columns.open(space)) if worth_offering(space.plain) else -1
        if position >= 0:
            seat = self.seats[position]
            self.ranking.serve(position, space.plain)
            grants.append(Grant(seat.bidder, seat.role, seat.pool, space.node, self._as_slices(space.plain)))

    def _serve_pool(self, path: str, rest: _Rest, opened: Bools, grants: list[Grant]) -> None:
        group = self.ranking.role_groups[path]
        within = opened.copy()
        while (position := self.ranking.pick_within(group, within)) >= 0:
            seat = self.seats[position]
            within[position] = False
            visible = [piece for piece in self._visible(seat, rest) if not piece.label.revocable]
            given = self._fit(seat, rest.plain, visible)
            if given:
                grants.append(self._grant(position, rest, given))
                return
            within &= self._columns.kinds != self._columns.kinds[position]

    def _serve_space(self, space: Space, ceiling: dict[str, int], grants: list[Grant]) -> None:
        rest = _Rest(space)
        opened = self._columns.open(space)
        while True:
            plain = _lesser(rest.plain, ceiling) if ceiling else rest.plain
            plain_worth = worth_offering(plain)
            position = self.ranking.pick(self._interested(opened, rest, plain_worth=plain_worth))
            if position < 0:
                return
            seat = self.seats[position]
            bare = seat.pool not in self._guarantees
            given = self._fit(seat, plain if bare and plain_worth else _NOTHING, self._visible(seat, rest))
            if not given:
                opened &= self._columns.kinds != self._columns.kinds[position]
                continue
            grants.append(self._grant(position, rest, given))
            for piece in given:
                if piece.label == PLAIN and piece.kind in ceiling:
                    ceiling[piece.kind] -= piece.amount
            if rest.empty:
                return
            opened[position] = False

    # ---- what a seat may have ------------------------------------------------------------------------------------

    def _interested(self, opened: Bools, rest: _Rest, *, plain_worth: bool) -> Bools:
        """Leave the seats that could be given something of what is left."""
        if plain_worth and not self._guarantees:
            return opened
        wanting = self._columns.bare.copy() if plain_worth else np.zeros_like(opened)
        for role in rest.roles():
            wanting |= self._columns.revocable if role == UNRESERVED else self._columns.of_role(role)
        return opened & wanting

    def _visible(self, seat: Seat, rest: _Rest) -> list[Slice]:
        return [
            piece
            for piece in rest.labelled
            if role_of(piece.label.reservation) in {UNRESERVED, seat.role}
            and (seat.revocable or not piece.label.revocable)
            and self._volume_goes_to(seat, piece.label.volume)
        ]

    def _volume_goes_to(self, seat: Seat, volume: str) -> bool:
        return volume not in self._shared or (seat.shared and volume not in self._offered_shared)

    def _fit(self, seat: Seat, plain: Amounts, labelled: Sequence[Slice]) -> Slices:
        """Give what of the space is within every limit above the seat, or nothing when it is not worth an offer."""
        room = self._room(seat.pool)
        if not room and not labelled:
            return self._as_slices(plain) if worth_offering(plain) else ()
        chosen: list[Slice] = []
        for piece in (*labelled, *(Slice(kind, amount) for kind, amount in plain.items())):
            amount = min(piece.amount, room.get(piece.kind, piece.amount))
            if amount <= 0 or (amount < piece.amount and (piece.label.volume or piece.label.whole)):
                continue
            if piece.kind in room:
                room[piece.kind] -= amount
            chosen.append(piece if amount == piece.amount else Slice(piece.kind, amount, piece.label))
        return normalise(chosen) if worth_offering(sums(chosen)) else ()

    def _room(self, path: str) -> dict[str, int]:
        room: dict[str, int] = {}
        if self._limits:
            for above in self._lineages[path]:
                used = self._used.get(above, _NOTHING)
                for kind, limit in self._limits.get(above, _NOTHING).items():
                    left = limit - used.get(kind, 0)
                    room[kind] = min(left, room.get(kind, left))
        return room

    def _as_slices(self, plain: Amounts) -> Slices:
        key = tuple(plain.items())
        slices = self._plain_slices.get(key)
        if slices is None:
            slices = self._plain_slices[key] = plain_slices(plain)
        return slices

    # ---- keeping count -------------------------------------------------------------------------------------------

    def _grant(self, position: int, rest: _Rest, slices: Slices) -> Grant:
        seat = self.seats[position]
        rest.take(slices)
        self.ranking.serve(position, sums(slices))
        self._count_rules(seat.pool, slices, 1)
        if self._shared:
            self._offered_shared.update(self._shared.intersection(piece.label.volume for piece in slices))
        return Grant(seat.bidder, seat.role, seat.pool, rest.node, slices)

    def count(self, bidder: str, pool: str, slices: Slices, sign: int) -> None:
        """Hear that a bidder has got (1) or lost (-1) something otherwise: a Run, or an offer that is gone."""
        position = self._positions.get((bidder, pool))
        if position is not None:
            self.ranking.count(position, sums(slices), sign)
            self._count_rules(pool, slices, sign)

    def _count_rules(self, pool: str, slices: Slices, sign: int) -> None:
        """Keep the books that only limits and guarantees look into."""
        if self._limits:
            amounts = sums(slices)
            for above in self._lineages[pool]:
                _count(self._used.setdefault(above, {}), amounts, sign)
        if self._guarantees or self._kept:
            _count(self._available, sums(slices, PLAIN), -sign)
        had = self._had.get(pool)
        if had is not None:
            _count(had, sums(piece for piece in slices if not piece.label.revocable), sign)

    def _in_need(self, path: str) -> bool:
        had = self._had[path]
        return all(had.get(kind, 0) < amount for kind, amount in self._guarantees[path].items())

    def _quota_order(self, path: str) -> tuple[float, str]:
        parts = [amount / self._total[kind] for kind, amount in self._had[path].items() if self._total.get(kind)]
        return max(parts, default=0.0), path

    def _ceiling(self) -> dict[str, int]:
        """Give what may still go to pools without a guarantee, of the kinds of which something is kept back."""
        kept = dict(self._kept)
        for path, guarantee in self._guarantees.items():
            had = self._had[path]
            _count(kept, {kind: max(0, amount - had.get(kind, 0)) for kind, amount in guarantee.items()})
        return {kind: self._available.get(kind, 0) - amount for kind, amount in kept.items() if amount}


class _Columns:
    """What is asked of all seats at once, by position."""

    def __init__(self, seats: Sequence[Seat], guarantees: Mapping[str, Amounts]) -> None:
        numbers: dict[tuple[str, bool, bool], int] = {}
        self._seats = seats
        self._slots = np.array([seat.slot for seat in seats], dtype=np.int64)
        self._gpus = np.array([seat.gpus for seat in seats], dtype=np.bool_)
        self._all = np.ones(len(seats), dtype=np.bool_)
        self._by_role: dict[str, Bools] = {}
        self.revocable = np.array([seat.revocable for seat in seats], dtype=np.bool_)
        self.bare = np.array([seat.pool not in guarantees for seat in seats], dtype=np.bool_)
        self.kinds = np.array(
            [numbers.setdefault((seat.pool, seat.revocable, seat.shared), len(numbers)) for seat in seats],
            dtype=np.int64,
        )
        """Seats of one number would be given the same."""

    def open(self, space: Space) -> Bools:
        """Tell which seats may be offered anything there; the answer is the caller's own."""
        if space.blocked is None:
            return self._gpus.copy() if space.gpus else self._all.copy()
        opened = ~space.blocked[self._slots]
        return opened & self._gpus if space.gpus else opened

    def of_role(self, role: str) -> Bools:
        """Tell which seats are of a role."""
        mask = self._by_role.get(role)
        if mask is None:
            mask = self._by_role[role] = np.array([seat.role == role for seat in self._seats], dtype=np.bool_)
        return mask


class _Rest:
    """What is left of a space while it is shared out."""

    __slots__ = ("labelled", "node", "plain")

    def __init__(self, space: Space) -> None:
        self.node = space.node
        self.plain: dict[str, int] = dict(space.plain)
        self.labelled = list(space.labelled)

    @property
    def empty(self) -> bool:
        return not self.labelled and not self.plain

    def roles(self) -> set[str]:
        """Name the roles for which something labelled is left; `*` for revocable space that nobody has reserved."""
        return {role_of(piece.label.reservation) for piece in self.labelled}

    def take(self, slices: Slices) -> None:
        """Take out what is given; a shared volume goes with it, for it is offered once."""
        for piece in slices:
            if piece.label == PLAIN:
                left = self.plain[piece.kind] - piece.amount
                if left:
                    self.plain[piece.kind] = left
                else:
                    del self.plain[piece.kind]
        labelled = [piece for piece in slices if piece.label != PLAIN]
        if labelled:
            self.labelled = list(subtract_slices(self.labelled, labelled))


def allocate(market: Market, spaces: Sequence[Space]) -> list[Grant]:
    """Make a whole round: guarantees first, then what they left for everybody."""
    if not market.has_quotas:
        return market.serve_all(spaces)
    first = market.serve_quotas(spaces)
    gone: dict[str, list[Slice]] = {}
    for grant in first:
        gone.setdefault(grant.node, []).extend(grant.slices)
    return first + market.serve_all([_without(space, gone.get(space.node, [])) for space in spaces])


def _without(space: Space, gone: Sequence[Slice]) -> Space:
    if not gone:
        return space
    labelled = subtract_slices(space.labelled, [piece for piece in gone if piece.label != PLAIN])
    return msgspec.structs.replace(space, plain=subtract(space.plain, sums(gone, PLAIN)), labelled=labelled)


def worth_offering(amounts: Amounts) -> bool:
    """Tell whether there is enough cpus or memory for anybody to use."""
    return amounts.get(CPUS, 0) >= LEAST_CPUS or amounts.get(MEM, 0) >= LEAST_MEM


def _lesser(plain: Amounts, ceiling: Amounts) -> dict[str, int]:
    lesser = {kind: min(amount, ceiling.get(kind, amount)) for kind, amount in plain.items()}
    return {kind: amount for kind, amount in lesser.items() if amount > 0}


def _count(book: dict[str, int], amounts: Amounts, sign: int = 1) -> None:
    for kind, amount in amounts.items():
        book[kind] = book.get(kind, 0) + sign * amount
