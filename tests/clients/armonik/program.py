"""One genuine client in its own process and environment, as the tests speak of it."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from pathlib import Path

from clients.armonik.environments import python_of

PROGRAMS = Path(__file__).with_name("programs")
PATIENCE = 25.0


class Refused(Exception):
    """What the library raised: a gRPC status by name, or the kind of exception, and its words."""

    def __init__(self, code, details):
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details


class Program:
    """A program that answers JSON lines; events wait until somebody asks for them."""

    def __init__(self, command, log):
        self.waiting = []
        self.log = log
        self._lines = queue.SimpleQueue()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def call(self, name, *args, patience=PATIENCE, **named):
        """Ask, and give the answer; raises Refused."""
        line = {"call": name, "args": args, "named": named}
        self.process.stdin.write(json.dumps(line, default=_tagged) + "\n")
        self.process.stdin.flush()
        end = time.monotonic() + patience
        while True:
            line = self._next(end, f"an answer to {name}")
            if "event" in line:
                self.waiting.append(line)
            elif "failure" in line:
                raise Refused(**line["failure"])
            else:
                return line["answer"]

    def hear(self, event, fits=lambda *_: True, patience=PATIENCE):
        """Give the arguments of the first such event that nobody has heard yet, past or to come."""
        end = time.monotonic() + patience
        for position, line in enumerate(self.waiting):
            if line["event"] == event and fits(*line["args"]):
                return self.waiting.pop(position)["args"]
        while True:
            line = self._next(end, event)
            assert "event" in line, line
            if line["event"] == event and fits(*line["args"]):
                return line["args"]
            self.waiting.append(line)

    def close(self):
        """End the program by ending its input, the hard way if that does not do."""
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        self.process.stdout.close()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _next(self, end, wanted):
        try:
            line = self._lines.get(timeout=max(end - time.monotonic(), 0.001))
        except queue.Empty:
            line = None
        said = json.dumps(self.waiting)[-3000:]
        assert line is not None, f"no {wanted}; waiting: {said}\n{self.log.read_text()[-4000:]}"
        return line


class Service:
    """One of the library's clients: its methods, by name."""

    def __init__(self, program, name):
        self._program = program
        self._name = name

    def __getattr__(self, method):
        def call(*args, **named):
            return _untagged(self._program.call(f"{self._name}.{method}", *args, **named))

        return call


class Client(Program):
    """The Python package's clients, of one release."""

    def __init__(self, release, uri, log, **options):
        script = PROGRAMS / "client.py"
        super().__init__([python_of(release), script, uri, json.dumps(options)], log)
        self.sessions = Service(self, "sessions")
        self.tasks = Service(self, "tasks")
        self.results = Service(self, "results")
        self.events = Service(self, "events")
        self.partitions = Service(self, "partitions")
        self.versions = Service(self, "versions")
        self.health_checks = Service(self, "health_checks")

    def rpc(self, service, name, requests, metadata=(), most=None):
        """Call a stub of the package itself, in proto3's JSON; of an endless stream take so many messages."""
        return self.call("rpc", service, name, requests, metadata, most)


def options(seconds=60, priority=1, max_retries=2, **more):
    """Give a TaskOptions of the package."""
    return {"$": "options", "seconds": seconds, "priority": priority, "max_retries": max_retries, **more}


def task(payload, outputs, needs=(), **given):
    """Give a TaskDefinition of the package."""
    chosen = {"options": options(**given)} if given else {}
    return {"$": "task", "payload_id": payload, "expected_output_ids": outputs, "data_dependencies": needs, **chosen}


def said(text):
    """Give an expression in the package's own words, such as a filter or a field to sort by."""
    return {"$": "said", "text": text}


def _tagged(value):
    assert isinstance(value, bytes), value
    return {"$": "bytes", "text": value.decode("latin-1")}


def _untagged(value):
    if isinstance(value, list):
        return [_untagged(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"bytes"}:
        return value["bytes"].encode("latin-1")
    return {name: _untagged(one) for name, one in value.items()}
