"""The states of a task's containers as messages of the API, the main container's first.

Those of many tasks are alike, so recent ones are kept.
"""

from __future__ import annotations

from functools import lru_cache

from portico.doors.titus.extension.records import TitusTask
from portico.doors.titus.inbound.mounts import MAIN
from portico.doors.titus.outbound.framing import counted, field

_STATE = 5
"""The number of the list in a TaskStatus."""
_NAME, _HEALTH, _IMAGE, _SIDECAR = range(1, 5)
_UNSET, _UNHEALTHY, _HEALTHY = range(3)
_HEALTHS = {None: _UNSET, False: _UNHEALTHY, True: _HEALTHY}
MOST_KEPT = 4_096


def container_states(task: TitusTask) -> bytes:
    """Encode the states as they stand in a TaskStatus."""
    states = [_state(MAIN, task.healthy, task.image)]
    states += [_state(one.name, one.healthy, one.image, sidecar=one.sidecar) for one in task.containers]
    return b"".join(states)


@lru_cache(MOST_KEPT)
def _state(name: str, healthy: bool | None, image: str, *, sidecar: bool = False) -> bytes:  # noqa: FBT001 — one fact
    written = field(_NAME, name.encode()) + counted(_HEALTH, _HEALTHS[healthy])
    if image:
        written += field(_IMAGE, _basic_image(image))
    if sidecar:
        written += field(_SIDECAR, name.encode())
    return field(_STATE, written)


def _basic_image(reference: str) -> bytes:
    """Encode a BasicImage: a reference's name, its tag and its digest."""
    tagged, _, digest = reference.partition("@")
    name, _, tag = tagged.rpartition(":")
    if not name or "/" in tag:  # what follows the colon is the port of a registry
        name, tag = tagged, ""
    parts = enumerate((name, tag, digest), 1)
    return b"".join(field(number, part.encode()) for number, part in parts if part)
