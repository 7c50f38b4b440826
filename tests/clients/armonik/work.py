"""A session of tasks as the tests speak of it: orders go in, tasks and results come out."""

from __future__ import annotations

import itertools
import json
from typing import NamedTuple

from clients.armonik.program import Refused, options, said, task
from live.server import until

CREATING, SUBMITTED, DISPATCHED, COMPLETED, ERROR, TIMEOUT, CANCELLING, CANCELLED, PROCESSING = range(1, 10)
RETRIED, PENDING, PAUSED = 11, 12, 13
FINAL = {COMPLETED, ERROR, TIMEOUT, CANCELLED, RETRIED}
"""States of tasks, by their numbers on the wire."""
CREATED, MADE, ABORTED, DELETED = 1, 2, 3, 4
"""States of results."""
RUNNING, S_CANCELLED, S_PAUSED, CLOSED, PURGED, S_DELETED = range(1, 7)
"""States of sessions."""
PATIENCE = 25.0


class Piece(NamedTuple):
    """One submitted task: its id, and those of its payload and of its outputs."""

    task: str
    payload: str
    outputs: tuple[str, ...]

    @property
    def output(self):
        return self.outputs[0]


class Work:
    """One session; `defaults` are its task options."""

    def __init__(self, client, folder, partitions, defaults):
        self.client = client
        self.folder = folder
        self._numbers = itertools.count()
        self.id = client.sessions.create_session(options(partition_id=partitions[0], **defaults), list(partitions))

    def leave(self):
        """Cancel what is left, so that the next test finds idle workers."""
        try:
            self.client.sessions.cancel_session(self.id)
        except Refused as refusal:
            if refusal.code not in {"FAILED_PRECONDITION", "NOT_FOUND"}:
                raise

    # ---- into it ---------------------------------------------------------------------------------------------------

    def results(self, *data):
        """Create results with data; gives their ids."""
        names = [f"d{next(self._numbers)}" for _ in data]
        made = self.client.results.create_results(dict(zip(names, data, strict=True)), self.id, batch_size=100)
        return [made[name]["result_id"] for name in names]

    def promises(self, count=1):
        """Create results without data; gives their ids."""
        names = [f"o{next(self._numbers)}" for _ in range(count)]
        made = self.client.results.create_results_metadata(names, self.id)
        return [made[name]["result_id"] for name in names]

    def submit(self, *orders, needs=(), outputs=1, **chosen):
        """Submit a task for each order; gives their Pieces."""
        payloads = self.results(*(json.dumps(order).encode() for order in orders))
        promised = [self.promises(outputs) for _ in orders]
        given = [task(one, out, list(needs), **chosen) for one, out in zip(payloads, promised, strict=True)]
        made = self.client.tasks.submit_tasks(self.id, given)
        return [Piece(*one) for one in zip([each["id"] for each in made], payloads, map(tuple, promised), strict=True)]

    def one(self, do, needs=(), outputs=1, chosen=None, **order):
        """Submit one task that does something."""
        return self.submit({"do": do, **order}, needs=needs, outputs=outputs, **(chosen or {}))[0]

    def file(self, name):
        return str(self.folder / name)

    def busy(self, **chosen):
        """Submit a task that has begun and goes on until `release` is called; gives it and that function."""
        number = next(self._numbers)
        gate, log = self.folder / f"gate{number}", self.folder / f"busy{number}"
        piece = self.one("wait", log=str(log), chosen=chosen, **{"for": str(gate)})
        until(log.exists, "the begin of a task", PATIENCE)
        self.comes(piece, PROCESSING)
        return piece, gate.touch

    # ---- out of it -------------------------------------------------------------------------------------------------

    def task(self, identity):
        return self.client.tasks.get_task(identity)

    def result(self, identity):
        return self.client.results.get_result(identity)

    def state(self, identity):
        return self.task(identity)["status"]

    def data(self, result):
        return self.client.results.download_result_data(result, self.id)

    def session(self):
        return self.client.sessions.get_session(self.id)

    def over(self, *pieces, patience=PATIENCE):
        """Wait until tasks are over; gives them as they are then."""

        def look():
            found = [self.task(piece.task) for piece in pieces]
            return found if all(one["status"] in FINAL for one in found) else None

        return until(look, f"the end of {pieces}", patience)

    def ends(self, piece, state, patience=PATIENCE):
        """Wait for the end of a task and judge it; gives the task."""
        (found,) = self.over(piece, patience=patience)
        assert found["status"] == state, found
        return found

    def comes(self, piece, state, patience=PATIENCE):
        """Wait until a task is in a state; gives the task."""
        return until(lambda: self._in(piece, state), f"{piece.task} in state {state}", patience)

    def _in(self, piece, state):
        found = self.task(piece.task)
        return found if found["status"] == state else None

    def available(self, *results):
        """Wait as a program does; raises Refused with RuntimeError for a result that is aborted."""
        self.client.events.wait_for_result_availability(list(results), self.id)

    def gives(self, *results):
        """Wait for results and give their data."""
        self.available(*results)
        return [self.data(result) for result in results]

    def tasks(self, text="", **more):
        """List the session's tasks, by a filter in the package's words; gives total and tasks."""
        mine = f"(Task.session_id == {self.id!r})"
        return self.client.tasks.list_tasks(said(f"{mine} & ({text})" if text else mine), **more)

    def tries(self, piece):
        """Give all runs of a task, the first one first."""
        _, found = self.tasks(f"Task.initial_task_id == {piece.task!r}")
        return sorted(found, key=lambda one: len(one["retry_of_ids"]))

    def counts(self):
        """Give how many of the session's tasks are in which state."""
        found = self.client.tasks.count_tasks_by_status(said(f"Task.session_id == {self.id!r}"))
        return {int(state): count for state, count in found.items()}

    def runs(self, name):
        """Give the ids of the tasks that wrote into a log, in order."""
        path = self.folder / name
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []
