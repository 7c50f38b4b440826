"""Data of Results on their way in and out, piece by piece.

Promises: what comes in is one piece in memory at a time, and nobody sees any of it before all of it is durable; what
goes out is one content and never a mixture, no faster than it is read; when it is deleted meanwhile, that ends in an
error.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from portico.control.calls.queries import GetResult, ReadContent
from portico.domain.calls.values import SMALL, Content, Result
from portico.domain.errors import Invalid, NotFound
from portico.doors.armonik.live import LiveControl, Objects

CHUNK = 2 << 20
"""Most bytes of a piece that is sent, and of those that clients are asked to send."""

MOST_CHUNK = 8 << 20
"""Most bytes of a piece that is taken all the same: clients of other languages send up to 4 MiB."""

_GATHERED = 256 << 10
"""Bytes that are passed on at a time, where the pieces are smaller."""

_NAME_LENGTH = 64
"""Letters in the name of a large object; another opaque id is what something was imported from."""

T = TypeVar("T")


class Intake:
    """One content coming in. To be entered; left without `finish`, nothing of it remains."""

    def __init__(self, objects: Objects) -> None:
        self._upload = objects.open()
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._step: asyncio.Future[Any] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        step = self._step
        if step is None or step.done():
            self._upload.discard()
            return
        step.add_done_callback(lambda _: self._upload.discard())  # also when this wait is cancelled too
        await asyncio.wait([step])

    async def take(self, piece: bytes, place: str) -> None:
        """Take the next piece; one that is too large is Invalid and names its place."""
        if len(piece) > MOST_CHUNK:
            raise Invalid(f"{len(piece)} bytes are more than the {MOST_CHUNK} that a piece may have", place)
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self._waiting >= _GATHERED:
            await self._pass_on()

    async def finish(self) -> Content:
        """Give the whole content, durable if it is large."""
        await self._pass_on()
        return await self._carry_out(self._upload.finish())

    async def _pass_on(self) -> None:
        pieces, self._pieces, self._waiting = self._pieces, [], 0
        if pieces:
            await self._carry_out(self._upload.write(pieces[0] if len(pieces) == 1 else b"".join(pieces)))

    async def _carry_out(self, step: Coroutine[Any, Any, T]) -> T:
        """Take a step to its end even if the call is cancelled meanwhile: threads cannot be stopped halfway."""
        going: asyncio.Future[T] = asyncio.ensure_future(step)
        self._step = going
        return await asyncio.shield(going)


async def store(objects: Objects, data: bytes) -> Content:
    """Give the content that data are; those too large for a row are durable then."""
    if len(data) <= SMALL:
        return Content(len(data), inline=data)
    async with Intake(objects) as intake:
        for start in range(0, len(data), CHUNK):
            await intake.take(data[start : start + CHUNK], "data")
        return await intake.finish()


async def read_whole(control: LiveControl, session: str, result: str) -> AsyncGenerator[bytes]:
    """Yield the data of a Result in pieces of at most CHUNK, one empty piece when there are none.

    NotFound("Result data was not found: ...") unless it is COMPLETED and of this Session.
    """
    beginning: bytes = await control.ask(ReadContent(session, result, 0, SMALL + 1))
    if len(beginning) <= SMALL:
        yield beginning
        return
    del beginning
    found: Result = await control.ask(GetResult(result))
    offset = 0
    while offset < max(found.size, 1):
        piece = await _piece(control, session, result, found, offset)
        yield piece
        if not piece:
            return
        offset += len(piece)


async def _piece(control: LiveControl, session: str, result: str, found: Result, offset: int) -> bytes:
    """Read a piece of the very content that was found: by its own name if it has one, else if it is still that."""
    name = found.opaque.decode(errors="replace")
    if found.size > SMALL and len(name) == _NAME_LENGTH:
        try:
            return await control.calls.objects.read(name, offset, CHUNK)
        except NotFound as error:
            raise NotFound(f"Result data was not found: {result}") from error
    piece: bytes = await control.ask(ReadContent(session, result, offset, CHUNK))
    now: Result = await control.ask(GetResult(result))
    if (now.opaque, now.size, now.completed_at) != (found.opaque, found.size, found.completed_at):
        raise NotFound(f"Result data was not found: {result} has been overwritten")
    return piece
