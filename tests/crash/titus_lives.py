"""One crash test of the life of Titus jobs, as a process of its own: `titus_lives.py DIRECTORY KILLS SEED [VICTIM…]`.

An owner makes batches and changes services, and a watcher follows all of it, while the server and its agent are killed
at random; exit code 1 and the faults, if any.
"""

from __future__ import annotations

import json
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from clients.titus import stubs
from clients.titus.conftest import TITUS, TitusServer, node
from clients.titus.remote import Refused
from clients.titus.waiting import archived, started
from crash.scenario import free_port
from crash.strikes import Strikes
from crash.titus_judging import batch_faults, slot_faults, starts
from crash.titus_owner import Owner
from crash.titus_story import disagreements, in_order, stages
from crash.titus_watcher import AWAY, Watcher
from live.server import until

from portico.node.site import slice_name

VICTIMS = ("control", "agent", "both")
SETTLING = 90.0
AFTERWARDS = 20
"""Changes of services after the last kill: what the watcher then knows it was not told in a snapshot."""
CGROUPS = Path("/sys/fs/cgroup")


class TitusLives:
    """One run of the test: load, strikes, settling, judgement."""

    def __init__(self, directory, seed, victims):
        files = directory / "tasks"
        files.mkdir()
        self.live = TitusServer(TITUS + node("n1"), doors=("titus",), grpc_port=free_port(), http_port=free_port())
        place, target = stubs.generate(directory / "stubs"), f"127.0.0.1:{self.live.ports['grpc_port']}"
        self.owner = Owner(place, target, directory / "owner.log", files, seed)
        self.watcher = Watcher(place, target, directory / "watcher.log")
        self.door = self.owner.door
        self.files = files
        self.strikes = Strikes(self.live, seed, victims)
        self.ends = Counter()
        self._random = random.Random(seed)

    def run(self, kills):
        """Kill so many times while owner and watcher are at work; then wait for quiet."""
        self.live.start()
        self.owner.begin()
        self.owner.start()
        self.watcher.start()
        while len(self.strikes.done) < kills:
            time.sleep(self._random.uniform(0.05, 1.5))
            self.strikes.strike()
        self.strikes.end_server()
        self.live.start()
        changes = self.owner.changes
        until(lambda: self.owner.changes >= changes + AFTERWARDS or self.owner.faults, "more changes", SETTLING)
        self.owner.finish()
        self.owner.calm.touch()
        until(self._over, "the end of every batch job", SETTLING)

    def _over(self):
        """Tell whether all batch jobs are over; a server that cannot be reached yet has not said so."""
        try:
            self.owner.look()
        except Refused as error:
            if error.code not in AWAY:
                raise
            return False
        return not self.owner.open and len(self.door.jobs(1_000)["items"]) == len(self._services())

    def _services(self):
        return [job for pair in self.owner.pairs for job in pair.jobs]

    # ---- judgement -------------------------------------------------------------------------------------------------

    def judge(self):
        """Give every fault found."""
        found = [*self.strikes.surprises, *self.owner.faults]
        found += self._judge_services()
        found += self._judge_pictures()
        found += self._judge_known()
        found += disagreements(self.owner.story, self.watcher.story)
        for source in (self.owner.story, self.watcher.story):
            found += source.faults
        return [*found, *self.watcher.faults, *self._judge_batches(), *self._judge_ends()]

    def _judge_services(self):
        """Judge the services at rest: each has its tasks, and there are their processes and no others."""
        found, wanted = [], set()
        for pair in self.owner.pairs:
            self.owner.check_sizes(pair)
            (sizes,) = pair.possible
            for job, size in zip(pair.jobs, sizes, strict=True):
                wanted |= {task["id"] for task in started(self.door, job, size, SETTLING)}
        running = {names[b"TITUS_TASK_ID"].decode() for names in self.live.run_processes().values()}
        if running != wanted:
            found.append(f"started tasks without a process: {wanted - running}; processes without: {running - wanted}")
        return found

    def _judge_pictures(self):
        """Judge whether the watcher, which hears nothing more, knows what can be read."""
        self.watcher.finish()
        active = "Accepted,Launched,StartInitiated,Started,KillInitiated"
        read = [*self.door.jobs(1_000)["items"], *self.door.tasks(1_000, taskStates=active)["items"]]
        readable, told = {one["id"]: one for one in read}, self.watcher.picture
        different = [one for one in readable.keys() | told.keys() if readable.get(one) != told.get(one)]
        return [f"told {told.get(one)}\nand to read is {readable.get(one)}" for one in different]

    def _judge_known(self):
        """Judge whether everything that was ever told is still known, and not as something older."""
        for story in (self.owner.story, self.watcher.story):
            for identity, told in story.last.items():
                record = self.door.job(identity) if told.kind == "job" else self.door.task(identity)
                version = int(record["version"]["timestamp"])
                if version < told.version or not in_order(told.kind, record):
                    yield f"{told.kind} {identity} was told of at {told.version} and is {stages(record)} at {version}"
        for job in self.owner.batches:
            self.door.job(job)

    def _judge_batches(self):
        for job, wanted in self.owner.batches.items():
            tasks = archived(self.door, job)
            self.ends.update(map(_end, tasks))
            yield from slot_faults(tasks)
            killed = job in self.owner.killed
            yield from (f"{job} {fault}" for fault in batch_faults(tasks, wanted, killed, self.files))

    def _judge_ends(self):
        """End the services; no process may be left, and no task may ever have been started twice."""
        for job in self._services():
            self.door.kill_job(job)
        until(lambda: not self.door.jobs(1_000)["items"], "the end of every service", SETTLING)
        tasks = [task for job in self._services() for task in archived(self.door, job)]
        self.ends.update(map(_end, tasks))
        yield from slot_faults(tasks)
        left = self.live.run_processes()
        yield from (f"process {pid} of {names.get(b'TITUS_TASK_ID')} goes on" for pid, names in left.items())
        for path in self.files.glob("s-*"):
            task, count = path.name.removeprefix("s-"), len(starts(path))
            if count != 1:
                yield f"{task} was started {count} times"
            if self.door.task(task)["status"]["state"] != "Finished":
                yield f"{task} was started and is not over"

    def left(self):
        """Take the server down for good, and give what is left of it."""
        code = self.live.down()
        left = [f"process {pid} is left" for pid in self.live.run_processes()]
        left += [f"{name} {pid} is left" for name in ("keeper", "agent") for pid in self.live.holders(name).values()]
        slice_of_node = slice_name(self.live.data / "nodes" / "n1")
        left += [f"cgroup {path} is left" for path in CGROUPS.rglob(slice_of_node)]
        return left if code == 0 else [*left, f"the server went down with code {code}"]

    def tell(self):
        """Print what is under way, and the ends of all logs."""
        print("--- open:", *sorted(self.owner.open)[:20])
        for log in (self.live.log, *sorted((self.live.data / "nodes").glob("*/*.log"))):
            print(f"--- {log}, its end:\n{log.read_text(errors='replace')[-6000:]}")

    def close(self):
        self.owner.close()
        self.watcher.close()
        self.live.clean()


def _end(task):
    """Tell how a task ended, and of one that was lost, why."""
    code, message = task["status"]["reasonCode"], task["status"]["reasonMessage"]
    return f"lost: {message}" if code == "lost" else code


def main(directory, kills, seed, victims):
    run = TitusLives(Path(directory), seed, victims)
    try:
        run.run(kills)
        found = run.judge() + run.left()
    except Exception:
        found = [traceback.format_exc(), *run.owner.faults, *run.watcher.faults]
    owner, watcher = run.owner, run.watcher
    known = Counter(told.kind for told in watcher.story.last.values())
    print(
        f"seed {seed}: {len(owner.batches)} batches, {owner.changes} changes of services; the watcher connected "
        f"{watcher.connections} times and knows {json.dumps(known)}, {len(watcher.story.contents)} versions; "
        f"tasks: {json.dumps(run.ends)}"
    )
    print(f"{len(run.strikes.done)} kills: {json.dumps(run.strikes.done)}")
    idle = not (owner.batches and owner.changes and watcher.connections and run.ends)
    if found or idle:
        run.tell()
        print("--- faults:", *found[:50], sep="\n")
    run.close()
    return 1 if found or idle else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] or VICTIMS))
