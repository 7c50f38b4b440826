"""Mesos' HTTP as bytes: one request, one answer that is a stream of records, and a framework made of both."""

from __future__ import annotations

import contextlib
import http.client
import json

from portico.wire.mesos import mesos_pb2, scheduler_pb2  # noqa: TID251 — bytes as the wire has them

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
RECORDS = "application/recordio"
PATIENCE = 15.0

SCHEDULER = "/api/v1/scheduler"
INFO = mesos_pb2.FrameworkInfo(user="root", name="raw", failover_timeout=0)


def frame(message):
    """Give one record."""
    body = message.SerializeToString()
    return b"%d\n" % len(body) + body


def encoded(call, content_type):
    if isinstance(call, bytes):
        return call
    return call.SerializeToString() if content_type == PROTOBUF else json.dumps(call).encode()


def post(address, path, call, content_type=PROTOBUF, accept=PROTOBUF, method="POST", **headers):
    """Give status, headers and body of an answer that is not a stream."""
    with contextlib.closing(http.client.HTTPConnection(address, timeout=PATIENCE)) as connection:
        connection.request(method, path, encoded(call, content_type), _headers(content_type, accept, headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def get(address, path):
    """Give the value of an old-style GET."""
    with contextlib.closing(http.client.HTTPConnection(address, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (path, answer.status, text)
        return json.loads(text)


class Records:
    """An open answer, read record by record as the messages of one type."""

    def __init__(self, address, path, call, event, content_type=PROTOBUF, accept=PROTOBUF, **headers):
        self.event = event
        self.connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        self.connection.request("POST", path, encoded(call, content_type), _headers(content_type, accept, headers))
        self.answer = self.connection.getresponse()
        self.headers = self.answer.headers
        assert self.answer.status == 200, (self.answer.status, self.answer.read())

    def next(self):
        """Give the next message, None once the stream has ended."""
        line = self.answer.readline()
        if not line:
            return None
        return self.event.FromString(self.answer.read(int(line)))

    def until(self, fits):
        while (event := self.next()) is not None:
            if fits(event):
                return event
        raise AssertionError("the stream ended")

    def close(self):
        self.answer.close()
        self.connection.close()


def _headers(content_type, accept, headers):
    named = {"Content-Type": content_type, "Accept": accept}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return {name: value for name, value in named.items() if value is not None}


# ---- a framework ----------------------------------------------------------------------------------------------


def subscribe(info=INFO):
    call = scheduler_pb2.Call(type="SUBSCRIBE")
    call.subscribe.framework_info.CopyFrom(info)
    if info.HasField("id"):
        call.framework_id.CopyFrom(info.id)
    return call


class Framework:
    """A framework that speaks protobuf, and leaves with its stream, or as soon after it as it says."""

    def __init__(self, address, path=SCHEDULER, info=INFO):
        self.address, self.path = address, path
        self.stream = Records(address, path, subscribe(info), scheduler_pb2.Event)
        self.id = self.stream.next().subscribed.framework_id
        self.stream_id = self.stream.headers["Mesos-Stream-Id"]

    def call(self, kind, **body):
        call = scheduler_pb2.Call(type=kind, framework_id=self.id, **body)
        told = post(self.address, self.path, call, Mesos_Stream_Id=self.stream_id)
        assert (told[0], told[2]) == (202, b""), told

    def offer(self):
        return self.stream.until(lambda event: event.type == event.OFFERS).offers.offers[0]

    def launch(self, offer, *tasks):
        accept = scheduler_pb2.Call.Accept(offer_ids=[offer.id])
        operation = accept.operations.add(type="LAUNCH")
        operation.launch.task_infos.extend(tasks)
        self.call("ACCEPT", accept=accept)

    def update(self, name):
        """Await an update of a task, and acknowledge it."""
        event = self.stream.until(
            lambda event: event.type == event.UPDATE and event.update.status.task_id.value == name
        )
        status = event.update.status
        if status.uuid:
            fields = {"agent_id": status.agent_id, "task_id": status.task_id, "uuid": status.uuid}
            self.call("ACKNOWLEDGE", acknowledge=scheduler_pb2.Call.Acknowledge(**fields))
        return status

    def close(self):
        self.stream.close()


def resources():
    return [
        mesos_pb2.Resource(name="cpus", type="SCALAR", scalar=mesos_pb2.Value.Scalar(value=0.1)),
        mesos_pb2.Resource(name="mem", type="SCALAR", scalar=mesos_pb2.Value.Scalar(value=32)),
    ]


def command(name, offer, shell):
    info = mesos_pb2.TaskInfo(name=name, agent_id=offer.agent_id, resources=resources())
    info.task_id.value = name
    info.command.value = shell
    return info
