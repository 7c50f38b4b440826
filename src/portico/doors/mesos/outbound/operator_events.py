"""Events of the operators' stream."""

from __future__ import annotations

from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.outbound import fields
from portico.doors.mesos.outbound.state import View
from portico.wire.mesos import master_pb2
from portico.wire.mesos import mesos_pb2 as pb

Event = master_pb2.Event
_TYPE, _SUBSCRIBED = (Event.DESCRIPTOR.fields_by_name[name].number for name in ("type", "subscribed"))
_STATE = Event.Subscribed.DESCRIPTOR.fields_by_name["get_state"].number


def subscribed(view: View, encoding: Encoding) -> bytes:
    """Write the first event of a stream in an encoding."""
    if encoding is Encoding.JSON:
        return b'{"type":"SUBSCRIBED","subscribed":{"get_state":%b}}' % view.state_text()
    subscribed = fields.around(_SUBSCRIBED, fields.around(_STATE, view.state()))
    return b"".join([fields.number(_TYPE, Event.SUBSCRIBED), *subscribed])


def task_added(task: bytes) -> master_pb2.Event:
    """Tell of a new Task, serialized as it is."""
    event = Event(type=Event.TASK_ADDED)
    event.task_added.task.ParseFromString(task)
    return event


def task_updated(framework: str, status: bytes, state: str | None = None) -> master_pb2.Event:
    """Tell the newest TaskStatus of a task; `state` is the task's own where that is a newer one."""
    told = pb.TaskStatus.FromString(status)
    updated = Event.TaskUpdated(
        framework_id=pb.FrameworkID(value=framework), status=told, state=state if state is not None else told.state
    )
    return Event(type=Event.TASK_UPDATED, task_updated=updated)


def agent_added(agent: master_pb2.Response.GetAgents.Agent) -> master_pb2.Event:
    """Tell of an agent that registered."""
    event = Event(type=Event.AGENT_ADDED)
    event.agent_added.agent.CopyFrom(agent)
    return event


def agent_removed(agent: str) -> master_pb2.Event:
    """Tell of an agent that was given up, or taken down."""
    event = Event(type=Event.AGENT_REMOVED)
    event.agent_removed.agent_id.value = agent
    return event
