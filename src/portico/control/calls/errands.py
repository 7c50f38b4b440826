"""Errands: what one agent asks for that takes time: data too large to go along, brought piece by piece either way.

Owns the unfinished uploads of one line. Promises: an agent is answered in the order in which it asked; it sees data of
the Sessions whose Calls it holds and no others; it never has more than MOST_UPLOADS unfinished nor MOST_ASKED questions
open; what it has not finished is forgotten with its line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import structlog

from portico.control.calls.sheets import RESULT_DATA, RESULTS
from portico.domain.calls.frames import PART_BYTES, FetchData, Part, Stored, StoreData
from portico.domain.calls.states import ResultState
from portico.domain.errors import Exhausted, Invalid, NotFound, PorticoError

if TYPE_CHECKING:
    from portico.control.calls.holding import Agent
    from portico.control.calls.objects import Upload
    from portico.control.cluster.gateway import Line
    from portico.control.plane import Plane
    from portico.store.port import Reader

_log = structlog.get_logger(__name__)

MOST_UPLOADS = 4
MOST_ASKED = 64


class Errands:
    """The questions of one line."""

    def __init__(self, plane: Plane, agent: Agent, line: Line) -> None:
        self._plane = plane
        self._agent = agent
        self._line = line
        self._asked: deque[FetchData | StoreData] = deque()
        self._wake = asyncio.Event()
        self._uploads: dict[int, Upload] = {}
        self._failed: dict[int, str] = {}

    def ask(self, question: FetchData | StoreData) -> None:
        """Take a question; raises Exhausted from an agent that does not wait for answers."""
        if len(self._asked) >= MOST_ASKED:
            raise Exhausted(f"more than {MOST_ASKED} questions for data are open")
        self._asked.append(question)
        self._wake.set()

    async def run(self) -> None:
        """Answer until cancelled; forgets what is unfinished then."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._asked:
                    await self._answer(self._asked[0])
                    self._asked.popleft()
        except Exception:  # noqa: BLE001 — a defect met by one agent must not stop the server
            _log.exception("an agent could not be answered", pod=self._agent.pod)
            self._line.close()
        finally:
            for upload in self._uploads.values():
                upload.discard()

    async def _answer(self, question: FetchData | StoreData) -> None:
        if isinstance(question, FetchData):
            try:
                part = await self._fetch(question)
            except PorticoError as error:
                part = Part(question.request, error=_told(error))
            self._line.send(part)
            return
        try:
            stored = await self._store(question)
        except PorticoError as error:
            self._give_up(question, _told(error))
            stored = Stored(question.request, error=_told(error))
        self._line.send(stored)

    # ---- fetching ----------------------------------------------------------------------------------------------

    async def _fetch(self, question: FetchData) -> Part:
        """Read a piece; raises NotFound, Invalid."""
        number, offset = question.result, question.offset
        if offset < 0:
            raise Invalid("data begin at offset 0")
        text = self._plane.calls.result_text(number)
        book = self._plane.calls.book
        if book.result_session[number] not in {book.session[call] for call in self._agent.held}:
            raise NotFound(f"Result was not found: {text}")
        if book.result_state[number] != ResultState.COMPLETED:
            raise NotFound(f"Result data was not found: {text}")
        size, large, data = await self._plane.history.later(lambda reader: _read(reader, number, text))
        if large:
            data = await self._plane.calls.objects.read(large, offset, PART_BYTES)
        else:
            data = data[offset : offset + PART_BYTES]
        return Part(question.request, data, offset + len(data) >= size or not data)

    # ---- storing -----------------------------------------------------------------------------------------------

    async def _store(self, question: StoreData) -> Stored:
        """Take a piece; raises what the object store does, Invalid, Exhausted."""
        number = question.upload
        if number in self._failed:
            error = self._failed.pop(number) if question.last else self._failed[number]
            return Stored(question.request, error=error)
        if len(question.data) > PART_BYTES:
            raise Invalid(f"a piece of data has at most {PART_BYTES} bytes")
        upload = self._uploads.get(number)
        if upload is None:
            if len(self._uploads) >= MOST_UPLOADS:
                raise Exhausted(f"more than {MOST_UPLOADS} uploads are unfinished")
            upload = self._uploads[number] = self._plane.calls.objects.open()
        await upload.write(question.data)
        if not question.last:
            return Stored(question.request)
        content = await upload.finish()
        del self._uploads[number]
        if content.inline is not None:
            raise Invalid(f"{content.size} bytes are few enough to be told inline")
        return Stored(question.request, content.large)

    def _give_up(self, question: StoreData, error: str) -> None:
        """Forget an upload that has failed; its further pieces are answered with the same error."""
        upload = self._uploads.pop(question.upload, None)
        if upload is not None:
            upload.discard()
        if not question.last:
            if len(self._failed) >= MOST_ASKED:
                self._failed.clear()
            self._failed[question.upload] = error


def _read(reader: Reader, number: int, text: str) -> tuple[int, str, bytes]:
    """Give size, name and small data of a Result; raises NotFound when it has none."""
    with reader.snapshot():
        rows = reader.rows_by_number(RESULTS.name, (number,), ("state", "size", "large"))
        data = reader.rows_by_number(RESULT_DATA.name, (number,), ("data",))
    if not rows or rows[0][1] != ResultState.COMPLETED:
        raise NotFound(f"Result data was not found: {text}")
    _, _, size, large = rows[0]
    return int(size or 0), str(large or ""), bytes(data[0][1]) if data else b""  # type: ignore[arg-type]


def _told(error: PorticoError) -> str:
    return f"{type(error).__name__}: {error}"
