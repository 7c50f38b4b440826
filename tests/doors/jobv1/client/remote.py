"""The test's side of the client process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("program.py")
TERMINATED = "JOB_STATE_TERMINATED"
COMPLETED = "JOB_STATE_COMPLETED"
CANCELLED = "JOB_STATE_CANCELLED"
TIMED_OUT = "JOB_STATE_TIMED_OUT"
SCHEDULED = "JOB_STATE_SCHEDULED"
PROCESSING = "JOB_STATE_PROCESSING"


class RemoteError(Exception):
    """A call that the server refused."""

    def __init__(self, code, details):
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details


class Remote:
    """One client process over one release's stubs."""

    def __init__(self, stubs, target):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(PROGRAM), str(stubs), target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        self.process.stdout.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def _tell(self, name, *arguments):
        self.process.stdin.write(json.dumps([name, arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the client process ended"
        answer = json.loads(line)
        if "error" in answer:
            raise RemoteError(**answer["error"])
        return answer["ok"]

    def call(self, method, request=None, *, bounds=True):
        return self._tell("call", method, request or {}, bounds)

    def version(self):
        return self.call("GetVersion")

    def kinds(self):
        return self.call("ListRegisteredJobs").get("jobs", [])

    def schedule(self, kind, *arguments, **more):
        request = {"kind": kind, "arguments": list(arguments), **more}
        return self.call("ScheduleJob", request)["instance"]

    def schedule_many(self, kind, all_arguments):
        requests = [{"kind": kind, "arguments": list(arguments)} for arguments in all_arguments]
        return self._tell("many", "ScheduleJob", requests)

    def lookup(self, **query):
        return self.call("LookupInstances", {"query": query}).get("instances", [])

    def find(self, uuid):
        (found,) = self.lookup(uuid=uuid)
        return found

    def cancel(self, **query):
        return self.call("CancelInstances", {"query": query}).get("instances", [])

    def health(self, service=""):
        return self._tell("health", service)["status"]

    def services(self):
        return self._tell("services")

    def symbol(self, name):
        return self._tell("symbol", name)
