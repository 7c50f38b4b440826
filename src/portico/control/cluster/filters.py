"""Refusals: which bidder, in which role, wants nothing of a node for now.

A filter hides a node from a seat while what the seat would be offered there is part of what it refused, until its
time is over. Owns the numbering of seats. Soft state. Promises: asking costs one row of a matrix; a seat has a few
filters on a node at most.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from portico.domain.identity import Instant
from portico.domain.reservations import LabelledPorts, holds_ports
from portico.domain.slices import Slices, holds

if TYPE_CHECKING:
    from portico.deciding.columns import Bools

MOST_PER_NODE = 4
"""Filters that one seat may have on one node; further ones replace those that end first."""

FEW = 1_000
"""Ends of dropped filters that are let lie."""

Seen = tuple[Slices, LabelledPorts]
"""What a seat would be offered of a node."""


class _Filter(msgspec.Struct, frozen=True):
    until: Instant
    slices: Slices
    ports: LabelledPorts

    def hides(self, seen: Seen) -> bool:
        return (self.slices == seen[0] or holds(self.slices, seen[0])) and (
            self.ports == seen[1] or holds_ports(self.ports, seen[1])
        )


class Filters:
    """All filters of one server; `see` tells what a seat (bidder, role) would be offered of a node."""

    def __init__(self, see: Callable[[str, str, str], Seen]) -> None:
        self._see = see
        self._slots: dict[tuple[str, str], int] = {}
        self._seats: list[tuple[str, str] | None] = []
        self._spare: list[int] = []
        self._kept: list[dict[str, tuple[_Filter, ...]]] = []
        self._rows: dict[str, int] = {}
        self._spare_rows: list[int] = []
        self._hidden: Bools = np.zeros((16, 16), dtype=np.bool_)
        self._present: Bools = np.zeros((16, 16), dtype=np.bool_)
        self._stale: dict[str, set[int] | None] = {}
        """Nodes that must be looked at again: for some seats, or (None) for all."""
        self._ends: list[tuple[Instant, str, int]] = []
        self._count = 0

    # ---- seats and nodes ---------------------------------------------------------------------------------------

    def slot(self, bidder: str, role: str) -> int:
        """Give the number of a seat; it gets one if it has none."""
        slot = self._slots.get((bidder, role))
        if slot is not None:
            return slot
        if self._spare:
            slot = self._spare.pop()
            self._seats[slot] = (bidder, role)
        else:
            slot = len(self._seats)
            self._seats.append((bidder, role))
            self._kept.append({})
            self._fit(len(self._rows) + len(self._spare_rows), slot + 1)
        self._slots[bidder, role] = slot
        return slot

    def forget_seat(self, bidder: str, role: str) -> None:
        """Drop a seat with its filters."""
        self.clear(bidder, role)
        slot = self._slots.pop((bidder, role), None)
        if slot is not None:
            self._seats[slot] = None
            self._spare.append(slot)

    def forget_node(self, node: str) -> None:
        """Drop all filters on a node."""
        row = self._rows.pop(node, None)
        if row is None:
            return
        for slot in np.flatnonzero(self._present[row]).tolist():
            self._count -= len(self._kept[slot].pop(node))
        self._present[row] = self._hidden[row] = False
        self._stale.pop(node, None)
        self._spare_rows.append(row)

    # ---- filters -----------------------------------------------------------------------------------------------

    def add(self, bidder: str, role: str, node: str, refused: Seen, until: Instant) -> None:
        """Note a refusal."""
        slot = self.slot(bidder, role)
        row = self._row(node)
        kept = self._kept[slot]
        former = kept.get(node, ())
        entries = (*former, _Filter(until, *refused))
        if len(entries) > MOST_PER_NODE:
            entries = tuple(sorted(entries, key=lambda entry: entry.until))[-MOST_PER_NODE:]
        kept[node] = entries
        self._count += len(entries) - len(former)
        self._present[row, slot] = True
        self._look_again(node, slot)
        heapq.heappush(self._ends, (until, node, slot))
        if len(self._ends) > 2 * self._count + FEW:
            self._forget_ends()

    def clear(self, bidder: str, role: str) -> bool:
        """Drop a seat's filters everywhere; tells whether there were any."""
        slot = self._slots.get((bidder, role))
        if slot is None or not self._kept[slot]:
            return False
        self._count -= sum(len(entries) for entries in self._kept[slot].values())
        self._kept[slot] = {}
        self._present[:, slot] = False
        self._hidden[:, slot] = False
        return True

    def expire(self, now: Instant) -> set[str]:
        """Drop what is over; gives the nodes that somebody may want again."""
        nodes: set[str] = set()
        while self._ends and self._ends[0][0] <= now:
            _, node, slot = heapq.heappop(self._ends)
            entries = self._kept[slot].get(node)
            if entries is None:
                continue
            left = tuple(entry for entry in entries if entry.until > now)
            if len(left) == len(entries):
                continue
            row = self._rows[node]
            self._count -= len(entries) - len(left)
            if left:
                self._kept[slot][node] = left
            else:
                del self._kept[slot][node]
                self._present[row, slot] = False
            self._look_again(node, slot)
            nodes.add(node)
        return nodes

    def changed(self, node: str) -> None:
        """Hear that what is free on a node has changed."""
        if node in self._rows:
            self._stale[node] = None

    def hidden(self, node: str) -> Bools | None:
        """Tell by slot which seats the node is hidden from; None when from nobody."""
        row = self._rows.get(node)
        if row is None:
            return None
        if node in self._stale:
            some = self._stale.pop(node)
            for slot in np.flatnonzero(self._present[row]).tolist() if some is None else some:
                self._hidden[row, slot] = self._hides(slot, node)
        hidden: Bools = self._hidden[row]
        return hidden

    def count(self) -> int:
        """Count the filters of all seats."""
        return self._count

    # ---- within ------------------------------------------------------------------------------------------------

    def _forget_ends(self) -> None:
        """Keep no ends of filters that were dropped before their time."""
        self._ends = [
            (entry.until, node, slot)
            for slot, kept in enumerate(self._kept)
            for node, entries in kept.items()
            for entry in entries
        ]
        heapq.heapify(self._ends)

    def _hides(self, slot: int, node: str) -> bool:
        entries = self._kept[slot].get(node)
        seat = self._seats[slot]
        if not entries or seat is None:
            return False
        seen = self._see(*seat, node)
        return any(entry.hides(seen) for entry in entries)

    def _look_again(self, node: str, slot: int) -> None:
        some = self._stale.setdefault(node, set())
        if some is not None:
            some.add(slot)

    def _row(self, node: str) -> int:
        row = self._rows.get(node)
        if row is None:
            row = self._spare_rows.pop() if self._spare_rows else len(self._rows)
            self._rows[node] = row
            self._fit(row + 1, len(self._seats))
        return row

    def _fit(self, rows: int, slots: int) -> None:
        have_rows, have_slots = self._hidden.shape
        if rows <= have_rows and slots <= have_slots:
            return
        shape = (_enough(have_rows, rows), _enough(have_slots, slots))
        for name in ("_hidden", "_present"):
            grown = np.zeros(shape, dtype=np.bool_)
            grown[:have_rows, :have_slots] = getattr(self, name)
            setattr(self, name, grown)


def _enough(have: int, wanted: int) -> int:
    while have < wanted:
        have *= 2
    return have
