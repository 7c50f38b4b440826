"""Orders: the commands about Calls and Results, and how each is carried out.

Promises: what a command adds is there as a whole or not at all, and durable when it is answered; taking texts apart and
building answers, which is most of the work, is done in slices ahead of the one transaction and behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from portico.control.calls import asking, endings, results, sessions
from portico.control.calls.commands import (
    CallRequest,
    CancelCalls,
    CreateResults,
    DeleteData,
    ImportData,
    PutContent,
    SubmitCalls,
)
from portico.control.calls.objects import remove_unnamed
from portico.control.calls.queries import FindResults
from portico.control.calls.results import AT_ONCE
from portico.control.calls.sheets import RESULT_DATA, RESULTS
from portico.control.calls.submission import Submission
from portico.control.calls.texts import numbers_of
from portico.domain.calls.naming import OWN_DATA, Kind, Naming
from portico.domain.calls.states import ResultState, SessionState
from portico.domain.calls.values import Content, NewResults, Result, Session
from portico.domain.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from portico.control.commands import Command
    from portico.control.extensions import Handler
    from portico.control.plane import Plane
    from portico.control.queries import Query

SLICE = 250
"""Items that one step of the loop prepares: a millisecond or less."""

_Item = TypeVar("_Item")


def handlers(plane: Plane) -> dict[type[Command | Query], Handler]:
    """Give what carries out the commands about Calls and Results."""
    return {
        SubmitCalls: lambda command: submit_calls(plane, command),
        CancelCalls: lambda command: cancel_calls(plane, command),
        CreateResults: lambda command: create_results(plane, command),
        PutContent: lambda command: put_content(plane, command),
        ImportData: lambda command: import_data(plane, command),
        DeleteData: lambda command: delete_data(plane, command),
    }


# ---- Calls -----------------------------------------------------------------------------------------------------


async def submit_calls(plane: Plane, command: SubmitCalls) -> list[str]:
    """Add Calls to a Session, all or none; gives their texts in order."""
    session = sessions.find(plane, command.session)
    if not command.calls:
        raise Invalid("there is no task to submit", field="task_creations")
    naming, count = plane.calls.naming, len(command.calls)
    first = plane.calls.book.draw(Kind.CALL, count)
    submission = Submission(plane, session.number, 0, (command.session,), command.options)
    texts: list[str] = []
    for part in _slices(command.calls):
        try:
            payloads, outputs, needs = _linked(naming, part)
        except NotFound:
            submission.take_options([request.options for request in command.calls])
            submission.check()  # what is wrong with options is told first
            raise
        numbers = range(first + len(texts), first + len(texts) + len(part))
        submission.take(numbers, payloads, outputs, needs, [request.options for request in part])
        texts += naming.texts(Kind.CALL, first + len(texts), len(part))
        if len(texts) < count:
            await asyncio.sleep(0)
    with plane.begin() as tx:
        submission.commit(tx, tx.now)
    await plane.committer.settled(tx.revision)
    return texts


def _linked(
    naming: Naming, requests: Sequence[CallRequest]
) -> tuple[list[int], list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Give the payloads, outputs and dependencies of requests by number; raises NotFound for a text that names no
    Result."""
    payloads = _numbers(naming, [request.payload for request in requests])
    outputs = _grouped(naming, [request.outputs for request in requests])
    return payloads, outputs, _grouped(naming, [request.dependencies for request in requests])


def _grouped(naming: Naming, groups: Sequence[tuple[str, ...]]) -> list[tuple[int, ...]]:
    if not any(groups):
        return [()] * len(groups)
    numbers = iter(_numbers(naming, [text for group in groups for text in group]))
    return [tuple(islice(numbers, len(group))) for group in groups]


def _numbers(naming: Naming, texts: Sequence[str]) -> list[int]:
    numbers = numbers_of(naming, Kind.RESULT, texts)
    if 0 in numbers:
        raise NotFound(f"Result was not found: {texts[numbers.index(0)]}")
    return numbers


async def cancel_calls(plane: Plane, command: CancelCalls) -> list[str]:
    """Cancel Calls; gives the texts of those that exist."""
    book = plane.calls.book
    live = {text: book.find(text) for text in command.calls}
    revision = plane.committer.revision
    for part in _slices([number for number in live.values() if number]):
        with plane.begin() as tx:
            endings.cancel(plane, tx, part)
        revision = tx.revision
        await asyncio.sleep(0)
    await plane.committer.settled(revision)
    past = tuple(text for text, number in live.items() if not number)
    known = await asking.known_calls(plane, past) if past else set()
    return [text for text, number in live.items() if number or text in known]


# ---- Results ---------------------------------------------------------------------------------------------------


async def create_results(plane: Plane, command: CreateResults) -> NewResults:
    """Add Results to a Session."""
    session = sessions.find(plane, command.session)
    drafts = command.drafts
    first = plane.calls.book.draw(Kind.RESULT, len(drafts))
    with plane.begin() as tx:
        results.create(plane, tx, session.number, range(first, first + len(drafts)), drafts)
    texts = plane.calls.naming.texts(Kind.RESULT, first, len(drafts))
    await plane.committer.settled(tx.revision)
    return NewResults(session.number, first, texts, drafts, tx.now)


def _find_result(plane: Plane, session: Session, text: str) -> int:
    number = plane.calls.naming.number(Kind.RESULT, text)
    if plane.calls.book.result_session[number] != session.number:
        raise NotFound(f"Result was not found: {text}")
    return number


async def put_content(plane: Plane, command: PutContent) -> Result:
    """Give a Result its data."""
    session = sessions.find(plane, command.session)
    number = _find_result(plane, session, command.result)
    with plane.begin() as tx:
        results.complete(plane, tx, number, command.content)
    await plane.committer.settled(tx.revision)
    return await _result(plane, command.result)


async def _result(plane: Plane, text: str) -> Result:
    found: list[Result] = await plane.ask(FindResults((text,)))
    if not found:
        raise NotFound(f"Result was not found: {text}")
    return found[0]


async def import_data(plane: Plane, command: ImportData) -> list[Result]:
    """Give Results data that are in the object store already, all of them or none."""
    session = sessions.find(plane, command.session)
    numbers = [_find_result(plane, session, text) for text, _ in command.pairs]
    contents: list[Content] = []
    for _, opaque in command.pairs:
        content = await plane.calls.objects.find(opaque) or await _inline(plane, opaque)
        if content is None:
            raise NotFound(f"Opaque id was not found: {opaque.decode(errors='replace')}")
        contents.append(content)
    with plane.begin() as tx:
        for number, (text, opaque), content in zip(numbers, command.pairs, contents, strict=True):
            if plane.calls.book.result_state[number] != ResultState.CREATED:
                raise Conflict(f"Result status is invalid: {text} is not created")
            results.complete(plane, tx, number, content, opaque=opaque)
    await plane.committer.settled(tx.revision)
    found: list[Result] = await plane.ask(FindResults(tuple(text for text, _ in command.pairs)))
    return found


async def _inline(plane: Plane, opaque: bytes) -> Content | None:
    """Give the data of the Result that an opaque id of data in a row names."""
    text = opaque.decode(errors="replace")
    number = plane.calls.naming.number(Kind.RESULT, text.removeprefix(OWN_DATA))
    if not text.startswith(OWN_DATA) or not number:
        return None
    await plane.committer.settled(plane.committer.revision)
    rows = await plane.history.later(lambda reader: reader.rows_by_number(RESULT_DATA.name, (number,), ("data",)))
    data = rows[0][1] if rows else None
    return Content(len(data), data) if isinstance(data, bytes) else None


async def delete_data(plane: Plane, command: DeleteData) -> None:
    """Let go of the data of Results, but for those whose deletion is their owner's own affair; what is unknown, or of
    another Session or an unknown one, is passed over."""
    book, naming = plane.calls.book, plane.calls.naming
    session = book.sessions.get(naming.number(Kind.SESSION, command.session))
    if session is None or session.state is SessionState.DELETED:
        return
    numbers = numbers_of(naming, Kind.RESULT, command.results)
    mine = sorted({number for number in numbers if book.result_session[number] == session.number})
    revision = plane.committer.revision
    await plane.committer.settled(revision)
    rows = await plane.history.later(lambda reader: reader.rows_by_number(RESULTS.name, mine, ("large", "manual")))
    loose = [int(number) for number, _, manual in rows if not manual]  # type: ignore[arg-type]
    for start in range(0, len(loose), AT_ONCE):
        with plane.begin() as tx:
            results.empty(plane, tx, loose[start : start + AT_ONCE])
        revision = tx.revision
        await asyncio.sleep(0)
    await plane.committer.settled(revision)
    await remove_unnamed(plane, [str(large) for _, large, manual in rows if large and not manual])


def _slices(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]
