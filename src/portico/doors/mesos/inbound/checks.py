"""HealthCheck and CheckInfo: how a task is looked at. Pure."""

from __future__ import annotations

import msgspec

from portico.domain.errors import Invalid
from portico.domain.runs import CheckKind, HealthCheck, StatusCheck
from portico.doors.mesos.inbound import commands, durations
from portico.wire.mesos import mesos_pb2 as pb

_H = pb.HealthCheck
_C = pb.CheckInfo
_FIELD_OF_TYPE = {_H.COMMAND: "command", _H.HTTP: "http", _H.TCP: "tcp"}
_FIELD_OF_CHECK = {_C.COMMAND: "command", _C.HTTP: "http"}
_SCHEMES = ("http", "https")


def health_check(message: pb.HealthCheck) -> HealthCheck:
    """Read a health check; raises Invalid. A type that is not said is that of the one part that is there."""
    kind = _kind(message)
    field = _FIELD_OF_TYPE[kind]
    if not message.HasField(field):
        raise Invalid(f"Expecting '{field}' to be set for {field.upper()} health check", f"health_check.{field}")
    timing = HealthCheck(
        CheckKind(field),
        delay=durations.seconds(message.delay_seconds, "delay_seconds"),
        interval=durations.seconds(message.interval_seconds, "interval_seconds"),
        timeout=durations.seconds(message.timeout_seconds, "timeout_seconds"),
        grace=durations.seconds(message.grace_period_seconds, "grace_period_seconds"),
        failures=max(1, message.consecutive_failures),
    )
    return _with_target(timing, message)


def _kind(message: pb.HealthCheck) -> pb.HealthCheck.Type:
    if message.HasField("type"):
        if message.type not in _FIELD_OF_TYPE:
            raise Invalid("'UNKNOWN' is not a valid health check type", "health_check.type")
        return message.type
    named = [kind for kind, field in _FIELD_OF_TYPE.items() if message.HasField(field)]
    if len(named) != 1:
        raise Invalid("Expecting one of 'command', 'http' or 'tcp' to be set for health check", "health_check.type")
    return named[0]


def _with_target(timing: HealthCheck, message: pb.HealthCheck) -> HealthCheck:
    facts: dict[str, object] = {}
    match timing.kind:
        case CheckKind.COMMAND:
            facts["argv"] = command_of(message.command, "health_check.command")
        case CheckKind.HTTP:
            http = message.http
            scheme = http.scheme or "http"
            if scheme not in _SCHEMES:
                raise Invalid(f"Unsupported HTTP health check scheme: '{scheme}'", "health_check.http.scheme")
            path = _path(http.path, "HTTP health check", "health_check.http.path")
            facts = {"scheme": scheme, "path": path, "port": _port(http.port, "health_check.http.port")}
        case CheckKind.TCP:
            facts["port"] = _port(message.tcp.port, "health_check.tcp.port")
    return msgspec.structs.replace(timing, **facts)


def command_of(command: pb.CommandInfo, field: str) -> tuple[str, ...]:
    """Give the argument list of a check's command; variables of its own are set by env(1)."""
    if command.uris:
        raise Invalid(f"'{field}.uris' is not served: a check fetches nothing", f"{field}.uris")
    if command.HasField("user"):
        raise Invalid(f"'{field}.user' is not served: a check runs as its task does", f"{field}.user")
    argv = commands.plain(command, field)
    variables = commands.environment(command, field)
    if not variables:
        return argv
    return ("/usr/bin/env", *(f"{name}={value}" for name, value in variables.items()), *argv)


def status_check(message: pb.CheckInfo) -> StatusCheck:
    """Read a check whose result is told; raises Invalid."""
    field = _FIELD_OF_CHECK.get(message.type)
    if field is None:
        raise Invalid("'UNKNOWN' is not a valid check type", "check.type")
    if not message.HasField(field):
        raise Invalid(f"Expecting '{field}' to be set for {field.upper()} check", f"check.{field}")
    timing = StatusCheck(
        CheckKind(field),
        delay=durations.seconds(message.delay_seconds, "delay_seconds"),
        interval=durations.seconds(message.interval_seconds, "interval_seconds"),
        timeout=durations.seconds(message.timeout_seconds, "timeout_seconds"),
    )
    facts: dict[str, object] = {}
    match timing.kind:
        case CheckKind.COMMAND:
            facts["argv"] = command_of(message.command.command, "check.command.command")
        case CheckKind.HTTP:
            path = _path(message.http.path, "HTTP check", "check.http.path")
            facts = {"path": path, "port": _port(message.http.port, "check.http.port")}
    return msgspec.structs.replace(timing, **facts)


def _path(path: str, what: str, field: str) -> str:
    if path and not path.startswith("/"):
        raise Invalid(f"The path '{path}' of {what} must start with '/'", field)
    return path or "/"


def _port(port: int, field: str) -> int:
    if not 0 < port < 1 << 16:
        raise Invalid(f"'{field}' of {port} is no port", field)
    return port
