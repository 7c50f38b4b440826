"""Disruption budgets: how many members of a Job may be taken away on purpose, how fast, and when.

Owns the values only; `deciding/disruption` judges them. Percentages are integer millionths of a percent, so that no
rounding of theirs can give away a member. Promises: what was spent of a rate is a value of its own, small and bounded,
that its owner keeps in a row.
"""

from __future__ import annotations

import msgspec

from portico.domain.identity import HOUR, Instant, Micros

PERCENT = 1_000_000
"""Parts of one percent."""

WHOLE_SHARE = 100 * PERCENT

UNLIMITED = (1 << 30) - 1
"""What is answered where nothing limits: large, and within every API's integers."""

ALWAYS_HEALTHY = "alwaysHealthy"
"""The provider of health for which a member that runs is healthy."""

HEALTH_CHECKS = "healthChecks"
"""The provider that asks Portico's own health checks; a member without a check is healthy while it runs."""

HEALTH_PROVIDERS = frozenset({ALWAYS_HEALTHY, HEALTH_CHECKS})


class SelfManaged(msgspec.Struct, frozen=True, tag="self"):
    """The owner moves members itself, within `patience` of being told; then they are taken away."""

    patience: Micros = Micros(0)


class AvailabilityLimit(msgspec.Struct, frozen=True, tag="availability"):
    """At least this share of the wanted members stays healthy."""

    share: int


class UnhealthyLimit(msgspec.Struct, frozen=True, tag="unhealthy"):
    """At most so many of the wanted members are not healthy."""

    most: int


class RelocationLimit(msgspec.Struct, frozen=True, tag="relocations"):
    """No slot loses its member more often than this."""

    most: int


Policy = SelfManaged | AvailabilityLimit | UnhealthyLimit | RelocationLimit


class UnlimitedRate(msgspec.Struct, frozen=True, tag="unlimited"):
    """As fast as the policy allows."""


class CountRate(msgspec.Struct, frozen=True, tag="count"):
    """At most so many within any interval."""

    interval: Micros
    most: int


class ShareRate(msgspec.Struct, frozen=True, tag="share"):
    """At most this share of the wanted members, but always one, within any interval."""

    share: int
    interval: Micros = HOUR


Rate = UnlimitedRate | CountRate | ShareRate


class Window(msgspec.Struct, frozen=True):
    """Hours of days in a zone: `days` 0 is Monday, none means all; `hours` are (first, last), both whole, none all."""

    days: tuple[int, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()
    zone: str = "UTC"


class Budget(msgspec.Struct, frozen=True):
    """What limits the disruption of one Job. Without windows any time will do; `providers` must all find it healthy."""

    policy: Policy = SelfManaged()
    rate: Rate = UnlimitedRate()
    windows: tuple[Window, ...] = ()
    providers: tuple[str, ...] = ()

    @property
    def self_managed(self) -> bool:
        """Tell whether the owner moves members itself."""
        return isinstance(self.policy, SelfManaged)

    @property
    def legacy(self) -> bool:
        """Tell whether nothing but the owner's patience is said: then there is no quota to take from."""
        return self.self_managed and isinstance(self.rate, UnlimitedRate) and not self.windows

    @property
    def changes_by_itself(self) -> bool:
        """Tell whether the passing of time alone changes what it allows."""
        return bool(self.windows) or not isinstance(self.rate, UnlimitedRate)


class Spent(msgspec.Struct, frozen=True):
    """What was taken of a rate: counts by slot, a slot being `step` microseconds, numbered from the epoch."""

    step: Micros = Micros(0)
    slots: tuple[tuple[int, int], ...] = ()


NOTHING_SPENT = Spent()


class Load(msgspec.Struct, frozen=True):
    """How a Job stands: members wanted, members healthy, members that have not been moved too often."""

    desired: int
    healthy: int
    movable: int = UNLIMITED


class Restriction(msgspec.Struct, frozen=True):
    """What one part of a budget allows at present, and why."""

    name: str
    amount: int
    message: str


class Quota(msgspec.Struct, frozen=True):
    """How many members may go now: the least of all restrictions."""

    restrictions: tuple[Restriction, ...] = ()

    @property
    def amount(self) -> int:
        """Give the number."""
        return min((restriction.amount for restriction in self.restrictions), default=UNLIMITED)

    @property
    def missing(self) -> tuple[Restriction, ...]:
        """Give those that allow nothing."""
        return tuple(restriction for restriction in self.restrictions if restriction.amount <= 0)

    @property
    def message(self) -> str:
        """Say what limits."""
        amount = self.amount
        tight = [found.message for found in self.restrictions if found.amount == amount]
        return "; ".join(tight) or "no limits"


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """A quota over all Jobs: `refill` tokens a second up to `capacity`, empty at first, closed outside its windows.

    Members of `exempt` applications may go at any time.
    """

    capacity: int
    refill: int
    windows: tuple[Window, ...] = ()
    exempt: tuple[str, ...] = ()


class Tokens(msgspec.Struct, frozen=True):
    """What is in a bucket since an instant, in millionths of a token."""

    amount: int = 0
    at: Instant = Instant(0)
