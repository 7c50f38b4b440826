"""The event that comes most is put together without a message; it is the same as any other way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from portico.doors.mesos.encoding.negotiation import Encoding, encode
from portico.doors.mesos.extension.happenings import Updated
from portico.doors.mesos.outbound import events
from portico.wire.mesos import mesos_pb2 as pb


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("message", ["", "ä" * 5, "long " * 100])
def test_an_update_is_written_as_any_event(encoding: Encoding, message: str) -> None:
    status = pb.TaskStatus(state=pb.TASK_RUNNING, uuid=bytes(range(240, 256)), message=message, timestamp=1.5)
    status.task_id.value = "t"
    written = status.SerializeToString()
    standing: Any = SimpleNamespace()
    event = events.event_of(standing, "f", Updated(written))
    assert events.update(written, encoding) == encode(event, encoding)
