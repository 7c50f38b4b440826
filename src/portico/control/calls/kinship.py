"""Who lends its agents to whom: partitions and their parents, as configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.domain.calls.values import Partition


class Kinship:
    """The parents of partitions, near ones first, and the partitions that have them."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._known: Mapping[str, Partition] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}
        self._children: dict[str, tuple[str, ...]] = {}

    def ancestors(self, partition: str) -> tuple[str, ...]:
        """Name the partitions whose idle agents a partition may borrow."""
        self._learn()
        return self._ancestors.get(partition, ())

    def children(self, partition: str) -> tuple[str, ...]:
        """Name the partitions that may borrow a partition's idle agents."""
        self._learn()
        return self._children.get(partition, ())

    def _learn(self) -> None:
        partitions = self._plane.calls.partitions
        if partitions is self._known:
            return
        self._known = partitions
        self._ancestors = {name: _above(partitions, name) for name in partitions}
        self._children = {
            name: tuple(child for child, above in self._ancestors.items() if name in above) for name in partitions
        }


def _above(partitions: Mapping[str, Partition], name: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    pending = list(partitions[name].parents)
    while pending:
        parent = pending.pop(0)
        if parent in partitions and parent != name and parent not in found:
            found[parent] = None
            pending.extend(partitions[parent].parents)
    return tuple(found)
