"""What runs in a container: entry point, command, variables. The same rules for the main one and those beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.entry_points import splits, words
from portico.doors.titus.inbound.health_checks import Wrong, health_check
from portico.doors.titus.inbound.limits import Limits
from portico.wire.titus import jobs_pb2

_STRICT_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_KILOBYTE = 1_024


def check(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> Iterator[Violation]:
    """Check what the main container runs."""
    container = descriptor.container
    yield from of_process("container", container.entryPoint, container.command, container.env, limits)
    if splits(descriptor) and words(descriptor) is None:
        yield Violation("container.entryPoint", "Entry point has a quotation without end")
    try:
        health_check(container.attributes)
    except Wrong as found:
        yield Violation(f"container.attributes.{found.key}", str(found))


def of_process(
    field: str, entry_point: Sequence[str], command: Sequence[str], env: Mapping[str, str], limits: Limits
) -> Iterator[Violation]:
    """Check sizes, and that the operating system can be told these words."""
    if sum(len(word.encode()) for word in entry_point) > limits.max_entry_point:
        text = f"Entry point size exceeds the limit {limits.max_entry_point // _KILOBYTE}KB"
        yield Violation(f"{field}.entryPoint", text)
    for name, written in (("entryPoint", entry_point), ("command", command)):
        if any("\0" in word for word in written):
            yield Violation(f"{field}.{name}", "NUL characters not allowed")
    yield from _variables(f"{field}.env", env, limits)


def _variables(field: str, env: Mapping[str, str], limits: Limits) -> Iterator[Violation]:
    if "" in env:
        yield Violation(field, "empty key names not allowed")
    if any("=" in name or "\0" in name or "\0" in value for name, value in env.items()):
        yield Violation(field, "'=' in names and NUL characters not allowed")
    if sum(len(name.encode()) + len(value.encode()) + 2 for name, value in env.items()) > limits.max_environment:
        text = f"Container environment variables size exceeds the limit {limits.max_environment // _KILOBYTE}KB"
        yield Violation(field, text)
    if limits.strict_environment_names and not all(_STRICT_NAME.fullmatch(name) for name in env if name):
        text = "environment names must consist of upper case ASCII letters, digits and '_', and not begin with a digit"
        yield Violation(field, text)
