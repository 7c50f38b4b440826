"""One crash test of the Mesos door, as a process of its own: `mesos_scenario.py DIRECTORY KILLS SEED`.

A framework keeps tasks under way while its master and the node's agent are killed at random; exit code 1 and the faults,
if any.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from crash.mesos_framework import UNKNOWN, Framework
from crash.scenario import free_port
from live.server import LiveServer, until

WANTED = 200
SETTLING = 60.0
CONFIG = """
[log]
level = "info"
[[nodes]]
name = "n1"
cpus = 64
mem = 65536
[timers]
"mesos.status_retry" = "2s"
"""
NEVER, CUT_OFF, WHOLE = [], ["start"], ["start", "end"]
EXPECTED = {
    ("TASK_FINISHED", ""): (WHOLE,),
    ("TASK_LOST", "REASON_RECONCILIATION"): (NEVER,),
    ("TASK_LOST", "REASON_INVALID_OFFERS"): (NEVER,),
    ("TASK_LOST", "REASON_AGENT_DISCONNECTED"): (NEVER,),
    ("TASK_LOST", "REASON_AGENT_RESTARTED"): (NEVER, CUT_OFF, WHOLE),
}
"""What a task may have done that ended so: the agent cannot tell how far one came that it was just starting when it was
killed; all the others that are lost were never begun."""


class MesosCrash:
    def __init__(self, directory, seed):
        self.files = directory / "tasks"
        self.files.mkdir()
        port = free_port()
        self.live = LiveServer(CONFIG, doors=("mesos",), mesos_port=port)
        self.framework = Framework(f"127.0.0.1:{port}", self.files, seed)
        self._random = random.Random(seed)
        self.done: list[str] = []
        self._killed: set[int] = set()

    async def run(self, kills):
        """Have tasks under way and kill so many times; then wait for the end of everything that was launched."""
        await asyncio.to_thread(self.live.start)
        framework = self.framework
        framework.wanted = WANTED
        self._being = asyncio.create_task(framework.run())
        try:
            while len(self.done) < kills:
                await self._some_ends()
                await asyncio.sleep(self._random.uniform(0, 0.4))
                await self._strike()
            framework.wanted = 0
            await self._until(lambda: not framework.open, "the end of every task")
            await self._leave()
        finally:
            self._being.cancel()
            await asyncio.wait((self._being,))

    async def _some_ends(self):
        """Wait until a few more tasks have ended than before, but not for long."""
        count = len(self.framework.ends) + 20
        with contextlib.suppress(AssertionError):
            await self._until(lambda: len(self.framework.ends) >= count, "some progress", 2.0)

    async def _until(self, look, what, patience=SETTLING):
        end = time.monotonic() + patience
        while not look():
            assert not self._being.done(), self._being.exception()
            assert time.monotonic() < end, f"not within {patience:g} s: {what}"
            await asyncio.sleep(0.02)

    async def _strike(self):
        victim = self._random.choice(("master", "agent", "agent", "master", "both"))
        killed = []
        if victim != "master":
            killed += await asyncio.to_thread(self._kill_agent)
        if victim != "agent":
            killed += await asyncio.to_thread(self._kill_master)
        self.done.append(f"{victim} {killed}")

    def _kill_master(self):
        process = self.live.process
        if process.poll() is not None:
            self.framework.faults.append(f"the server ended by itself with code {process.returncode}")
        self.live.kill()
        self.live.start()
        return [process.pid]

    def _kill_agent(self):
        pids = until(self._fresh_agents, "an agent")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return sorted(pids)

    def _fresh_agents(self):
        """Give the agents that were not killed yet; a dying one may still hold its lock."""
        agents = set(self.live.holders("agent").values()) - self._killed
        self._killed |= agents
        return agents

    async def _leave(self):
        """Ask for all that the master knows, which is nothing any more, and go."""
        framework = self.framework
        framework.reconcile()
        framework.reconcile(UNKNOWN)
        async with asyncio.timeout(20):
            await framework.probe.wait()
        framework.tear_down()
        async with asyncio.timeout(20):
            await self._being

    def judge(self):
        """Give every fault found."""
        found = list(self.framework.faults)
        for name, end in self.framework.ends.items():
            file = self.files / name
            lines = [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []
            if lines not in EXPECTED.get((end.state, end.reason), ()):
                found.append(f"{name} is {end.state} {end.reason} and did {lines}")
        started = {path.name for path in self.files.iterdir()}
        found += [f"{name} was started and never launched" for name in started - self.framework.launched.keys()]
        return found

    def left(self):
        """Take the server down for good, and give what is left of it."""
        code = self.live.down()
        left = [
            f"process {pid} of {names.get(b'PORTICO_RUN_ID')} is left"
            for pid, names in self.live.run_processes().items()
        ]
        left += [f"{name} {pid} is left" for name in ("keeper", "agent") for pid in self.live.holders(name).values()]
        return left if code == 0 else [*left, f"the server went down with code {code}"]

    def tell(self):
        print("--- open:", *sorted(self.framework.open)[:20])
        for log in (self.live.log, *sorted((self.live.data / "nodes").glob("*/*.log"))):
            print(f"--- {log}, its end:\n{log.read_text(errors='replace')[-6000:]}")


def main(directory, kills, seed):
    run = MesosCrash(Path(directory), seed)
    try:
        asyncio.run(run.run(kills))
        found = run.judge() + run.left()
    except Exception:
        found = [traceback.format_exc()]
    framework = run.framework
    ends = Counter(f"{end.state} {end.reason}".strip() for end in framework.ends.values())
    print(f"seed {seed}: {len(framework.launched)} tasks: {json.dumps(ends)}; {framework.subscriptions} subscriptions")
    print(f"{len(run.done)} kills: {json.dumps(run.done)}")
    if found or not framework.ends:
        run.tell()
        print("--- faults:", *found[:50], sep="\n")
    run.live.clean()
    return 1 if found or not framework.ends else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
