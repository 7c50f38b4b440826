"""One crash test, as a process of its own: `scenario.py DIRECTORY KILLS SECONDS SEED [VICTIM…]`; exit code 1 and the faults, if any.

It is a program so that it can be given process numbers of its own: whatever is killed by mistake is part of it.
"""

from __future__ import annotations

import json
import socket
import sys
import time
import traceback
from pathlib import Path

from crash.judging import faults, read
from crash.load import Load
from crash.strikes import WEIGHTS, Strikes
from doors.jobv1.client import upstream
from doors.jobv1.client.remote import COMPLETED, Remote
from live.server import LiveServer, until

HERE = Path(__file__).parent
SETTLING = 90.0
KINDS = f"""
[log]
level = "info"
[[nodes]]
name = "n1"
cpus = 8
mem = 8192
[kinds.work]
command = ["{HERE}/attempt.sh", "{{0}}", "{{1}}", "{{2}}"]
retries = -1
[python]
modules = ["crash_kinds"]
path = ["{HERE}"]
workers = 3
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Crash:
    """One run of the test: load, strikes, settling, judgement."""

    def __init__(self, directory, seed, victims):
        self.files = directory / "attempts"
        self.files.mkdir()
        grpc, http = free_port(), free_port()
        self.live = LiveServer(KINDS, grpc_port=grpc, http_port=http)
        self.remote = Remote(upstream.generate(directory / "stubs", upstream.LATER), f"127.0.0.1:{grpc}")
        self.load = Load(self.remote, self.files, seed)
        self.strikes = Strikes(self.live, seed, victims)
        self.progress = 0

    def run(self, kills, seconds):
        """Kill so many times, or until the time is over; between two kills some work must have come to its end."""
        self.live.start()
        self.load.start()
        end = time.monotonic() + seconds
        while len(self.strikes.done) < kills and time.monotonic() < end:
            self.await_progress()
            self.strikes.strike()
        self.settle()

    def await_progress(self):
        """Wait for one more attempt than there was after the last strike, but not for long."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            now = sum(1 for _ in self.files.iterdir())
            if now > self.progress:
                self.progress = now
                return
            time.sleep(0.01)

    def settle(self):
        """Have everything up, stop the load, and wait for the end of all work."""
        self.strikes.end_server()
        self.live.start()  # a keeper that was killed comes back with the server
        self.load.finish()
        until(self.load.done, "the end of all work", SETTLING)

    def judge(self):
        """Give every fault found."""
        instances = {found["uuid"]: found for found in self.remote.call("LookupInstances", bounds=False)["instances"]}
        found = [*self.load.surprises, *self.strikes.surprises]
        for uuid, path in self.load.promised.items():
            instance = instances.get(uuid)
            if instance is None:
                found.append(f"{uuid} was answered and is lost")
                continue
            if instance["state"] != COMPLETED:
                found.append(f"{uuid} is {instance['state']}: {instance.get('error')}")
            found += [f"{uuid} {fault}" for fault in faults(read(path), instance["state"] == COMPLETED)]
        strangers = [one for one in instances.values() if one["uuid"] not in self.load.promised]
        found += [f"{one['uuid']} is {one['state']}" for one in strangers if one["state"] != COMPLETED]
        return found

    def leave(self):
        """Take the server down for good, and give what is left of it."""
        code = self.live.down()
        left = [
            f"process {pid} of {names.get(b'PORTICO_RUN_ID')} is left"
            for pid, names in self.live.run_processes().items()
        ]
        left += [f"{name} {pid} is left" for name in ("keeper", "agent") for pid in self.live.holders(name).values()]
        return left if code == 0 else [*left, f"the server went down with code {code}"]

    def tell(self):
        """Print what is under way, and the ends of all logs."""
        if self.live.process.poll() is None:
            for what in (
                "/overview",
                "/nodes",
                "/instances?state=waiting&state=pending&state=running",
                "/runs?active=1",
            ):
                print(
                    f"--- {what}",
                    *(map(json.dumps, self.live.get(what)) if what != "/overview" else [self.live.get(what)]),
                    sep="\n",
                )
        for pid, names in self.live.run_processes().items():
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            print(f"--- process {pid} of {names.get(b'PORTICO_RUN_ID')}: {command}")
        for log in (self.live.log, *sorted((self.live.data / "nodes").glob("*/keeper.log"))):
            print(f"--- {log}, its end:\n{log.read_text()[-6000:]}")

    def close(self):
        self.remote.kill()
        self.live.clean()


def main(directory, kills, seconds, seed, victims):
    run = Crash(Path(directory), seed, victims)
    try:
        run.run(kills, seconds)
        found = run.judge() + run.leave()
    except Exception:
        found = [traceback.format_exc()]
    print(
        f"seed {seed}: {len(run.load.promised)} instances, {len(run.strikes.done)} kills: {json.dumps(run.strikes.done)}"
    )
    if found or not run.load.promised:
        run.tell()
        print("--- faults:", *found[:50], sep="\n")
    run.close()
    return 1 if found or not run.load.promised else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5:] or WEIGHTS))
