"""Which requests stand or fall together.

Owns the order in which placement takes requests. Promises: every request is in exactly one unit, and a unit is
taken where its first request stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portico.deciding.requests import Request


def units(requests: Sequence[Request]) -> list[list[int]]:
    """Positions of the requests, those of one gang together."""
    gathered: list[list[int]] = []
    gangs: dict[str, list[int]] = {}
    for position, request in enumerate(requests):
        if not request.gang:
            gathered.append([position])
        elif request.gang in gangs:
            gangs[request.gang].append(position)
        else:
            gangs[request.gang] = [position]
            gathered.append(gangs[request.gang])
    return gathered
