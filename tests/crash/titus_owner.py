"""A client that owns jobs: it makes batches, and grows, shrinks, kills and moves the tasks of pairs of service jobs.

It goes on while the server comes and goes, and keeps record of what it was promised. An answer that got lost leaves two
possibilities; what is read later must be one of them.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
import traceback
from pathlib import Path
from typing import NamedTuple

from clients.titus.descriptors import batch, immediate, service
from clients.titus.doors import OverGrpc
from clients.titus.remote import Refused, Remote
from crash.titus_story import Story
from crash.titus_watcher import AWAY

HERE = Path(__file__).parent
UNDER_WAY = 5
MOST = 8
LARGE = 130
"""Tasks of a batch that is made, and killed, in several steps."""
PATIENCE = 60.0
SECONDS = ("0", "0.05", "0.2", "0.8")
TOO_LATE = {"NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT"}
"""How a change may be refused because the task was over, or the job too small, when it came."""
RETRIES = (0, 1, 3)


class Batch(NamedTuple):
    """A batch job as it was asked for; tasks with `index % 3 == 2` fail, unless they all are to sleep past their limit."""

    name: str
    size: int
    retries: int
    endless: bool


class Pair:
    """Two service jobs that run the same things, and the sizes that they may have."""

    def __init__(self, jobs, sizes):
        self.jobs = jobs
        self.possible = {tuple(sizes)}

    def change(self, made, certain):
        """Note a change that was made, or that may have been."""
        after = {made(sizes) for sizes in self.possible}
        self.possible = after if certain else self.possible | after


class Owner(threading.Thread):
    """Works while it is told to go on; `calm` is the file whose presence lets restless services be at rest."""

    def __init__(self, stubs, target, log, files, seed):
        super().__init__(name="owner", daemon=True)
        self._remote = Remote(stubs, target, log)
        self.door = OverGrpc(self._remote)
        self._files = files
        self._random = random.Random(seed)
        self._names = itertools.count()
        self._enough = threading.Event()
        self.calm = files / "calm"
        self.story = Story("the owner")
        self.batches: dict[str, Batch] = {}
        self.killed: set[str] = set()
        """Batch jobs that may have been killed."""
        self.open: set[str] = set()
        self.pairs: list[Pair] = []
        self.tasks: set[str] = set()
        self.faults: list[str] = []
        self.changes = 0

    def run(self):
        try:
            while not self._enough.is_set():
                self._act()
                time.sleep(0.02)
        except Exception:
            self.faults.append(f"the owner failed: {traceback.format_exc()}")

    def finish(self):
        self._enough.set()
        self.join(PATIENCE)
        assert not self.is_alive(), "the owner does not end"

    def close(self):
        """End its client, whatever it does."""
        self._enough.set()
        self._remote.kill()

    def begin(self):
        """Make the pairs of services, one of steady tasks and one of tasks that keep ending."""
        steady = f"echo start $TITUS_TASK_ID $$ 0 >> {self._files}/s-$TITUS_TASK_ID; exec sleep 900"
        restless = (
            f"echo start $TITUS_TASK_ID $$ 0 >> {self._files}/s-$TITUS_TASK_ID; sleep $(($$ % 3 + 1));"
            f" [ -e {self.calm} ] || exit $(($$ % 2)); exec sleep 900"
        )
        for script in (steady, restless):
            described = [service(script, desired=desired, most=MOST) for desired in (4, 2)]
            jobs = [self.door.create(one) for one in described]
            self.pairs.append(Pair(jobs, (4, 2)))

    def _act(self):
        choice = self._random.random()
        try:
            if choice < 0.35 and len(self.open) < UNDER_WAY:
                self._create()
            elif choice < 0.4 and self.open:
                self._kill_batch()
            elif choice < 0.65:
                self.look()
            else:
                self._change(self._random.choice(self.pairs), self._random.randrange(2))
        except Refused as error:
            if error.code not in AWAY:
                raise
            self._enough.wait(0.05)

    # ---- batches ---------------------------------------------------------------------------------------------------

    def _create(self):
        endless = self._random.random() < 0.1
        size = LARGE if self._random.random() < 0.08 else self._random.randint(1, 8)
        wanted = Batch(f"b{next(self._names)}", size, self._random.choice(RETRIES), endless)
        seconds = "900" if endless else self._random.choice(SECONDS)
        script = (
            f"{HERE}/attempt.sh {self._files}/{wanted.name}-$TITUS_TASK_INDEX {seconds} -;"
            f" exit $((TITUS_TASK_INDEX % 3 == 2))"
        )
        retry = self._random.choice(
            (
                immediate(wanted.retries),
                {"delayed": {"delayMs": 300, "retries": wanted.retries}},
                {"exponentialBackOff": {"initialDelayMs": 100, "maxDelayIntervalMs": 500, "retries": wanted.retries}},
            )
        )
        job = self.door.create(batch(script, size=wanted.size, limit=6 if endless else 600, retry=retry))
        self.batches[job] = wanted
        self.open.add(job)

    def _kill_batch(self):
        job = self._random.choice(sorted(self.open))
        self.killed.add(job)
        try:
            self.door.kill_job(job)
        except Refused as error:
            if error.code not in TOO_LATE:
                raise

    def look(self):
        """Read the jobs that may not be over, and the tasks of one service."""
        for job in sorted(self.open):
            record = self.door.job(job)
            self.story.tell("job", record)
            if record["status"]["state"] == "Finished":
                self.open.discard(job)
        pair = self._random.choice(self.pairs)
        self.check_sizes(pair)
        self._started_tasks(self._random.choice(pair.jobs))

    # ---- services --------------------------------------------------------------------------------------------------

    def check_sizes(self, pair):
        """Read the sizes of a pair, which must be ones that it may have; then they are known."""
        sizes = []
        for job in pair.jobs:
            record = self.door.job(job)
            self.story.tell("job", record)
            sizes.append(record["jobDescriptor"]["service"]["capacity"]["desired"])
        if tuple(sizes) not in pair.possible:
            self.faults.append(f"{pair.jobs} have sizes {sizes}, and may have {sorted(pair.possible)}")
        pair.possible = {tuple(sizes)}

    def _started_tasks(self, job):
        found = self.door.tasks(1_000, jobIds=job)["items"]
        for task in found:
            self.story.tell("task", task)
            self.tasks.add(task["id"])
        return [task["id"] for task in found if task["status"]["state"] == "Started"]

    def _change(self, pair, which):
        """Do one thing to one service of a pair."""
        job, other = pair.jobs[which], pair.jobs[1 - which]
        what = self._random.choice(("size", "kill", "kill", "shrink", "move", "move"))
        if what == "size":
            size = self._random.randint(0, MOST)
            self._do(pair, _with(which, lambda _: size), self.door.part_of_capacity, job, desired=size)
            return
        tasks = self._started_tasks(job)
        if not tasks:
            return
        task = self._random.choice(tasks)
        if what == "kill":
            self._do(pair, lambda sizes: sizes, self.door.kill_task, task)
        elif what == "shrink":
            self._do(pair, _with(which, lambda size: max(0, size - 1)), self.door.kill_task, task, shrink=True)
        else:
            made = _moved(which)
            self._do(pair, made, self.door.move, job, other, task)

    def _do(self, pair, made, act, *args, **named):
        self.changes += 1
        try:
            act(*args, **named)
        except Refused as error:
            if error.code in TOO_LATE:
                return
            pair.change(made, certain=False)
            raise
        pair.change(made, certain=True)


def _with(which, changed):
    def made(sizes):
        return tuple(changed(size) if place == which else size for place, size in enumerate(sizes))

    return made


def _moved(which):
    def made(sizes):
        return tuple(size - 1 if place == which else size + 1 for place, size in enumerate(sizes))

    return made
