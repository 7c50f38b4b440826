"""One request of the gateway, read: path, query parameters and a JSON body that becomes a message.

Promises: whatever does not read is a TitusError that names the part; nothing is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from portico.doors.titus import errors
from portico.wire.titus import base_pb2

M = TypeVar("M", bound=Message)

DEFAULT_PAGE_SIZE = 10
NO_CRITERIA = frozenset({"debug", "fields", "page", "pagesize", "cursor", "accesstoken"})
"""Query parameters that are not filters, in lower case (rpcs.md, head)."""
LARGEST = (1 << 31) - 1
MOST_BODY = 4 << 20
"""Bytes; what clients of the RPCs may send, which is far more than any message needs."""


class Asked:
    """One request: `path` and `query` are decoded, of a repeated parameter the last one counts, `body` is raw."""

    def __init__(self, path: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        self.path = path
        self.query = query
        self._body = body

    def read(self, kind: type[M]) -> M:
        """Read the body as a message; raises TitusError for what is not JSON or names a field that does not exist."""
        if len(self._body) > MOST_BODY:
            raise errors.invalid_argument(f"The body is larger than {MOST_BODY} bytes")
        message = kind()
        if not self._body.strip():
            return message
        try:
            json_format.Parse(self._body, message, max_recursion_depth=60)
        except (json_format.ParseError, ValueError, RecursionError) as error:
            raise errors.invalid_argument(_plain(error)) from error
        return message

    def flag(self, name: str) -> bool:
        """Give a parameter that is true or false: absent is false, without a value it is true."""
        return self.query.get(name, "false").strip().lower() in ("", "true", "1")

    def words(self, name: str) -> list[str]:
        """Give a parameter that is a list divided by commas."""
        return [word for part in self.query.get(name, "").split(",") if (word := part.strip())]

    def page(self) -> base_pb2.Page:
        """Give the page asked for; pages count from 0, ten entries each unless said otherwise."""
        return base_pb2.Page(
            pageNumber=self._number("page", 0),
            pageSize=self._number("pageSize", DEFAULT_PAGE_SIZE),
            cursor=self.query.get("cursor", ""),
        )

    def criteria(self) -> dict[str, str]:
        """Give every other parameter as a filter."""
        return {name: value for name, value in self.query.items() if name.lower() not in NO_CRITERIA}

    def _number(self, name: str, default: int) -> int:
        text = self.query.get(name)
        if text is None or not text.strip():
            return default
        try:
            number = int(text)
        except ValueError as error:
            raise errors.invalid_argument(f"{name} is not a number: {text[:40]!r}") from error
        if abs(number) > LARGEST:
            raise errors.invalid_argument(f"{name} is out of range: {text[:40]}")
        return number


def _plain(error: Exception) -> str:
    """Say what is wrong with a body, in the words clients know where there are such."""
    text = str(error)
    if 'has no field named "' in text:
        name = text.split('has no field named "', 1)[1].split('"', 1)[0]
        return f"Unrecognized field(s) [{name}]"
    # A full stop of the reader's own stands behind whatever it quotes, which often has one already.
    return f"Invalid JSON: {text.splitlines()[0][:500].rstrip('.')}."
