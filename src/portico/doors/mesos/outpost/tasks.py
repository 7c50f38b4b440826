"""The tasks of one executor on their way: queued, delivered, over; and the statuses that are not durable yet."""

from __future__ import annotations

import hashlib
from collections import deque

import msgspec

from portico.doors.mesos.outpost.hosting import Launch, Stop, ToAgent
from portico.doors.mesos.outpost.words import GROUP_LABEL
from portico.wire.mesos import mesos_pb2 as pb

_REMEMBERED = 32
"""Uuids of durable updates that are known again when an executor says them again."""


class HostedTask:
    """One task; `over` once its end was said, whether or not that is durable."""

    __slots__ = ("delivered", "group", "info", "over", "remembered", "run", "size", "started", "stop", "waiting")

    def __init__(self, word: Launch, *, delivered: bool) -> None:
        self.run = word.run
        self.info = pb.TaskInfo.FromString(word.payload)
        self.group, self.size = _group(word.labels.get(GROUP_LABEL, ""))
        self.delivered = delivered
        self.started = word.started
        self.stop: Stop | None = None
        self.over = False
        self.waiting = 0
        """Statuses that are not durable yet."""
        self.remembered: deque[bytes] = deque(maxlen=_REMEMBERED)

    @property
    def name(self) -> str:
        """Give the framework's name of the task."""
        return self.info.task_id.value


class Unheard(msgspec.Struct, frozen=True):
    """A status that is not durable yet, and what to say to the agent for it; `own` if the executor did not send it."""

    task: str
    uuid: bytes
    said: tuple[ToAgent, ...]
    own: bool = False


def note_number(uuid: bytes) -> int:
    """Number a note by what it says, so that a new outpost gives it the same number."""
    return int.from_bytes(hashlib.blake2b(uuid, digest_size=8).digest()) >> 1


def _group(label: str) -> tuple[str, int]:
    """Read the label of a task group; no label, or a wrong one, is a task by itself."""
    name, _, size = label.rpartition("/")
    return (name, int(size)) if name and size.isdecimal() and len(size) < 10 else ("", 1)
