"""The bench: the one Call that its worker runs now, and what the worker may do for it.

Promises that what a worker asks counts only while the Call that it shows the token of is at the bench.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from portico.domain.calls.frames import NewCall
from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.values import Content
from portico.domain.errors import Invalid, NotFound, Unavailable
from portico.doors.armonik.outpost.held import Held
from portico.doors.armonik.outpost.numbers import NumberBlocks
from portico.doors.armonik.outpost.preparing import Preparation
from portico.doors.armonik.outpost.transfers import Transfers


class Bench:
    """Holds one Call at a time between `arm` and `disarm`."""

    def __init__(self, blocks: dict[Kind, NumberBlocks], transfers: Transfers, preparation: Preparation) -> None:
        self._blocks = blocks
        self._transfers = transfers
        self._preparation = preparation
        self._held: Held | None = None
        self.naming: Naming | None = None
        """Known from the first AgentReady on."""

    def arm(self, held: Held) -> None:
        """Let the worker act for this Call."""
        self._held = held

    def disarm(self) -> None:
        """Let the worker act for none."""
        self._held = None

    def held(self, token: str) -> Held:
        """Give the Call that a token is of: Unavailable when none runs, Invalid when it is another's."""
        if self._held is None:
            raise Unavailable("No task is accepting request")
        if not token:
            raise Invalid("The communication token is missing", "communication_token")
        if token != self._held.token:
            raise Invalid("The communication token is not the running task's", "communication_token")
        return self._held

    def check_session(self, held: Held, session: str) -> None:
        """Refuse another session than the Call's; an empty one means the Call's."""
        if session and self._names().number(Kind.SESSION, session) != held.assignment.session:
            raise Invalid(f"The running task is not of session {session}", "session_id")

    def text(self, kind: Kind, number: int) -> str:
        """Name a number."""
        return self._names().text(kind, number)

    def result(self, text: str) -> int:
        """Give a result's number; NotFound when the text can be no result's."""
        number = self._names().number(Kind.RESULT, text)
        if not number:
            raise NotFound(f"Result was not found: {text}")
        return number

    def results(self, texts: Iterable[str]) -> list[int]:
        """Give results' numbers, in order."""
        return [self.result(text) for text in texts]

    async def numbers(self, held: Held, kind: Kind, count: int) -> list[int]:
        """Give fresh numbers for a Call's worker."""
        held.deeds.room_for(count)
        numbers = await self._blocks[kind].take(count)
        self._check_running(held)
        return numbers

    async def submit(self, held: Held, drafts: Sequence[NewCall]) -> list[int]:
        """Number and keep new Calls."""
        numbers = await self.numbers(held, Kind.CALL, len(drafts))
        held.deeds.submit(
            [msgspec.structs.replace(draft, number=number) for number, draft in zip(numbers, drafts, strict=True)]
        )
        return numbers

    async def content(self, held: Held, data: bytes) -> Content:
        """Make content of bytes, which are brought to control at once when they are large."""
        if held.deeds.goes_along(len(data)):
            return Content(len(data), data)
        large = await self._transfers.store(data)
        self._check_running(held)
        return Content(len(data), large=large)

    def bring(self, held: Held, ids: Sequence[str]) -> None:
        """Keep that files in the folder are results' data; NotFound names a text that is no result's."""
        held.deeds.bring(self.results(ids), list(ids))

    def put(self, held: Held, data: Mapping[str, bytes]) -> None:
        """Keep data of results, by id, which the worker has told with its answer; later than any that it has brought
        as files. Raises NotFound for a text that is no result's, Exhausted when they are too much for the folder."""
        assert held.room is not None
        held.room.carry(sum(map(len, data.values())))
        for name, content in data.items():
            number = self.result(name)
            if held.deeds.goes_along(len(content)):
                held.deeds.put(number, Content(len(content), content))
                held.deeds.brought.pop(number, None)
            else:
                held.room.write(name, content)
                held.deeds.bring([number], [name])

    def notify(self, held: Held, ids: Sequence[str]) -> None:
        """Likewise, and see that the files are there: NotFound names one that is not."""
        assert held.room is not None
        for name in ids:
            self.result(name)
            held.room.size(name)
        self.bring(held, ids)

    async def fetch(self, held: Held, result: str) -> None:
        """Bring a result's data into the Call's folder."""
        assert held.room is not None
        await self._preparation.bring(held.room, result, self.result(result))
        self._check_running(held)

    def _check_running(self, held: Held) -> None:
        if self._held is not held:
            raise Unavailable("No task is accepting request")

    def _names(self) -> Naming:
        assert self.naming is not None
        return self.naming
