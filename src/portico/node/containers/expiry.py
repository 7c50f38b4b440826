"""Which images to remove now. Pure: the caller brings the time and the sizes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portico.domain.identity import Instant


class StoredImage(msgspec.Struct, frozen=True, gc=False):
    """An image on disk; `used_at` is when a Run last wanted it, `size` in bytes."""

    digest: str
    used_at: Instant
    size: int


def plan_removal(
    now: Instant, unused: Sequence[StoredImage], stored: Sequence[StoredImage], max_age: int, max_bytes: int
) -> list[str]:
    """Name the unused images that go: those older than `max_age`, and the oldest while all take over `max_bytes`."""
    going: list[str] = []
    total = sum(image.size for image in stored)
    for image in sorted(unused, key=lambda image: (image.used_at, image.digest)):
        if now - image.used_at <= max_age and total <= max_bytes:
            break
        going.append(image.digest)
        total -= image.size
    return going
