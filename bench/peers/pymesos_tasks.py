"""A framework on pymesos that launches command tasks, batch by batch, and prints how many finished a second.

Runs in an environment of its own that has pymesos: `python pymesos_tasks.py MASTER COUNT`.
"""

import json
import sys
import threading
import time
from typing import Any

from addict import Dict
from pymesos import MesosSchedulerDriver, Scheduler

CPUS, MEMORY = 0.1, 32


class Launcher(Scheduler):
    def __init__(self, count: int) -> None:
        self.count = count
        self.launched = self.finished = 0
        self.begun = self.seconds = 0.0
        self.done = threading.Event()

    def resourceOffers(self, driver: Any, offers: Any) -> None:  # noqa: N802 — the library's own name
        self.begun = self.begun or time.perf_counter()
        for offer in offers:
            have = {resource.name: resource.scalar.value for resource in offer.resources if resource.type == "SCALAR"}
            # What a node has all given away is not in its offer.
            cpus, memory = have.get("cpus", 0), have.get("mem", 0)
            fits = min(int(cpus / CPUS + 1e-6), int(memory / MEMORY), self.count - self.launched)
            tasks = [_task(number, offer) for number in range(self.launched, self.launched + fits)]
            self.launched += fits
            driver.launchTasks(offer.id, tasks, {"refuse_seconds": 0})

    def statusUpdate(self, _driver: Any, update: Any) -> None:  # noqa: N802
        if update.state == "TASK_FINISHED":
            self.finished += 1
            if self.finished == self.count:
                self.seconds = time.perf_counter() - self.begun
                self.done.set()


def _task(number: int, offer: Any) -> Any:
    task = Dict(name="true", task_id={"value": f"task-{number}"}, agent_id=offer.agent_id)
    task.command = {"shell": False, "value": "/bin/true"}
    task.resources = [
        {"name": name, "type": "SCALAR", "scalar": {"value": amount}}
        for name, amount in (("cpus", CPUS), ("mem", MEMORY))
    ]
    return task


def main(master: str, count: str) -> None:
    launcher = Launcher(int(count))
    driver = MesosSchedulerDriver(launcher, {"user": "root", "name": "bench"}, master, use_addict=True)
    driver.start()
    if not launcher.done.wait(300):
        sys.exit(f"only {launcher.finished} of {count} finished")
    driver.stop()
    print(json.dumps({"per_second": launcher.count / launcher.seconds}))


main(*sys.argv[1:])
