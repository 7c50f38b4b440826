"""TaskStatus messages as JSON, printed for a hundred thousand at a time.

Promises: the text means the same as the general printer's; a status with anything unusual in it is left to that.
"""

from __future__ import annotations

from binascii import b2a_base64

import msgspec

from portico.doors.mesos.encoding import jsonpb
from portico.wire.mesos import mesos_pb2 as pb

_MOST_REMEMBERED = 1_024
_json = msgspec.json.Encoder().encode
_Status = pb.TaskStatus
_STATES = {value: b'},"state":%b' % _json(name) for name, value in pb.TaskState.items()}
_SOURCES = {value: b',"source":%b' % _json(name) for name, value in _Status.Source.items()}
_REASONS = {value: b',"reason":%b' % _json(name) for name, value in _Status.Reason.items()}


class StatusPrinter:
    """Prints statuses; remembers how networks are printed, since most tasks of a node have the same."""

    def __init__(self) -> None:
        self._networks: dict[bytes, bytes] = {}

    def print(self, data: bytes) -> bytes:
        """Print one status."""
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
            known = self._networks.get
            networks = [info.SerializeToString() for info in container.network_infos]
            parts.append(b'"network_infos":[%b]' % b",".join([known(data) or self._network(data) for data in networks]))
        return b',"container_status":{%b}' % b",".join(parts)

    def _network(self, data: bytes) -> bytes:
        if len(self._networks) >= _MOST_REMEMBERED:
            self._networks.clear()
        text = self._networks[data] = jsonpb.encode_serialized(pb.NetworkInfo, data)
        return text


def _why(status: pb.TaskStatus) -> bytes:
    """Print who says it and why."""
    text = _SOURCES[status.source] if status.HasField("source") else b""
    if status.HasField("reason"):
        text += _REASONS[status.reason]
    return text + b',"message":' + _json(status.message) if status.HasField("message") else text
