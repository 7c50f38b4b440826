"""Many seeds on all cores: `python -m tests.simulation.many --seeds 10000 [--first N]`; a failing seed is printed."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

BLOCK = 20


def prepare() -> None:
    """Make a process ready: what is imported will never be garbage."""
    import simulation.world  # noqa: F401 — it is found only on the path set above

    gc.collect()
    gc.freeze()


def run_block(first: int) -> list[tuple[int, str]]:
    """Run some seeds and name those that fail."""
    from simulation.world import run_world

    failed = []
    for seed in range(first, first + BLOCK):
        try:
            run_world(seed)
        except Exception as error:
            failed.append((seed, f"{error} / {error.__cause__}"))
    return failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    started = time.monotonic()
    failed: list[tuple[int, str]] = []
    blocks = range(given.first, given.first + given.seeds, BLOCK)
    with ProcessPoolExecutor(os.cpu_count(), initializer=prepare) as pool:
        for done, found in enumerate(pool.map(run_block, blocks), 1):
            for seed, message in found:
                print(f"seed {seed}: {message}", flush=True)
            failed += found
            if done % 50 == 0:
                print(f"{done * BLOCK} schedules, {len(failed)} failed, {time.monotonic() - started:.0f} s", flush=True)
    print(f"{given.seeds} schedules, {len(failed)} failed, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
