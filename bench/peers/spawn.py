"""The bare peer of command kinds: a loop that starts `true` and waits for it, with nothing around it.

Every run gets what a run on a node gets and no more: a directory with its stdout and stderr files, a cpu cgroup, and a
memory cgroup where memory is asked for. Nothing is recorded, scheduled or synced. Prints one JSON line.

The sandboxes stay, as they do on a node: ext4 does not hand out inodes that were freed within the last minutes, and
searches around them at up to a millisecond for each file, so a loop that cleaned up would slow whatever comes after it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
V1_SETTINGS = {"cpu": ("cpu.shares", b"102"), "memory": ("memory.limit_in_bytes", b"33554432")}
OUTPUT = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class Ground:
    """Where the runs of one loop live: a directory of sandboxes and one parent cgroup per controller.

    The loop's own thread enters a run's cgroups before it spawns, so the child is born there. Writing "0" rather than
    a thread id moves the writer itself, for which the kernel needs no global lock.
    """

    def __init__(self, folder: str, *, memory: bool) -> None:
        self.sandboxes = Path(tempfile.mkdtemp(prefix="spawn-", dir=folder))
        names = [name for name in (("cpu", "memory") if memory else ("cpu",)) if (CGROUPS / name / "tasks").exists()]
        self.homes = {name: _home(name) for name in names}
        self.parents = {name: CGROUPS / name / f"bench-spawn-{os.getpid()}" for name in names}
        for parent in self.parents.values():
            parent.mkdir()

    def enter(self, run: str) -> None:
        for name, parent in self.parents.items():
            group = f"{parent}/{run}"
            os.mkdir(group)  # noqa: PTH102 — a bare loop does not build path objects
            setting, value = V1_SETTINGS[name]
            _write(f"{group}/{setting}", value)
            _write(f"{group}/tasks", b"0")

    def leave(self) -> None:
        for home in self.homes.values():
            _write(home, b"0")

    def remove(self, run: str) -> None:
        for parent in self.parents.values():
            os.rmdir(f"{parent}/{run}")  # noqa: PTH106 — as above

    def close(self) -> None:
        self.leave()
        for parent in self.parents.values():
            for group in parent.iterdir():
                if group.is_dir():
                    group.rmdir()
            parent.rmdir()


def _home(controller: str) -> str:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return str(CGROUPS / controller / path.lstrip("/") / "tasks")
    message = f"this process is in no {controller} cgroup"
    raise RuntimeError(message)


def _write(path: str, text: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text)
    finally:
        os.close(descriptor)


def launch(ground: Ground, run: str) -> int:
    sandbox = f"{ground.sandboxes}/{run}"
    os.mkdir(sandbox)  # noqa: PTH102 — as above
    out = os.open(f"{sandbox}/stdout", OUTPUT, 0o644)
    err = os.open(f"{sandbox}/stderr", OUTPUT, 0o644)
    ground.enter(run)
    actions = ((os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2))
    pid = os.posix_spawn("/bin/true", ["true"], {"PATH": "/bin"}, file_actions=actions, setpgroup=0)
    ground.leave()
    os.close(out)
    os.close(err)
    return pid


def loop(ground: Ground, count: int, in_flight: int) -> float:
    """Run `count` of them and give the seconds that took."""
    living: dict[int, str] = {}
    begun = time.perf_counter()
    for number in range(count):
        if len(living) == in_flight:
            _reap(ground, living)
        run = str(number)
        living[launch(ground, run)] = run
    while living:
        _reap(ground, living)
    return time.perf_counter() - begun


def _reap(ground: Ground, living: dict[int, str]) -> None:
    pid, status = os.wait()
    if status:
        message = f"true ended with {status}"
        raise RuntimeError(message)
    ground.remove(living.pop(pid))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=10_000)
    options.add_argument("--in-flight", type=int, default=16)
    options.add_argument("--memory", action="store_true", help="a memory cgroup for each run too")
    options.add_argument("--folder", default=tempfile.gettempdir(), help="where the sandboxes go")
    given = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    ground = Ground(given.folder, memory=given.memory)
    try:
        seconds = loop(ground, given.count, given.in_flight)
    finally:
        ground.close()
    print(json.dumps({"count": given.count, "seconds": seconds, "per_second": given.count / seconds}))


if __name__ == "__main__":
    main()
