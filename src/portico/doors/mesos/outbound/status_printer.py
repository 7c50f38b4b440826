"""TaskStatus messages as JSON, printed for a hundred thousand at a time.

Promises: the text means the same as the general printer's; a status with anything unusual in it is left to that. One
with short parts, in the order in which the serializer writes them, is not even parsed: that is nearly every one.
"""

from __future__ import annotations

import struct
from binascii import b2a_base64

import msgspec
from google.protobuf.descriptor import FieldDescriptor

from portico.doors.mesos.encoding import jsonpb
from portico.wire.mesos import mesos_pb2 as pb

_MOST_REMEMBERED = 1_024
_json = msgspec.json.Encoder().encode
_Status = pb.TaskStatus
_VARINTS = (FieldDescriptor.TYPE_ENUM, FieldDescriptor.TYPE_BOOL)
_STATES = {value: b'},"state":%b' % _json(name) for name, value in pb.TaskState.items()}
_SOURCES = {value: b',"source":%b' % _json(name) for name, value in _Status.Source.items()}
_REASONS = {value: b',"reason":%b' % _json(name) for name, value in _Status.Reason.items()}
_HEALTH = (b',"healthy":false', b',"healthy":true')
_double = struct.Struct("<d").unpack_from
_LONG = 0x80  # a length of so many bytes takes two
_VALUE = 1 << 3 | 2  # of every id
_TAGS = {
    field.name: field.number << 3 | (1 if field.type == field.TYPE_DOUBLE else 0 if field.type in _VARINTS else 2)
    for field in _Status.DESCRIPTOR.fields
}
_TASK, _STATE, _MESSAGE, _AGENT, _TIME, _EXECUTOR, _HEALTHY, _SOURCE, _REASON, _UUID, _CONTAINER = (
    _TAGS[name]
    for name in (
        "task_id",
        "state",
        "message",
        "agent_id",
        "timestamp",
        "executor_id",
        "healthy",
        "source",
        "reason",
        "uuid",
        "container_status",
    )
)
_NETWORK, _CONTAINER_ID = (
    pb.ContainerStatus.DESCRIPTOR.fields_by_name[name].number << 3 | 2 for name in ("network_infos", "container_id")
)


class StatusPrinter:
    """Prints statuses; remembers how networks are printed, since most tasks of a node have the same."""

    def __init__(self) -> None:
        self._networks: dict[bytes, bytes] = {}
        self._agents: dict[bytes, bytes] = {}

    def print(self, data: bytes) -> bytes:
        """Print one status."""
        try:
            return self._usual(data) or self._any(data)
        except (IndexError, KeyError, UnicodeDecodeError, struct.error):
            return self._any(data)

    def _usual(self, data: bytes) -> bytes:
        """Print what is in a status that is as most are; nothing, or an error, for any other."""
        size = data[3]
        if data[0] != _TASK or data[1] != size + 2 or size + 2 >= _LONG or data[2] != _VALUE:
            return b""
        at = size + 4
        identity, task = data[1:at], _json(data[4:at].decode())
        if data[at] != _STATE:
            return b""
        head = _STATES[data[at + 1]]
        at += 2
        message = agent = executor = b""
        if data[at] == _MESSAGE and (size := data[at + 1]) < _LONG:
            message = b',"message":' + _json(data[at + 2 : at + 2 + size].decode())
            at += 2 + size
        if data[at] == _AGENT and (size := data[at + 1]) < _LONG:
            part = data[at : at + 2 + size]
            agent = self._agents.get(part) or self._agent(part)
            at += 2 + size
        if data[at] != _TIME:
            return b""
        (time,) = _double(data, at + 1)
        at += 9
        if data[at] == _EXECUTOR and (size := data[at + 1]) < _LONG:
            same = data[at + 1 : at + 2 + size] == identity
            executor = b',"executor_id":{"value":%b}' % (task if same else _identity(data[at + 2 : at + 2 + size]))
            at += 2 + size
        rest = self._rest(data, at, message)
        return rest and b"".join(
            (b'{"task_id":{"value":', task, head, agent, executor, b',"timestamp":', _json(time), rest)
        )

    def _rest(self, data: bytes, at: int, message: bytes) -> bytes:
        """Print what comes behind the executor; nothing when it is not as it mostly is."""
        healthy = why = uuid = b""
        if data[at] == _HEALTHY:
            healthy = _HEALTH[data[at + 1]]
            at += 2
        if data[at] == _SOURCE:
            why = _SOURCES[data[at + 1]]
            at += 2
        if data[at] == _REASON:
            why += _REASONS[data[at + 1]]
            at += 2
        if data[at] == _UUID and (size := data[at + 1]) < _LONG:
            uuid = b',"uuid":"%b"' % b2a_base64(data[at + 2 : at + 2 + size], newline=False)
            at += 2 + size
        if data[at] != _CONTAINER or data[at + 1] != len(data) - at - 2:
            return b""
        first = at = at + 2
        while data[at] == _NETWORK and (size := data[at + 1]) < _LONG:
            at += 2 + size
        size = data[at + 3]
        if (
            data[at] != _CONTAINER_ID
            or data[at + 1] != size + 2
            or data[at + 2] != _VALUE
            or at + 4 + size != len(data)
        ):
            return b""
        part = data[first:at]
        networks = self._networks.get(part)
        if networks is None:
            networks = self._networks_text(part)
        return b'%b%b%b%b,"container_status":{"container_id":{"value":%b}%b}}' % (
            uuid,
            healthy,
            why,
            message,
            _json(data[at + 4 :].decode()),
            networks,
        )

    def _agent(self, part: bytes) -> bytes:
        """Print an agent's id, and remember it."""
        _make_room(self._agents)
        text = self._agents[part] = b',"agent_id":{"value":%b}' % _identity(part[2:])
        return text

    def _networks_text(self, part: bytes) -> bytes:
        """Print the networks of a container, and remember them."""
        infos = pb.ContainerStatus.FromString(part).network_infos
        texts = b",".join(jsonpb.encode(info) for info in infos)
        _make_room(self._networks)
        text = self._networks[part] = b',"network_infos":[%b]' % texts if infos else b""
        return text

    def _any(self, data: bytes) -> bytes:
        """Print whatever is in a status."""
        status = _Status.FromString(data)
        has = status.HasField
        if has("data") or has("labels") or has("check_status") or has("unreachable_time"):
            return jsonpb.encode_serialized(_Status, data)
        pieces = [b'{"task_id":{"value":', _json(status.task_id.value), _STATES[status.state]]
        if has("agent_id"):
            pieces += (b',"agent_id":{"value":', _json(status.agent_id.value), b"}")
        if has("executor_id"):
            pieces += (b',"executor_id":{"value":', _json(status.executor_id.value), b"}")
        if has("timestamp"):
            pieces += (b',"timestamp":', _json(status.timestamp))
        if has("uuid"):
            pieces += (b',"uuid":"', b2a_base64(status.uuid, newline=False), b'"')
        if has("healthy"):
            pieces.append(b',"healthy":true' if status.healthy else b',"healthy":false')
        pieces += (_why(status), self._container(status) if has("container_status") else b"", b"}")
        return b"".join(pieces)

    def _container(self, status: pb.TaskStatus) -> bytes:
        container = status.container_status
        identity = container.container_id
        if container.HasField("cgroup_info") or container.HasField("executor_pid") or identity.HasField("parent"):
            return b',"container_status":' + jsonpb.encode(container)
        parts = []
        if container.HasField("container_id"):
            parts.append(b'"container_id":{"value":%b}' % _json(identity.value))
        if container.network_infos:
            infos = b",".join([jsonpb.encode(info) for info in container.network_infos])
            parts.append(b'"network_infos":[%b]' % infos)
        return b',"container_status":{%b}' % b",".join(parts)


def _make_room(remembered: dict[bytes, bytes]) -> None:
    if len(remembered) >= _MOST_REMEMBERED:
        remembered.clear()


def _identity(data: bytes) -> bytes:
    """Print the value of an id that is nothing else; KeyError for any other."""
    if data[0] != _VALUE or data[1] != len(data) - 2 or len(data) - 2 >= _LONG:
        raise KeyError
    return _json(data[2:].decode())


def _why(status: pb.TaskStatus) -> bytes:
    """Print who says it and why."""
    text = _SOURCES[status.source] if status.HasField("source") else b""
    if status.HasField("reason"):
        text += _REASONS[status.reason]
    return text + b',"message":' + _json(status.message) if status.HasField("message") else text
