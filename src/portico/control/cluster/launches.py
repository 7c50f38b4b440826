"""Launches as frames: as few as can be, each below what a frame may carry.

Promises: the order of the Runs stays, parents first; what no frame can carry is named. Pure.
"""

from __future__ import annotations

import msgspec

from portico.domain.frames import Launch, LaunchOrder
from portico.domain.framing import MAX_FRAME

MOST_TOGETHER = 8 << 20
"""Bytes of orders that are put together: a larger frame only keeps both sides longer."""
LARGEST_ORDER = MAX_FRAME - 64
"""Bytes of one order; the rest is for the words of the frame around it."""

_encoder = msgspec.msgpack.Encoder()


def cut(launch: Launch) -> tuple[list[Launch], list[LaunchOrder]]:
    """Give the frames in which a launch travels, and the orders that are too large for any."""
    if launch.orders and len(_encoder.encode(launch)) <= MOST_TOGETHER:
        return [launch], []
    frames: list[Launch] = []
    together: list[LaunchOrder] = []
    too_large: list[LaunchOrder] = []
    total = 0
    for order in launch.orders:
        size = len(_encoder.encode(order))
        if size > LARGEST_ORDER:
            too_large.append(order)
            continue
        if together and total + size > MOST_TOGETHER:
            frames.append(Launch(tuple(together)))
            together, total = [], 0
        together.append(order)
        total += size
    if together:
        frames.append(Launch(tuple(together)))
    return frames, too_large
