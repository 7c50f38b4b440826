"""Measures Ray's remote functions that do nothing, a KiB in and a KiB out, from their first call to all results here.

Runs in an environment of its own that has ray: `python ray_tasks.py COUNT WORKERS`. Prints one JSON line.
"""

import json
import os
import sys
import tempfile
import time

os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_AUTH_MODE="disabled")

import ray

WARM = 1_000
DATA = bytes(1024)
STORE = 256 << 20


@ray.remote(num_cpus=1)
def nothing(data: bytes) -> bytes:
    return bytes(len(data))


def rate(count: int) -> float:
    begun = time.perf_counter()
    found = ray.get([nothing.remote(DATA) for _ in range(count)])
    seconds = time.perf_counter() - begun
    assert all(len(one) == len(DATA) for one in found)
    return count / seconds


def main(count: int, workers: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        ray.init(
            num_cpus=workers,
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            object_store_memory=STORE,
            _temp_dir=folder,
            _node_ip_address="127.0.0.1",
        )
        rate(WARM)
        found = rate(count)
        ray.shutdown()
    print(json.dumps({"per_second": found}))


main(int(sys.argv[1]), int(sys.argv[2]))
