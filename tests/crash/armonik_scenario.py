"""One crash test of ArmoniK tasks, as a process of its own: `armonik_scenario.py DIRECTORY TASKS KILLS SEED [VICTIM…]`.

A graph of tasks is done while the server, its node's agent, call agents and workers are killed at random; exit code 1
and the faults, if any.
"""

from __future__ import annotations

import json
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import grpc
from crash.armonik_graph import Graph
from crash.armonik_owner import AWAY, Owner
from crash.scenario import free_port
from crash.strikes import Strikes
from live.server import LiveServer, until

from portico.node.site import slice_name
from portico.wire.armonik import result_status_pb2, task_status_pb2  # noqa: TID251 — a client speaks its wire

HERE = Path(__file__).parent
VICTIMS = ("control", "agent", "worker", "both")
PODS = 2
MOST_READ = 2_000
"""Values that are looked at; the others are part of these."""
CGROUPS = Path("/sys/fs/cgroup")
CONFIG = f"""
[log]
level = "info"
[[nodes]]
name = "n1"
cpus = 8
mem = 8192
[doors.armonik.partitions.default]
worker = [{json.dumps(sys.executable)}, "{HERE}/armonik_adder.py"]
pod_reserved = {PODS}
pod_max = {PODS}
"""
COMPLETED, RETRIED = task_status_pb2.TASK_STATUS_COMPLETED, task_status_pb2.TASK_STATUS_RETRIED
MADE = result_status_pb2.RESULT_STATUS_COMPLETED


class PodStrikes(Strikes):
    """Strikes whose workers are the call agents and what these have started."""

    def _workers(self):
        return [pid for pid, names in self._live.run_processes().items() if b"PORTICO_ARMONIK_PARTITION" in names]


class ArmonikCrash:
    """One run of the test: a graph, strikes, judgement."""

    def __init__(self, size, seed, victims):
        grpc_port = free_port()
        self.live = LiveServer(CONFIG, doors=("armonik",), grpc_port=grpc_port, http_port=free_port())
        self.graph = Graph(size, seed)
        self.owner = Owner(f"127.0.0.1:{grpc_port}", self.graph, lambda: self.done)
        self.strikes = PodStrikes(self.live, seed, victims)
        self.done = 0
        self.ends = Counter()
        self._random = random.Random(seed)

    def run(self, kills):
        """Kill so many times while the graph is done, and wait for its end."""
        self.live.start()
        self.owner.start()
        step = self.graph.tasks / (kills + 1)
        while len(self.strikes.done) < kills and self.done < self.graph.tasks:
            self._await_progress(step * self._random.uniform(0.3, 1.3))
            if self._random.random() < 0.5:
                self.owner.submitting.wait(1.0)  # an answer may get lost
            self.strikes.strike()
        self.strikes.end_server()
        self.live.start()
        self._await_end()

    def _look(self):
        """Tell how many tasks are done; a server that is away has not said so."""
        try:
            counts = self.owner.counts()
        except grpc.RpcError as error:
            if error.code() not in AWAY:
                raise
        else:
            self.done = max(self.done, counts.get(COMPLETED, 0))
        return self.done

    def _await_progress(self, tasks):
        """Wait until so many more tasks are done, but not for long."""
        deadline, goal = time.monotonic() + 8, self.done + tasks
        while self._look() < goal and time.monotonic() < deadline:
            time.sleep(0.02)

    def _await_end(self):
        """Wait for the end of all work, as long as there is progress."""
        while self._look() < self.graph.tasks and not self.owner.faults:
            before = self.done
            until(lambda before=before: self._look() > before or self.owner.faults, f"more than {before} tasks", 90.0)

    # ---- judgement -------------------------------------------------------------------------------------------------

    def judge(self):
        """Give every fault found."""
        found = [*self.strikes.surprises, *self.owner.faults]
        if not found:
            found += [*self._judge_tasks(), *self._judge_results(), *self._judge_values()]
        return found

    def _judge_tasks(self):
        """Every task is done exactly once, after tries that follow each other."""
        tries: dict[str, list] = {}
        for task in self.owner.all_tasks():
            self.ends[task_status_pb2.TaskStatus.Name(task.status)] += 1
            tries.setdefault(task.initial_task_id, []).append(task)
        if len(tries) != self.graph.tasks:
            yield f"there are {len(tries)} tasks, and {self.graph.tasks} were wanted"
        for first, mine in tries.items():
            mine.sort(key=lambda task: len(task.retry_of_ids))
            names = [first, *(f"{first}###{number}" for number in range(1, len(mine)))]
            states = [task.status for task in mine]
            if [task.id for task in mine] != names or states != [RETRIED] * (len(mine) - 1) + [COMPLETED]:
                yield f"{first} was tried as {[(task.id, task.status) for task in mine]}"
        counts = self.owner.counts()
        if counts != {state: count for state, count in ((COMPLETED, len(tries)), (RETRIED, self._retries())) if count}:
            yield f"the counts are {counts}, and the list has {self.ends}"

    def _retries(self):
        return self.ends["TASK_STATUS_RETRIED"]

    def _judge_results(self):
        """Every result of a task is there; those that an answer was lost for belong to nobody."""
        found = {one.result_id: one for one in self.owner.all_results()}
        lost = [one for one in self.owner.outputs if one not in found]
        if lost:
            yield f"{len(lost)} results are lost: {lost[:5]}"
        for one in found.values():
            if one.owner_task_id and one.status != MADE:
                yield f"{one.result_id} of {one.owner_task_id} is {result_status_pb2.ResultStatus.Name(one.status)}"
        strangers = [one for one in self.owner.outputs if one in found and not found[one].owner_task_id]
        if strangers:
            yield f"{len(strangers)} results belong to nobody: {strangers[:5]}"
        if len(self.owner.told()) != self.graph.size:
            yield f"events tell of {len(self.owner.told())} results"

    def _judge_values(self):
        sinks = self.graph.sinks()
        for number in self._random.sample(sinks, min(MOST_READ, len(sinks))):
            value = int(self.owner.value(number))
            if value != self.graph.values[number]:
                yield f"task {number} made {value} and not {self.graph.values[number]}"

    def left(self):
        """Take the server down for good, and give what is left of it."""
        code = self.live.down()
        left = [f"process {pid} is left" for pid in self.live.run_processes()]
        left += [f"{name} {pid} is left" for name in ("keeper", "agent") for pid in self.live.holders(name).values()]
        left += [f"cgroup {path} is left" for path in CGROUPS.rglob(slice_name(self.live.data / "nodes" / "n1"))]
        return left if code == 0 else [*left, f"the server went down with code {code}"]

    def tell(self):
        """Print what is under way, and the ends of all logs."""
        for pid, names in self.live.run_processes().items():
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            print(f"--- process {pid} of {names.get(b'PORTICO_RUN_ID')}: {command}")
        for log in (self.live.log, *sorted((self.live.data / "nodes").glob("*/*.log"))):
            print(f"--- {log}, its end:\n{log.read_text(errors='replace')[-6000:]}")

    def close(self):
        self.owner.close()
        self.live.clean()


def main(size, kills, seed, victims):
    run, began = ArmonikCrash(size, seed, victims), time.monotonic()
    try:
        run.run(kills)
        worked = time.monotonic() - began
        found = run.judge() + run.left()
    except Exception:
        found, worked = [traceback.format_exc(), *run.owner.faults], time.monotonic() - began
    print(
        f"seed {seed}: {run.done} of {run.graph.tasks} tasks in {worked:.0f} s; {json.dumps(run.ends)}; "
        f"{run.owner.lost_answers} lost answers"
    )
    print(f"{len(run.strikes.done)} kills: {json.dumps(run.strikes.done)}")
    if found or not run.done:
        run.tell()
        print("--- faults:", *found[:50], sep="\n")
    run.close()
    return 1 if found or not run.done else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:] or VICTIMS))
