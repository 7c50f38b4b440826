"""Measures Celery from its client: `many` jobs as one group joined by the result backend, then `single` ones in turn.

Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import time

from celery import group
from celery_app import nothing


def throughput(count: int) -> float:
    """Give the seconds from the first submission until every result is here."""
    begun = time.perf_counter()
    results = group(nothing.s() for _ in range(count)).apply_async()
    results.join_native(timeout=600)
    return time.perf_counter() - begun


def latencies(count: int) -> list[float]:
    found = []
    for _ in range(count):
        begun = time.perf_counter()
        nothing.delay().get(timeout=60)
        found.append(time.perf_counter() - begun)
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--many", type=int, default=0)
    options.add_argument("--single", type=int, default=0)
    given = options.parse_args()
    nothing.delay().get(timeout=60)
    seconds = throughput(given.many) if given.many else 0.0
    print(json.dumps({"seconds": seconds, "latencies": latencies(given.single)}))


if __name__ == "__main__":
    main()
