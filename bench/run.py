"""The benchmark suite: `python bench/run.py [names…] [--quick]`, or `make bench`.

Measures both sides of every comparison in the same run, prints a table, and keeps every figure with the commit and the
machine in `bench/results/`. Exits with 1 when a goal is missed. Needs nothing but loopback; cleans up after itself.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import armonik_data
import armonik_latency
import armonik_lists
import armonik_submit
import armonik_subtasks
import armonik_tasks
import commands
import containers
import deciding
import functions
import lookups
import mesos_state
import mesos_tasks
import offers
import restart
import titus_batch
import titus_held
import titus_restart
import titus_streams
from harness.figures import Figure, Scale, show
from harness.machine import ROOT, commit, facts
from rich.console import Console

BENCHMARKS: dict[str, ModuleType] = {
    "placement": deciding,
    "offers": offers,
    "commands": commands,
    "functions": functions,
    "lookups": lookups,
    "restart": restart,
    "containers": containers,
    "mesos_tasks": mesos_tasks,
    "mesos_state": mesos_state,
    "titus_batch": titus_batch,
    "titus_held": titus_held,
    "titus_streams": titus_streams,
    "titus_restart": titus_restart,
    "armonik_tasks": armonik_tasks,
    "armonik_submit": armonik_submit,
    "armonik_subtasks": armonik_subtasks,
    "armonik_lists": armonik_lists,
    "armonik_data": armonik_data,
    "armonik_latency": armonik_latency,
}
QUICK = 10
WIDTH = 130
"""Columns; a table written to a file needs no narrower ones."""
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = given.names or list(BENCHMARKS)
    console = Console()
    console.width = max(console.width, WIDTH)
    before, begun = facts(), time.strftime("%Y-%m-%dT%H%M%S", time.gmtime())
    found: dict[str, list[Figure]] = {}
    workspace = ROOT / "build" / "bench"
    workspace.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="run-", dir=workspace)
    try:
        scale = Scale(folder, QUICK if given.quick else 1, given.rounds)
        for name in names:
            console.rule(name)
            found[name] = BENCHMARKS[name].run(scale)
            show(found[name], console)
            kept = _keep(before, found, begun, quick=given.quick)
    finally:
        shutil.rmtree(folder)
    console.print(f"kept in {kept}")
    return int(any(figure.met is False for figures in found.values() for figure in figures))


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", metavar="name", help=f"which of: {', '.join(BENCHMARKS)}; all by default")
    options.add_argument("--quick", action="store_true", help=f"a {QUICK}th of every count; goals are not meant for it")
    options.add_argument("--rounds", type=int, default=3, help="how often both sides are measured in turn")
    given = options.parse_args()
    unknown = set(given.names) - set(BENCHMARKS)
    if unknown:
        options.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    return given


def _keep(machine: dict[str, object], found: dict[str, list[Figure]], begun: str, *, quick: bool) -> Path:
    """Write what was found so far: a later benchmark that fails takes no figures with it."""
    RESULTS.mkdir(exist_ok=True)
    revision = commit()
    path = RESULTS / f"{begun}-{revision}{'-quick' if quick else ''}.json"
    record = {
        "commit": revision,
        "machine": machine,
        "command": shlex.join(["python", *sys.argv]),
        "benchmarks": {name: [figure.as_record() for figure in figures] for name, figures in found.items()},
    }
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path.relative_to(ROOT)


if __name__ == "__main__":
    sys.exit(main())
