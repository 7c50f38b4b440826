"""The ledger of labelled space: reserved, revocable and volume Slices of each node, and its reserved ports.

Knows only nodes that have any, so that nodes without cost nothing. Promises: what is free of a label is what the node
has of it, or lends, less what Claims hold, to the thousandth; a shared volume is counted by its users instead and stays
whole.
"""

from __future__ import annotations

from typing import TypeVar

from portico.domain.reservations import LabelledPorts
from portico.domain.resources import Ports, count_ports, remove_ports
from portico.domain.slices import PLAIN, Label, Slice, Slices
from portico.domain.volumes import Volume

_Key = tuple[str, Label]
K = TypeVar("K")
V = TypeVar("V")


class LabelledLedger:
    """One per server."""

    def __init__(self) -> None:
        self._total: dict[str, dict[_Key, int]] = {}
        self._taken: dict[str, dict[_Key, int]] = {}
        self._lent: dict[str, Slices] = {}
        self._reserved_ports: dict[str, LabelledPorts] = {}
        self._users: dict[str, int] = {}
        self.shared: set[str] = set()

    def on_volume(self, old: Volume | None, new: Volume | None) -> None:
        """Follow a change of a volume."""
        if new is not None and new.shared:
            self.shared.add(new.id)
        elif old is not None:
            self.shared.discard(old.id)

    def set_node(self, node: str, capacity: Slices, reserved_ports: LabelledPorts) -> None:
        """Replace what a node has; what is taken stays taken."""
        total = {(piece.kind, piece.label): piece.amount for piece in capacity if piece.label != PLAIN}
        _put(self._total, node, total)
        _put(self._reserved_ports, node, reserved_ports)

    def lend(self, node: str, slices: Slices) -> None:
        """Replace what a node has of revocable space, beyond its size; what is taken stays taken."""
        _put(self._lent, node, slices)

    def lent(self, node: str) -> Slices:
        """Give what revocable space a node has, taken or not."""
        return self._lent.get(node, ())

    def has_borrowers(self, node: str) -> bool:
        """Tell whether a Claim holds revocable space of a node."""
        return any(label.revocable for _, label in self._taken.get(node, ()))

    def remove_node(self, node: str) -> None:
        """Forget a node."""
        self._total.pop(node, None)
        self._lent.pop(node, None)
        self._reserved_ports.pop(node, None)

    def account(self, node: str, slices: Slices, *, taken: bool) -> None:
        """Count the labelled Slices of a Claim, or take the count back."""
        for piece in slices:
            if piece.label == PLAIN:
                continue
            sign = 1 if taken else -1
            book = self._taken.setdefault(node, {})
            _count(book, (piece.kind, piece.label), sign * piece.amount)
            if not book:
                del self._taken[node]
            if piece.label.volume:
                _count(self._users, piece.label.volume, sign)

    def has(self, node: str) -> bool:
        """Tell whether anything of a node carries a label."""
        return node in self._total or node in self._taken or node in self._lent

    def free(self, node: str) -> list[Slice]:
        """Give the labelled Slices of a node that no Claim holds; negative where it has shrunk."""
        if not self.has(node):
            return []
        taken = self._taken.get(node)
        left = dict(self._total.get(node) or {})
        for piece in self._lent.get(node, ()):
            _count(left, (piece.kind, piece.label), piece.amount)
        for key, amount in (taken or {}).items():
            if key[1].volume not in self.shared:
                _count(left, key, -amount)
        return [Slice(kind, amount, label) for (kind, label), amount in left.items()]

    def users(self, volume: str) -> int:
        """Count the Claims that hold a volume."""
        return self._users.get(volume, 0)

    def reserved_ports(self, node: str) -> LabelledPorts:
        """Give the reserved port ranges of a node, taken or not."""
        return self._reserved_ports.get(node, ())

    def plain_ports(self, node: str, ports: Ports) -> Ports:
        """Leave out the ports that are reserved on that node."""
        reserved = self._reserved_ports.get(node)
        if reserved is None:
            return ports
        return remove_ports(ports, (piece for _, ranges in reserved for piece in ranges))

    def count_plain(self, node: str, ports: Ports) -> int:
        """Count the ports that are not reserved on that node."""
        return count_ports(self.plain_ports(node, ports))


def _put(book: dict[str, V], node: str, value: V) -> None:
    if value:
        book[node] = value
    else:
        book.pop(node, None)


def _count(book: dict[K, int], key: K, change: int) -> None:
    left = book.get(key, 0) + change
    if left:
        book[key] = left
    else:
        book.pop(key, None)
