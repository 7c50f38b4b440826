"""A lean Titus client: the REST gateway with JSON, nothing but the standard library.

Promises that whatever the gateway refuses raises Failed with its words.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

from portico.cli.failures import Failed

Message = dict[str, Any]
API = "/api/v3"


class Cell:
    """A Titus cell, by the address of its gateway; seconds are the longest wait for one answer."""

    def __init__(self, gateway: str, seconds: float) -> None:
        self._gateway = gateway
        self._seconds = seconds

    def create(self, descriptor: Message) -> str:
        """Submit a job; gives its id."""
        made: Message = json.loads(self._ask("POST", f"{API}/jobs", descriptor))
        identity: str = made["id"]
        return identity

    def job(self, identity: str) -> Message:
        """Read a job, finished or not."""
        found: Message = json.loads(self._ask("GET", f"{API}/jobs/{identity}"))
        return found

    def tasks(self, job: str) -> list[Message]:
        """Read all tasks of a job that have not been replaced, and all of a finished job."""
        wanted = {"jobIds": job, "taskStates": "any", "pageSize": 100}
        live: Message = json.loads(self._ask("GET", f"{API}/tasks?{urlencode(wanted)}"))
        over: Message = json.loads(self._ask("GET", f"{API}/tasks?{urlencode({**wanted, 'taskStates': 'Finished'})}"))
        items = {task["id"]: task for task in (*over["items"], *live["items"])}
        return sorted(items.values(), key=lambda task: int(task["version"]["timestamp"]))

    def resize(self, job: str, desired: int) -> None:
        """Say how many tasks a service job shall have."""
        self._ask("PUT", f"{API}/jobs/{job}/capacityAttributes", {"desired": desired})

    def kill(self, job: str) -> None:
        """End a job with all its tasks."""
        self._ask("DELETE", f"{API}/jobs/{job}")

    def output(self, task: Message) -> str:
        """Read what a task that has ended wrote to its standard output, by the way of its page of logs."""
        place = task["logLocation"]["ui"]["url"].replace("/titus/tasks/", "/titus/logs/")
        return self._ask("GET", place.removeprefix(self._gateway)).decode(errors="replace")

    def _ask(self, verb: str, path: str, body: Message | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 — the address is the demo's own server
            self._gateway + path, data, {"Content-Type": "application/json", "X-Titus-CallerId": "demo"}, method=verb
        )
        try:
            with urllib.request.urlopen(request, timeout=self._seconds) as answer:  # noqa: S310 — as above
                said: bytes = answer.read()
                return said
        except urllib.error.HTTPError as error:
            raise Failed(
                f"the Titus gateway answers {verb} {path} with {error.code}: {error.read().decode()}"
            ) from error
        except OSError as error:
            raise Failed(f"the Titus gateway does not answer: {error}") from error
