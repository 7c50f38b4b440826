"""Replies that tell all tasks, which are large, in the encoding asked for."""

from __future__ import annotations

from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.outbound import fields
from portico.doors.mesos.outbound.state import View
from portico.wire.mesos import master_pb2

Response = master_pb2.Response
_NUMBERS = {field.name: field.number for field in Response.DESCRIPTOR.fields}


def state(view: View, encoding: Encoding) -> bytes:
    """Write the reply to GET_STATE."""
    if encoding is Encoding.JSON:
        return b'{"type":"GET_STATE","get_state":%b}' % view.state_text()
    return _reply(Response.GET_STATE, "get_state", view.state())


def tasks(view: View, encoding: Encoding) -> bytes:
    """Write the reply to GET_TASKS."""
    if encoding is Encoding.JSON:
        return b'{"type":"GET_TASKS","get_tasks":%b}' % view.tasks_text()
    return _reply(Response.GET_TASKS, "get_tasks", view.tasks())


def _reply(kind: master_pb2.Response.Type, part: str, body: list[bytes]) -> bytes:
    return b"".join([fields.number(_NUMBERS["type"], kind), *fields.around(_NUMBERS[part], body)])
