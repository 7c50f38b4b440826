"""Health checks, which jobs ask for in attributes of their container. Pure.

One of `portico.healthCheck.command` (a line for the shell), `.http` (PORT/PATH) and `.tcp` (PORT) says how to look;
`.delaySeconds`, `.intervalSeconds`, `.timeoutSeconds` and `.failures` say when, and after how many failures in a row
the task is ended. Promises: without `.failures` a task that is not well is shown so and runs on.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from portico.domain.identity import SECOND, Micros
from portico.domain.runs import CheckKind, HealthCheck

PREFIX = "portico.healthCheck."
_KINDS = {PREFIX + kind.value: kind for kind in CheckKind}
_TIMES = {"delaySeconds": ("delay", 0), "intervalSeconds": ("interval", 1), "timeoutSeconds": ("timeout", 1)}
_FAILURES = PREFIX + "failures"
_FIRST = HealthCheck(
    CheckKind.COMMAND, delay=Micros(0), grace=Micros(0), timeout=Micros(5 * SECOND), failures=2**31 - 1
)
_LONGEST = 86_400
_MOST_FAILURES = 1_000_000
_LAST_PORT = 65_535


class Wrong(Exception):
    """An attribute that is not well formed."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


def health_check(attributes: Mapping[str, str]) -> HealthCheck | None:
    """Give the check that a container asks for, None without one; raises Wrong with the key that is wrong."""
    named = sorted(key for key in attributes if key in _KINDS)
    if not named:
        return None
    if len(named) > 1:
        raise Wrong(named[1], "a container has one health check")
    key = named[0]
    check = msgspec.structs.replace(_FIRST, kind=_KINDS[key], **_target(_KINDS[key], key, attributes[key]))
    for name, (field, least) in _TIMES.items():
        if PREFIX + name in attributes:
            seconds = _number(PREFIX + name, attributes[PREFIX + name], least, _LONGEST)
            check = msgspec.structs.replace(check, **{field: Micros(seconds * SECOND)})
    if _FAILURES in attributes:
        failures = _number(_FAILURES, attributes[_FAILURES], 1, _MOST_FAILURES)
        check = msgspec.structs.replace(check, failures=failures)
    return check


def _target(kind: CheckKind, key: str, value: str) -> dict[str, object]:
    match kind:
        case CheckKind.COMMAND:
            if not value.strip() or "\0" in value:
                raise Wrong(key, "must be a command line")
            return {"argv": ("/bin/sh", "-c", value)}
        case CheckKind.HTTP:
            port, _, path = value.partition("/")
            return {"port": _number(key, port, 1, _LAST_PORT), "path": f"/{_path(key, path)}"}
        case CheckKind.TCP:
            return {"port": _number(key, value, 1, _LAST_PORT)}


def _path(key: str, path: str) -> str:
    if not (path.isascii() and path.isprintable()) or " " in path:
        raise Wrong(key, "must be PORT/PATH, with a path in printable ASCII")
    return path


def _number(key: str, written: str, least: int, most: int) -> int:
    plain = written.strip()
    if not (plain.isascii() and plain.isdecimal() and len(plain) <= len(str(most)) and least <= int(plain) <= most):
        raise Wrong(key, f"must be a number from {least} to {most}")
    return int(plain)
