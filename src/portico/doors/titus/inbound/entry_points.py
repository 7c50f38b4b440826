"""Entry points and commands: what they mean together, and the old form in which one string holds a whole line. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import msgspec

from portico.doors.titus.inbound.attributes import SKIP_SHELL_PARSING
from portico.wire.titus import containers_pb2, jobs_pb2


class Invocation(msgspec.Struct, frozen=True):
    """What replaces the image's entry point (None keeps it) and the words behind it."""

    entry_point: tuple[str, ...] | None
    command: tuple[str, ...]


def splits(descriptor: jobs_pb2.JobDescriptor) -> bool:
    """Tell whether the entry point is a line to be taken apart: blanks in its first word, and no command given."""
    container = descriptor.container
    if container.command or descriptor.attributes.get(SKIP_SHELL_PARSING, "").lower() == "true":
        return False
    return bool(container.entryPoint) and any(letter.isspace() for letter in container.entryPoint[0])


def words(descriptor: jobs_pb2.JobDescriptor) -> tuple[str, ...] | None:
    """Take the line apart as a shell would, without replacing anything; None when a quotation does not end."""
    try:
        return tuple(shlex.split(" ".join(descriptor.container.entryPoint)))
    except ValueError:
        return None


def main_invocation(descriptor: jobs_pb2.JobDescriptor) -> Invocation:
    """Say what the main container runs."""
    if splits(descriptor):
        return Invocation(words(descriptor) or (), ())
    return invocation(descriptor.container)


def invocation(container: jobs_pb2.Container | containers_pb2.BasicContainer) -> Invocation:
    """Say what a container runs; a single empty string unsets what the image has."""
    entry_point = tuple(container.entryPoint)
    return Invocation(_unset(entry_point) if entry_point else None, _unset(container.command))


def _unset(written: Sequence[str]) -> tuple[str, ...]:
    return () if list(written) == [""] else tuple(written)
