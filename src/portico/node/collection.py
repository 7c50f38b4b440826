"""Which sandboxes of ended Runs to remove now.

The rule: a sandbox older than the age goes; when less of the disk is free than wanted, the oldest go until it would be
enough. The age itself is not scaled by how full the disk is (as Mesos does): output stays as long as promised while
there is room, and not longer. Pure: the caller brings the time and the sizes.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portico.domain.identity import Instant, Micros


class EndedSandbox(msgspec.Struct, frozen=True, gc=False):
    """The sandbox of a Run that has ended; `size` in bytes on disk."""

    run: str
    ended_at: Instant
    size: int


def plan_collection(
    now: Instant,
    ended: Sequence[EndedSandbox],
    disk_free: int,
    disk_total: int,
    max_age: Micros,
    min_free_fraction: float,
) -> list[str]:
    """Name the Runs whose sandboxes go, oldest first; sizes in bytes, the fraction is of `disk_total`."""
    wanted_free = disk_total * min_free_fraction
    free = disk_free
    going: list[str] = []
    for sandbox in sorted(ended, key=lambda sandbox: (sandbox.ended_at, sandbox.run)):
        if now - sandbox.ended_at <= max_age and free >= wanted_free:
            break
        going.append(sandbox.run)
        free += sandbox.size
    return going
