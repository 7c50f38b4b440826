"""The genuine Python client, asked line by line: its clients' methods by name, and its stubs for what these leave out."""

import importlib
import itertools
import json
import sys
import threading
from datetime import datetime, timedelta

from armonik import client, common
from armonik.common import create_channel
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from lines import serve, tell

WORDS = {
    name: getattr(common, name) for name in ("Direction", "TaskStatus", "ResultStatus", "SessionStatus", "EventTypes")
}
for name in ("Task", "Session", "Result", "Partition"):
    WORDS[name] = getattr(importlib.import_module("armonik.common.objects"), name)
WORDS |= {"datetime": datetime, "timedelta": timedelta}
PACKAGE = "armonik.protogen.client.{}_service_pb2"
FILES = {
    "Applications": "applications",
    "Authentication": "auth",
    "Events": "events",
    "HealthChecksService": "health_checks",
    "Partitions": "partitions",
    "Results": "results",
    "Sessions": "sessions",
    "Submitter": "submitter",
    "Tasks": "tasks",
    "Versions": "versions",
}
HANDLED = {"events", "health_checks", "partitions", "results", "sessions", "tasks", "versions"}


def given(value):
    """Give a value of the package for what JSON carried."""
    if isinstance(value, list):
        return [given(one) for one in value]
    if not isinstance(value, dict):
        return value
    tag = value.pop("$", None)
    inner = {name: given(one) for name, one in value.items()}
    return KINDS[tag](**inner) if tag else inner


KINDS = {
    "bytes": lambda text: text.encode("latin-1"),
    "said": lambda text: eval(text, dict(WORDS)),  # an expression in the package's own words, as a program has it
    "options": lambda seconds, **more: common.TaskOptions(max_duration=timedelta(seconds=seconds), **more),
    "task": common.TaskDefinition,
}
"""What a tag stands for."""


class Client:
    def __init__(self, uri, options):
        self.channel = create_channel(uri, **options)
        names = {"health_checks": "HealthChecks"}
        self.clients = {
            name: getattr(client, f"ArmoniK{names.get(name, name.title())}")(self.channel) for name in HANDLED
        }

    def __call__(self, name, args, named):
        place, _, method = name.rpartition(".")
        args, named = given(args), given(named)
        found = getattr(self.clients[place] if place else self, method)
        return found(*args, **named)

    def rpc(self, service, name, requests, metadata=(), most=None, timeout=20.0):
        """Call an RPC by its stub; `requests` is one message or, for a stream, a list, in proto3's JSON.

        Of a stream that does not end, `most` messages are taken.
        """
        stubs = importlib.import_module(PACKAGE.format(FILES[service]) + "_grpc")
        stub = getattr(stubs, f"{service}Stub")(self.channel)
        module = importlib.import_module(PACKAGE.format(FILES[service]))
        rpc = module.DESCRIPTOR.services_by_name[service].methods_by_name[name]
        kind = GetMessageClass(rpc.input_type)
        single = isinstance(requests, dict)
        messages = [json_format.ParseDict(one, kind()) for one in ([requests] if single else requests)]
        answer = getattr(stub, name)(
            messages[0] if single else spoken(messages, most),
            metadata=[tuple(pair) for pair in metadata],
            timeout=timeout,
        )
        if hasattr(answer, "DESCRIPTOR"):
            return shown(answer)
        found = [shown(one) for one in itertools.islice(answer, most)]
        answer.cancel()
        return found

    def watch(self, session, kinds=(), tasks=None, results=None):
        """Tell every event of a session from now on, in a thread of its own."""

        def heard(_session, kind, event):
            tell("event", kind.name, event)

        def follow():
            try:
                self.clients["events"].get_events(session, kinds, [heard], tasks, results)
            except Exception as failure:  # also the channel's end
                tell("over", str(failure))
            else:
                tell("over", "")

        threading.Thread(target=follow, daemon=True).start()


def spoken(messages, most):
    """Give messages, and stay on the line where an answer is waited for."""
    yield from messages
    if most is not None:
        threading.Event().wait(20.0)


def shown(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def main(uri, options):
    serve(Client(uri, json.loads(options)))


main(*sys.argv[1:])
