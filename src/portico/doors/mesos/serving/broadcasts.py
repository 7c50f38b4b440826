"""One event for many subscribers: written once per encoding, whoever asks first."""

from __future__ import annotations

from google.protobuf.message import Message

from portico.doors.mesos.encoding.negotiation import Encoding, encode
from portico.doors.mesos.encoding.recordio import frame


class Broadcast:
    """A message and its framed records; the message must not change any more."""

    __slots__ = ("_message", "_records")

    def __init__(self, message: Message) -> None:
        self._message = message
        self._records: dict[Encoding, bytes] = {}

    def record(self, encoding: Encoding) -> bytes:
        """Give the record in one encoding."""
        record = self._records.get(encoding)
        if record is None:
            record = self._records[encoding] = frame(encode(self._message, encoding))
        return record
