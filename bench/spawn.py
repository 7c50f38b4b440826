"""How fast a node starts and ends processes, beside a bare posix_spawn loop that does the same for the kernel.

    python bench/spawn.py [--count 2000] [--flight 16] [--rounds 3]

Both keep so many `true` in flight, make a sandbox directory with two output files for each and, in the second case, a
memory cgroup with a limit. The agent does all it always does: journal, pidfds, outcomes, reports to a control that
acknowledges them. Rounds alternate, the median counts. Prints one JSON line per case.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from node.control import Node, node, order

from portico.domain.runs import Limits
from portico.node import processes
from portico.node.cgroups import detect

MEMORY = 64 << 20
TRUE = "/bin/true"


def bare(count: int, flight: int, root: Path, *, cgroup: bool) -> float:
    """Spawn and reap without anything around it; gives launches per second."""
    groups = detect(slice_name="portico-bench") if cgroup else None
    limits = Limits(memory=MEMORY)
    null = os.open(os.devnull, os.O_RDWR)
    living: dict[int, str] = {}
    environment = {"PATH": "/usr/bin:/bin"}
    processes.unshare_directory()
    begun = time.perf_counter()
    started = 0
    while started < count or living:
        while started < count and len(living) < flight:
            name = f"bare{started}"
            place = str(root / name)
            (root / name).mkdir(0o700)
            out = os.open(f"{place}/stdout", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            err = os.open(f"{place}/stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            if groups is not None:
                for path in groups.prepare(name, limits).enter:
                    tasks = os.open(path, os.O_WRONLY)
                    os.write(tasks, b"0")
                    os.close(tasks)
            os.chdir(place)
            actions = ((os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2))
            living[os.posix_spawn(TRUE, [TRUE], environment, file_actions=actions, setsid=True)] = name
            os.close(out)
            os.close(err)
            started += 1
        pid, _ = os.waitpid(-1, 0)
        name = living.pop(pid)
        if groups is not None:
            groups.remove(name)
    rate = count / (time.perf_counter() - begun)
    if groups is not None:
        for path in groups.leave:
            tasks = os.open(path, os.O_WRONLY)
            os.write(tasks, b"0")
            os.close(tasks)
        for name in groups.existing():
            groups.remove(name)
        groups.close()
    os.close(null)
    return rate


def bare_in_child(count: int, flight: int, *, cgroup: bool) -> float:
    """Run the loop in a small process of its own, as the agent is one."""
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as place:
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            os.write(writing, repr(bare(count, flight, Path(place), cgroup=cgroup)).encode())
            os._exit(0)
        os.close(writing)
        rate = float(os.read(reading, 64))
        os.close(reading)
        os.waitpid(pid, 0)
        return rate


async def through_agent(target: Node, count: int, flight: int, label: str, *, cgroup: bool) -> float:
    """Launch through the agent; gives launches per second from the first order to the last outcome."""
    control = target.control
    limits = Limits(memory=MEMORY if cgroup else 0, output=0)
    begun = time.perf_counter()
    started = ended = 0
    before = len(control.outcomes)
    while ended < count:
        wanted = min(flight - (started - ended), count - started)
        if wanted > 0:
            control.launch(*(order(f"{label}-{started + i}", TRUE, limits=limits) for i in range(wanted)))
            started += wanted
        await control.until(lambda known=ended: len(control.outcomes) - before > known)
        ended = len(control.outcomes) - before
    rate = count / (time.perf_counter() - begun)
    wrong = [run for run, outcome in control.outcomes.items() if outcome.exit_code != 0]
    if wrong:
        raise SystemExit(f"{len(wrong)} launches failed, first: {control.outcomes[wrong[0]]}")
    return rate


async def measure(count: int, flight: int, rounds: int) -> None:
    async with node(cgroups=True) as target:
        for cgroup in (False, True):
            await through_agent(target, flight * 4, flight, f"warm{cgroup}", cgroup=cgroup)
            pairs = []
            for number in range(rounds):
                plain = bare_in_child(count, flight, cgroup=cgroup)
                ours = await through_agent(target, count, flight, f"{number}{cgroup}", cgroup=cgroup)
                pairs.append((plain, ours))
            plain, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(
                json.dumps(
                    {
                        "bench": "spawn",
                        "memory_cgroup": cgroup,
                        "in_flight": flight,
                        "count": count,
                        "bare_per_second": round(plain),
                        "agent_per_second": round(ours),
                        "ratio": round(statistics.median(o / p for p, o in pairs), 2),
                    }
                ),
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--flight", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.count, chosen.flight, chosen.rounds))


if __name__ == "__main__":
    main()
