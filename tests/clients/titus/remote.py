"""The client's process from outside: calls, streams, and what they told."""

from __future__ import annotations

import sys
from pathlib import Path

from clients.program import ClientError, Program

PROGRAMS = Path(__file__).with_name("programs")


class Refused(Exception):
    """What the server refused: `code` is the gRPC status, or that of HTTP."""

    def __init__(self, code, details, violations=None, trailer=None):
        super().__init__(f"{code}: {details}")
        self.code, self.details, self.violations, self.trailer = code, details, violations or {}, trailer


class Remote(Program):
    """A program of this folder at work on a server."""

    def __init__(self, stubs, target, log, script="titus_client"):
        command = [sys.executable, "-W", "ignore", PROGRAMS / f"{script}.py", stubs, target]
        super().__init__(command, log)
        self._names = 0

    def rpc(self, name, request=None, **headers):
        """Call `Service.Method`; without a service it is one of JobManagementService."""
        name = name if "." in name else f"JobManagementService.{name}"
        metadata = {header.lower(): value for header, value in headers.items()}
        try:
            return self.call("call", name, request or {}, metadata)
        except ClientError as error:
            raise Refused(**error.args[0]) from None

    def stream(self, name, request):
        """Open a stream of JobManagementService, or of another service."""
        name = name if "." in name else f"JobManagementService.{name}"
        self._names += 1
        stream = f"stream {self._names}"
        self.call("open", stream, name, request)
        return Stream(self, stream)

    def conversation(self, name):
        """Open a stream of JobManagementService that goes both ways."""
        self._names += 1
        stream = f"stream {self._names}"
        self.call("converse", stream, f"JobManagementService.{name}")
        return Stream(self, stream)


class Stream:
    """One open stream; what it told is kept in order in `told`."""

    def __init__(self, remote, name):
        self.remote, self.name, self.told = remote, name, []

    def next(self, patience=15.0):
        (one,) = self.remote.hear(self.name, patience=patience)
        self.told.append(one)
        return one

    def until(self, fits, patience=15.0):
        """Give the next message that fits."""
        while True:
            one = self.next(patience)
            if fits(one):
                return one
            assert "end" not in one, one

    def snapshot(self):
        """Read until the snapshot is over and give its messages."""
        start = len(self.told)
        self.until(lambda one: "snapshotEnd" in one)
        return self.told[start:-1]

    def end(self):
        """Read to the end and give all messages before it."""
        ended = self.until(lambda one: "end" in one, 30)
        assert ended["end"] == "OK", ended
        return self.told[:-1]

    def tell(self, request):
        self.remote.call("tell", self.name, request)

    def cancel(self):
        self.remote.call("cancel", self.name)


def job_state(one, state):
    """Say whether a message tells that a job is in a state."""
    return "jobUpdate" in one and one["jobUpdate"]["job"]["status"]["state"] == state


def task_state(one, state, task=None):
    """Say whether a message tells that a task is in a state."""
    if "taskUpdate" not in one:
        return False
    told = one["taskUpdate"]["task"]
    return told["status"]["state"] == state and task in (None, told["id"])
