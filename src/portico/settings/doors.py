"""What only one door knows: `[doors]` with its tables."""

from __future__ import annotations

import msgspec

from portico.settings.armonik import Armonik, armonik
from portico.settings.mesos import Mesos, mesos
from portico.settings.model import DOORS
from portico.settings.reading import Place, Table
from portico.settings.scalars import address, some_of
from portico.settings.titus import Titus, titus


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[doors]` as read."""

    enabled: tuple[str, ...] = DOORS
    armonik: Armonik = msgspec.field(default_factory=Armonik)
    titus: Titus = Titus()
    beam_forward: str | None = None
    mesos: Mesos = Mesos()


def doors(place: Place) -> Doors:
    """Which doors are open, and what they are told."""
    with Table(place) as table:
        return Doors(
            enabled=table.take("enabled", some_of(DOORS), DOORS),
            armonik=table.take("armonik", armonik, Armonik()),
            titus=table.take("titus", titus, Titus()),
            beam_forward=table.take("beam", _beam, None),
            mesos=table.take("mesos", mesos, Mesos()),
        )


def _beam(place: Place) -> str | None:
    with Table(place) as table:
        return table.take("forward", address, None)
