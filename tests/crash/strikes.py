"""Who is killed, and what a person would then do."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Iterable

from live.server import LiveServer, until

WEIGHTS = {"control": 4, "agent": 4, "worker": 4, "both": 2, "node": 2, "keeper": 1, "everything": 1}
WORKERS_PATIENCE = 40.0
"""Workers that end quickly again and again are started after pauses of up to 30 s."""


class Strikes:
    """Kills at random, from one seed."""

    def __init__(self, live: LiveServer, seed: int, victims: Iterable[str] = WEIGHTS) -> None:
        self._live = live
        self._random = random.Random(seed)
        self._victims = {victim: WEIGHTS[victim] for victim in victims}
        self.done: list[str] = []
        self.surprises: list[str] = []
        self._killed: set[int] = set()

    def strike(self) -> None:
        """Kill something, and start the server again where that is needed."""
        victim = self._random.choices(list(self._victims), list(self._victims.values()))[0]
        killed = getattr(self, f"_{victim}")()
        self.done.append(f"{victim} {killed}")

    def end_server(self):
        """Kill the server; one that had ended by itself is a defect."""
        process = self._live.process
        if process.poll() is not None:
            self.surprises.append(f"the server ended by itself with code {process.returncode}")
        self._live.kill()
        return [process.pid]

    def _control(self):
        killed = self.end_server()
        self._live.spawn()
        if self._random.random() < 0.7:  # else the next strike may hit it while it starts
            self._live.await_ready()
        return killed

    def _agent(self):
        return self._kill(until(self._fresh_agents, "an agent"))

    def _fresh_agents(self):
        """Give the agents that were not killed yet; a dying one may still hold its lock."""
        agents = set(self._live.holders("agent").values()) - self._killed
        self._killed |= agents
        return agents

    def _worker(self):
        workers = until(self._workers, "a worker", WORKERS_PATIENCE)
        return self._kill(self._random.sample(workers, min(len(workers), self._random.randint(1, 2))))

    def _workers(self):
        return [pid for pid, names in self._live.run_processes().items() if b"PORTICO_WORKER_FLEET" in names]

    def _both(self):
        """Kill the agent and the server, in either order; the keeper lives on."""
        agents = until(self._fresh_agents, "an agent")
        if self._random.random() < 0.5:
            return self._kill(agents) + self._control()
        killed = self.end_server() + self._kill(agents)
        self._live.spawn()
        return killed

    def _keeper(self):
        return self._kill(self._live.holders("keeper").values()) + self._control()

    def _node(self):
        """Kill keeper and agent, in either order; a new keeper comes with the next start of the server."""
        return self._kill(self._node_processes()) + self._control()

    def _everything(self):
        """Kill the server first, then its node."""
        killed = self.end_server() + self._kill(self._node_processes())
        self._live.spawn()
        return killed

    def _node_processes(self):
        pids = [*self._live.holders("keeper").values(), *self._live.holders("agent").values()]
        self._random.shuffle(pids)
        return pids

    @staticmethod
    def _kill(pids):
        killed = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        return killed
