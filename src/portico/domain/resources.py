"""Quantities: integer thousandths per kind, and port ranges.

`Amounts` is the currency of pools, placement and requests. A mapping never holds zeros,
so that equal quantities are equal values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Amounts = Mapping[str, int]
"""Resource kind → integer thousandths (1000 = one cpu, one MB of mem or disk, one gpu, one Mbps of network)."""

CPUS = "cpus"
MEM = "mem"
DISK = "disk"
GPUS = "gpus"
NETWORK = "network"
PORTS = "ports"

WHOLE = 1000
"""Thousandths in one unit."""

Ports = tuple[tuple[int, int], ...]
"""Inclusive, sorted, disjoint ranges of port numbers."""


def add(left: Amounts, right: Amounts) -> dict[str, int]:
    """Sum two quantities."""
    total = dict(left)
    for kind, amount in right.items():
        total[kind] = total.get(kind, 0) + amount
    return {kind: amount for kind, amount in total.items() if amount}


def subtract(left: Amounts, right: Amounts) -> dict[str, int]:
    """Take `right` from `left`; a shortage shows as a negative amount."""
    return add(left, {kind: -amount for kind, amount in right.items()})


def total(parts: Iterable[Amounts]) -> dict[str, int]:
    """Sum many quantities."""
    result: dict[str, int] = {}
    for part in parts:
        for kind, amount in part.items():
            result[kind] = result.get(kind, 0) + amount
    return {kind: amount for kind, amount in result.items() if amount}


def covers(have: Amounts, want: Amounts) -> bool:
    """Tell whether `have` is at least `want` in every kind."""
    return all(have.get(kind, 0) >= amount for kind, amount in want.items())


def count_ports(ports: Ports) -> int:
    """Count the port numbers in the ranges."""
    return sum(last - first + 1 for first, last in ports)


def merge_ports(ranges: Iterable[tuple[int, int]]) -> Ports:
    """Sort and join ranges that touch or overlap."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def remove_ports(ports: Ports, taken: Iterable[tuple[int, int]]) -> Ports:
    """Give what remains of `ports` without the taken ranges."""
    remaining = list(ports)
    for low, high in taken:
        pieces: list[tuple[int, int]] = []
        for first, last in remaining:
            if high < first or last < low:
                pieces.append((first, last))
                continue
            if first < low:
                pieces.append((first, low - 1))
            if high < last:
                pieces.append((high + 1, last))
        remaining = pieces
    return tuple(remaining)


def take_ports(ports: Ports, count: int) -> tuple[Ports, Ports]:
    """Split off the lowest `count` port numbers: (taken, remaining)."""
    taken: list[tuple[int, int]] = []
    wanted = count
    for first, last in ports:
        if wanted <= 0:
            break
        upper = min(last, first + wanted - 1)
        taken.append((first, upper))
        wanted -= upper - first + 1
    return merge_ports(taken), remove_ports(ports, taken)
