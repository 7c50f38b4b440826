"""What only one door knows: `[doors]` with its tables, and the periods in `[timers]`."""

from __future__ import annotations

import re

import msgspec

from portico.domain.identity import Micros
from portico.settings.armonik import Armonik, armonik
from portico.settings.mesos import Mesos, mesos
from portico.settings.model import DOORS
from portico.settings.problems import nearest
from portico.settings.reading import Place, Table, entries
from portico.settings.scalars import address, duration, some_of
from portico.settings.titus import Titus, titus

_TIMER = re.compile(r"([a-z0-9]+)\.[a-z][a-z0-9_]*")


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


def timers(place: Place) -> dict[str, Micros]:
    """Periods by `<door>.<name>`; the doors know their own names and defaults."""
    found: dict[str, Micros] = {}
    for name, entry in entries(place):
        match = _TIMER.fullmatch(name)
        if match is None:
            entry.reject("not the name of a timer", '"DOOR.NAME", such as "mesos.heartbeat"')
        elif match.group(1) not in DOORS:
            entry.reject(f"{match.group(1)!r} is not a door", nearest(match.group(1), DOORS))
        else:
            found[name] = entry.read(duration, Micros(0))
    return found
