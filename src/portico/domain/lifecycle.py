"""Life cycles as data: an edge table that answers what may follow what, and why.

Promises: a transition that has no edge raises; a final state has no way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Generic, TypeVar

from portico.domain.errors import IllegalTransition

State = TypeVar("State", bound=Enum)


class LifeCycle(Generic[State]):
    """An immutable table of edges, each with the reason it exists."""

    __slots__ = ("edges", "final", "initial", "name")

    def __init__(self, name: str, initial: State, edges: Mapping[tuple[State, State], str]) -> None:
        states = type(initial)
        self.name = name
        self.initial = initial
        self.edges = dict(edges)
        self.final = frozenset(state for state in states if not any(source is state for source, _ in self.edges))

    def advance(self, current: State, target: State) -> State:
        """Give `target` when the table has that edge, else raise IllegalTransition."""
        if (current, target) not in self.edges:
            raise IllegalTransition(f"{self.name}: no edge from {current} to {target}")
        return target
