"""The programs of genuine ArmoniK clients, each in the environment of its release, as the tests speak of them."""

from __future__ import annotations

import json
from pathlib import Path

from clients import program
from clients.armonik.environments import python_of

PROGRAMS = Path(__file__).with_name("programs")


class Refused(Exception):
    """What the library raised: a gRPC status by name, or the kind of exception, and its words."""

    def __init__(self, code, details):
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details


class Program(program.Program):
    """A program whose values may be bytes, and which is refused with a code."""

    patience = 25.0

    def call(self, name, *args, patience=None, **named):
        """Ask, and give the answer; raises Refused."""
        self.send(name, *args, **named)
        return self.answer(name, patience)

    def written(self, question):
        return json.dumps(question, default=_tagged)

    def refusal(self, failure):
        return Refused(**failure)


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
