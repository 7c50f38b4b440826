"""A watcher of all jobs and tasks that opens its stream again whenever the server is back, and keeps a picture of them."""

from __future__ import annotations

import threading
import time
import traceback

from clients.titus.remote import Remote
from crash.titus_story import Story

AWAY = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"}
"""What a client may see while the server is away; anything else is a defect."""
BREATH = 0.1
PATIENCE = 60.0


class Gone(Exception):
    """The stream has ended because the server went away."""


class Watcher(threading.Thread):
    """Follows ObserveJobsWithKeepAlive; `picture` holds what is active, as last told."""

    def __init__(self, stubs, target, log):
        super().__init__(name="watcher", daemon=True)
        self._remote = Remote(stubs, target, log)
        self._numbers = 0
        self._enough = threading.Event()
        self.story = Story("the watcher")
        self.picture: dict[str, dict] = {}
        self._heard: dict[str, str] = {}
        """By id: the state last told on this connection."""
        self._later = False
        self.connections = 0
        self.faults: list[str] = []

    def run(self):
        try:
            while not self._enough.is_set():
                try:
                    self._follow()
                except Gone:
                    time.sleep(BREATH)
        except Exception:
            self.faults.append(f"the watcher failed: {traceback.format_exc()}")

    def finish(self):
        """Hear of everything that is durable now, and stop."""
        self._enough.set()
        self.join(PATIENCE)
        assert not self.is_alive(), "the watcher does not end"

    def close(self):
        """End its client, whatever it does."""
        self._enough.set()
        self._remote.kill()

    def _follow(self):
        """Follow one stream to its end, or until told to stop: then to behind all that had happened by then."""
        stream = self._remote.conversation("ObserveJobsWithKeepAlive")
        try:
            stream.tell({"query": {}})
            self.picture, self._heard, self._later = {}, {}, False
            self._take_until(stream, lambda one: "snapshotEnd" in one)
            self.connections += 1
            self._later = True
            while True:
                last = self._enough.is_set()
                self._numbers += 1
                stream.tell({"keepAliveRequest": {"requestId": str(self._numbers)}})
                self._take_until(stream, self._is_answer)
                if last:
                    return
                self._enough.wait(BREATH)
        finally:
            stream.tell(None)

    def _is_answer(self, one):
        return "keepAliveResponse" in one and one["keepAliveResponse"]["request"]["requestId"] == str(self._numbers)

    def _take_until(self, stream, fits):
        while True:
            (one,) = self._remote.hear(stream.name, patience=PATIENCE)
            if fits(one):
                return
            self._take(one)

    def _take(self, one):
        if "end" in one:
            if one["end"] not in AWAY:
                self.faults.append(f"a stream ended with {one}")
            raise Gone
        for kind in ("job", "task"):
            if f"{kind}Update" in one:
                update = one[f"{kind}Update"]
                record = update[kind]
                self.story.tell(kind, record)
                self._check_gap(kind, record, archived=update["archived"])
                if record["status"]["state"] == "Finished":
                    self.picture.pop(record["id"], None)
                else:
                    self.picture[record["id"]] = record

    def _check_gap(self, kind, record, *, archived):
        """Judge one message of this connection by those before it: nothing begins in its middle, or goes unended."""
        identity, state = record["id"], record["status"]["state"]
        before = self._heard.get(identity)
        if self._later and before is None and state != "Accepted":
            self.faults.append(f"the first that was told of {kind} {identity} is {state}")
        if archived and before != "Finished":
            self.faults.append(f"{kind} {identity} was archived when {before} was the last that was told")
        self._heard[identity] = state
