"""Continuous load of both sorts of kinds, and the record of what was promised for it."""

from __future__ import annotations

import itertools
import random
import threading
from pathlib import Path

from doors.jobv1.client.remote import PROCESSING, SCHEDULED, RemoteError

MOST_UNFINISHED = 60
BATCH = 8
AWAY = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"}
"""What a client may see while the server is away; anything else is a defect."""


class Load(threading.Thread):
    """Schedules, while it is told to go on, whenever little is under way."""

    def __init__(self, remote, files, seed):
        super().__init__(name="load", daemon=True)
        self._remote = remote
        self._files = files
        self._random = random.Random(seed)
        self._numbers = itertools.count()
        self._enough = threading.Event()
        self.promised: dict[str, Path] = {}
        """By uuid of each instance whose scheduling was answered: the file of its attempts."""
        self.surprises: list[str] = []

    def run(self):
        while not self._enough.is_set():
            try:
                if self.unfinished() < MOST_UNFINISHED:
                    self._schedule("work")
                    self._schedule("call")
                else:
                    self._enough.wait(0.05)
            except RemoteError as error:
                self._excuse(error.code, error.details)

    def finish(self):
        """Stop scheduling."""
        self._enough.set()
        self.join(30)
        assert not self.is_alive()

    def done(self):
        """Tell whether all work has ended; a server that cannot be reached yet has not said so."""
        try:
            return self.unfinished() == 0
        except RemoteError as error:
            self._excuse(error.code, error.details)
            return False

    def unfinished(self):
        return sum(
            len(self._remote.lookup(kind=kind, state=state)) for kind in KINDS for state in (SCHEDULED, PROCESSING)
        )

    def _schedule(self, kind):
        paths = [self._files / f"{kind}-{next(self._numbers)}" for _ in range(BATCH)]
        requests = [[str(path), f"{self._random.choice(SECONDS):.2f}"] for path in paths]
        if kind == "work":
            for request in requests:
                request.append(self._random.choice(["leave", "-"]))
        for path, answer in zip(paths, self._remote.schedule_many(kind, requests), strict=True):
            if "ok" in answer:
                self.promised[answer["ok"]["instance"]["uuid"]] = path
            else:
                self._excuse(**answer["error"])

    def _excuse(self, code, details):
        if code in AWAY:
            self._enough.wait(0.05)
        else:
            self.surprises.append(f"{code}: {details}")


KINDS = ("work", "call")
SECONDS = (0.0, 0.05, 0.2, 0.8)
