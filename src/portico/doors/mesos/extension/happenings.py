"""What a framework is told, as plain values; each leaves only once what it tells of is durable."""

from __future__ import annotations

from typing import Protocol

import msgspec

from portico.domain.offers import InverseOffer, Offer


class OfferView(msgspec.Struct, frozen=True):
    """An offer with what the API tells about its agent; `executors` are those of the framework on that agent."""

    offer: Offer
    agent: str
    hostname: str
    attributes: dict[str, str]
    executors: tuple[str, ...] = ()


class Offered(msgspec.Struct, frozen=True):
    """New offers."""

    offers: tuple[OfferView, ...]


class Rescinded(msgspec.Struct, frozen=True):
    """An offer is gone."""

    offer: str


class InverseOffered(msgspec.Struct, frozen=True):
    """Requests to leave agents; each with its agent's id."""

    offers: tuple[tuple[InverseOffer, str], ...]


class InverseRescinded(msgspec.Struct, frozen=True):
    """A request to leave an agent is gone."""

    offer: str


class Updated(msgspec.Struct, frozen=True):
    """A TaskStatus, serialized."""

    status: bytes


class Said(msgspec.Struct, frozen=True):
    """A message from an executor."""

    agent: str
    executor: str
    data: bytes


class Failed(msgspec.Struct, frozen=True):
    """An agent was given up for lost, or an executor ended; `status` is its raw wait status, -1 when unknown."""

    agent: str
    executor: str = ""
    status: int | None = None


class Erred(msgspec.Struct, frozen=True):
    """The framework cannot go on; nothing follows."""

    message: str


Happening = Offered | Rescinded | InverseOffered | InverseRescinded | Updated | Said | Failed | Erred


class Outlet(Protocol):
    """Where what happens to one framework goes: its event stream."""

    @property
    def waiting(self) -> int:
        """Count what is queued."""
        ...

    def send(self, happening: Happening) -> None:
        """Queue it."""
        ...

    def close(self) -> None:
        """Send what is queued, then end the stream."""
        ...
