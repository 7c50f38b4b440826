"""What placement is asked for: groups of runs of one shape.

Owns the request value and its checks. Promises: a Request that exists can be placed without further checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from portico.domain.constraints import (
    Balance,
    Constraint,
    ExclusiveHost,
    Predicate,
    Soft,
    UniqueHost,
    demands_exclusive,
    leaves,
)
from portico.domain.errors import Invalid
from portico.domain.resources import Amounts


class Strategy(StrEnum):
    """Which of the possible nodes comes first: the fullest or the emptiest."""

    PACK = "pack"
    SPREAD = "spread"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Runs of one shape in the order in which they should be placed; amounts in thousandths by kind.

    Runs of several jobs may share a request under the empty job, as long as no constraint looks at jobs.
    Requests with the same non-empty `gang` are placed all or not at all, at the place of the first of them.
    Raises Invalid for negative amounts, two balances, or a constraint about the job without a job.
    """

    key: str
    ids: Sequence[str]
    amounts: Amounts
    ports: int = 0
    job: str = ""
    labels: Mapping[str, str] = {}
    hard: tuple[Constraint, ...] = ()
    soft: tuple[Soft, ...] = ()
    strategy: Strategy = Strategy.PACK
    gang: str = ""

    def __post_init__(self) -> None:
        if self.ports < 0 or any(amount < 0 for amount in self.amounts.values()):
            raise Invalid(f"request {self.key}: a negative amount")
        if not self.hard and not self.soft:
            return
        every = [*leaves(self.hard), *leaves(wish.constraint for wish in self.soft)]
        if sum(isinstance(leaf, Balance) for leaf in every) > 1:
            raise Invalid(f"request {self.key}: more than one balance")
        if not self.job and any(isinstance(leaf, Balance | UniqueHost | ExclusiveHost) for leaf in every):
            raise Invalid(f"request {self.key}: a constraint about the job, but no job")

    @property
    def predicates(self) -> list[Predicate]:
        """The hard constraints that speak about one node."""
        return [constraint for constraint in self.hard if not isinstance(constraint, Balance)]

    @property
    def wishes(self) -> list[tuple[Predicate, int]]:
        """The soft constraints that speak about one node, with their weights."""
        return [(wish.constraint, wish.weight) for wish in self.soft if not isinstance(wish.constraint, Balance)]

    @property
    def hard_balance(self) -> Balance | None:
        """The balance that must be kept, if any."""
        return next((constraint for constraint in self.hard if isinstance(constraint, Balance)), None)

    @property
    def soft_balance(self) -> Balance | None:
        """The balance that should be kept, if any."""
        return next((wish.constraint for wish in self.soft if isinstance(wish.constraint, Balance)), None)

    @property
    def exclusive(self) -> bool:
        """Whether a node that takes one of these runs is closed to other jobs."""
        return demands_exclusive(self.hard)
