"""Bodies of requests: read whole within a bound, or record by record."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding.recordio import Splitter
from portico.doors.mesos.serving.exchange import Refused


async def read_body(receive: Receive, declared: str | None, most: int) -> bytes:
    """Read a whole body; Refused with 413 as soon as it is known to be above the bound."""
    if declared is not None and declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > most:
            raise _too_large(most)
        return body
    pieces, total = [body], len(body)
    async for piece in read_pieces(receive):
        total += len(piece)
        if total > most:
            raise _too_large(most)
        pieces.append(piece)
    return b"".join(pieces)


async def read_pieces(receive: Receive) -> AsyncIterator[bytes]:
    """Give what arrives until the body ends; ClientDisconnect when it never does."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def read_records(receive: Receive, most: int) -> AsyncIterator[bytes]:
    """Give the records of a body as they arrive; Invalid where the framing breaks or the body ends inside a record."""
    splitter = Splitter(most)
    async for piece in read_pieces(receive):
        for record in splitter.feed(piece):
            yield record
    if not splitter.clean:
        raise Invalid("the body ends inside a record")


def _too_large(most: int) -> Refused:
    return Refused(413, f"The body has more than {most} bytes")
