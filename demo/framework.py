"""A lean Mesos framework: one stream of events, calls beside it, JSON both ways, nothing but the standard library.

Owns the two connections to the master. Promises that a call which the master refuses raises Failed with its words.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Self
from urllib.parse import urlencode

from portico.cli.failures import Failed

SCHEDULER = "/api/v1/scheduler"
OPERATOR = "/api/v1"
Message = dict[str, Any]


class Framework:
    """A scheduler that is subscribed from `with` to its end, where it is torn down with all that it still runs."""

    def __init__(self, master: str, name: str, patience: float) -> None:
        """Give the master's HOST:PORT, and how many seconds it may be silent."""
        self._name = name
        self._stream = HTTPConnection(master, timeout=patience)
        self._calls = HTTPConnection(master, timeout=patience)
        self._stream_id: dict[str, str] = {}
        self.id = ""

    def __enter__(self) -> Self:
        info = {"user": str(os.geteuid()), "name": self._name}
        with _told():
            self._answer = self._post(
                self._stream, SCHEDULER, {"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}
            )
            self._stream_id = {"Mesos-Stream-Id": self._answer.headers["Mesos-Stream-Id"]}
            first = self._next()
        if first["type"] != "SUBSCRIBED":
            raise Failed(f"the master answered SUBSCRIBE with {first}")
        self.id = first["subscribed"]["framework_id"]["value"]
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            self.call("TEARDOWN")
        self._answer.close()  # without a word, too, a framework is gone that did not ask for time to come back
        self._stream.close()
        self._calls.close()

    def events(self) -> Iterator[Message]:
        """Give what the master says, as long as it does."""
        with _told():
            while True:
                yield self._next()

    def _next(self) -> Message:
        """Read one record: its length in a line, then so many bytes."""
        length = self._answer.readline()
        if not length:
            raise Failed("the master ended the stream of events")
        event: Message = json.loads(self._answer.read(int(length)))
        return event

    def call(self, kind: str, **body: Message) -> None:
        """Ask the master for something; what comes of it is told by events."""
        with _told():
            message = {"type": kind, "framework_id": {"value": self.id}, **body}
            self._post(self._calls, SCHEDULER, message, self._stream_id).read()
            self._calls.close()  # the next call may come much later than the master keeps a connection for

    def acknowledge(self, status: Message) -> None:
        """Tell the master that a status has been taken note of, so that it sends the next one of that task."""
        if "uuid" in status:
            self.call("ACKNOWLEDGE", acknowledge={name: status[name] for name in ("agent_id", "task_id", "uuid")})

    def output(self, status: Message, most: int = 4096) -> str:
        """Read what a task has written to its stdout, by way of the master."""
        container = status["container_status"]["container_id"]
        steps = [
            status["agent_id"]["value"],
            "frameworks",
            self.id,
            "executors",
            status["executor_id"]["value"],
            "runs",
        ]
        above = container.get("parent")
        steps += [above["value"], "containers", container["value"]] if above else [container["value"]]
        query = urlencode({"path": "/slaves/" + "/".join(steps) + "/stdout", "offset": 0, "length": most})
        with _told():
            self._calls.request("GET", f"/files/read?{query}")
            text: str = json.loads(_checked(self._calls.getresponse()).read())["data"]
            self._calls.close()
        return text

    def _post(
        self, connection: HTTPConnection, path: str, message: Message, headers: dict[str, str] | None = None
    ) -> HTTPResponse:
        kinds = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request("POST", path, json.dumps(message), kinds | (headers or {}))
        return _checked(connection.getresponse())


def operator(master: str, kind: str, patience: float) -> Message:
    """Ask the operator API of a master, and give its answer."""
    connection = HTTPConnection(master, timeout=patience)
    with _told():
        connection.request("POST", OPERATOR, json.dumps({"type": kind}), {"Content-Type": "application/json"})
        answer: Message = json.loads(_checked(connection.getresponse()).read())[kind.lower()]
        connection.close()
    return answer


def _checked(answer: HTTPResponse) -> HTTPResponse:
    if answer.status >= 300:
        raise Failed(f"the Mesos master answered {answer.status}: {answer.read().decode(errors='replace')}")
    return answer


@contextmanager
def _told() -> Iterator[None]:
    """Turn errors of the connection into a sentence."""
    try:
        yield
    except (OSError, HTTPException) as error:
        raise Failed(f"the connection to the Mesos master broke: {error or type(error).__name__}") from error
