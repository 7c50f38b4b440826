"""How fast a node starts and ends containers, beside a bare loop around the same runtime with the same bundle.

    python bench/containers.py [--count 200] [--flight 8] [--rounds 3]

Both keep so many containers of one image in flight, each running `true`. The bare loop starts the runtime in the
foreground with one bundle of the node's, on a root that was put together once; it makes nothing, records nothing and
clears up nothing. It is measured twice: as the runtime comes, making a group in every hierarchy of control groups for
each container, and told to leave control groups alone, as the node tells it. Needs root, crun, skopeo and umoci; where
one is missing nothing is measured. Rounds alternate, the median counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from harness.figures import Figure, Scale, at_least
from node.containers.images import make_layout
from node.control import Node, node, order

from portico.domain.containers import Container
from portico.node import processes
from portico.node.containers import mounts
from portico.node.containers.bundles import state_place
from portico.node.containers.runtimes import find_runtime
from portico.node.site import slice_name

COUNT = 200
IN_FLIGHT = 8
IMAGE = "bench/busybox:1"
TRUE = "/bin/true"


def run(scale: Scale) -> list[Figure]:
    if os.geteuid() != 0 or any(shutil.which(name) is None for name in ("crun", "skopeo", "umoci")):
        return []
    found = asyncio.run(measure(scale.of(COUNT), IN_FLIGHT, scale.rounds))
    ours, plain, bare = (tuple(column) for column in zip(*found, strict=True))
    return [
        Figure(
            name="containers, true started to ended",
            unit="containers/s",
            portico=ours,
            peer=plain,
            peer_name="crun run",
            goal=at_least(0.8),
        ),
        Figure(
            name="the same beside crun without control groups",
            unit="containers/s",
            portico=ours,
            peer=bare,
            peer_name="crun run",
        ),
    ]


async def measure(count: int, flight: int, rounds: int) -> list[tuple[float, float, float]]:
    """Give the rates of the node, of the runtime as it comes, and of the runtime without control groups, per round."""
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as place:
        layout = Path(place) / "layout"
        make_layout(layout, {"1": {"Env": ["PATH=/bin"]}})
        async with node(cgroups=True, images={IMAGE: f"oci:{layout}:1"}) as target:
            await through_node(target, flight * 2, flight, "warm")
            bundle = await a_bundle(target, Path(place) / "bundle")
            found = []
            for number in range(rounds):
                plain = bare_in_child(bundle, count, flight, ())
                bare = bare_in_child(bundle, count, flight, ("--cgroup-manager=disabled",))
                ours = await through_node(target, count, flight, f"round{number}")
                found.append((ours, plain, bare))
            return found


async def through_node(target: Node, count: int, flight: int, label: str) -> float:
    """Launch through the agent; gives containers per second from the first order to the last outcome."""
    control = target.control
    before, started = len(control.outcomes), 0
    begun = time.perf_counter()
    while (ended := len(control.outcomes) - before) < count:
        wanted = min(flight - (started - ended), count - started)
        if wanted > 0:
            names = [f"{label}-{started + number}" for number in range(wanted)]
            control.launch(*(order(name, TRUE, container=Container(IMAGE)) for name in names))
            started += wanted
        await control.until(lambda known=ended: len(control.outcomes) - before > known)
    rate = count / (time.perf_counter() - begun)
    wrong = [outcome for run, outcome in control.outcomes.items() if run.startswith(label) and outcome.exit_code]
    if wrong:
        raise SystemExit(f"{len(wrong)} containers failed, first: {wrong[0]}")
    return rate


async def a_bundle(target: Node, place: Path) -> Path:
    """Take a copy of the bundle that the node makes, on a root of its own."""
    control = target.control
    control.launch(order("model", "/bin/sh", "-c", "sleep 1000", container=Container(IMAGE), grace=0))
    await control.runs("model")
    made = state_place(target.directory, slice_name(target.directory)) / "live" / "model"
    document = json.loads((made / "config.json").read_text())
    image = next(entry for entry in (target.directory / "images").iterdir() if entry.name.startswith("sha256-"))
    control.stop("model", 0)
    await control.outcome("model")
    for name in ("upper", "work", "root"):
        (place / name).mkdir(parents=True)
    document["root"]["path"] = str(place / "root")
    document["process"]["args"] = [TRUE]
    (place / "config.json").write_text(json.dumps(document))
    (place / "lower").symlink_to(image / "rootfs")
    return place


def bare_in_child(bundle: Path, count: int, flight: int, options: tuple[str, ...]) -> float:
    """Run the loop in a small process of its own, which has mounts of its own."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.write(writing, repr(bare(bundle, count, flight, options)).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    rate = os.read(reading, 64)
    os.close(reading)
    os.waitpid(pid, 0)
    if not rate:
        raise SystemExit("the bare loop failed")
    return float(rate)


def bare(bundle: Path, count: int, flight: int, options: tuple[str, ...]) -> float:
    """Start the runtime and wait for it, with nothing around it; gives containers per second."""
    runtime = find_runtime().path
    processes.unshare_directory()
    mounts.leave_mounts()
    mounts.hide_unified()
    lower = str((bundle / "lower").resolve())
    mounts.mount_overlay(lower, str(bundle / "upper"), str(bundle / "work"), str(bundle / "root"))
    null = os.open(os.devnull, os.O_RDWR)
    files = [(os.POSIX_SPAWN_DUP2, null, target) for target in (0, 1, 2)]
    state = tempfile.mkdtemp(dir=bundle)
    living: set[int] = set()
    begun = time.perf_counter()
    for number in range(count):
        if len(living) == flight:
            living.remove(os.waitpid(-1, 0)[0])
        argv = [runtime, *options, f"--root={state}", "run", f"--bundle={bundle}", f"bench-{os.getpid()}-{number}"]
        living.add(os.posix_spawn(runtime, argv, {"PATH": os.environ["PATH"]}, file_actions=files, setsid=True))
    while living:
        pid, status = os.waitpid(-1, 0)
        if status:
            raise SystemExit(f"{runtime} ended with {status}")
        living.remove(pid)
    rate = count / (time.perf_counter() - begun)
    shutil.rmtree(state)
    mounts.unmount(str(bundle / "root"))
    for name in ("upper", "work"):
        shutil.rmtree(bundle / name)
        (bundle / name).mkdir()
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--flight", type=int, default=IN_FLIGHT)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    for ours, plain, bare_rate in asyncio.run(measure(chosen.count, chosen.flight, chosen.rounds)):
        figures = {"node": ours, "crun": plain, "crun_no_cgroups": bare_rate}
        ratios = {"ratio": ours / plain, "ratio_no_cgroups": ours / bare_rate}
        print(
            json.dumps({"bench": "containers", **{name: round(value, 2) for name, value in (figures | ratios).items()}})
        )


if __name__ == "__main__":
    main()
