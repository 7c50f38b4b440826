"""Tasks that bring their payloads, as the older service takes them: payloads become results, then the tasks follow.

Promises: the session is looked at first; when the tasks are refused, the data of their payloads are let go of.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence

from portico.control.calls.commands import CallRequest, CreateResults, DeleteData, SubmitCalls
from portico.domain.calls.values import NewResults, OptionsPatch, ResultDraft
from portico.domain.errors import Invalid
from portico.doors.armonik.control import Control
from portico.doors.armonik.inbound.large_tasks import Payload

AT_ONCE = 500
"""Payloads stored in one command: those that are small are in memory until then."""

Created = list[tuple[str, CallRequest]]
"""Ids of tasks, and what each was asked to be."""


async def create_tasks(
    control: Control, session: str, options: OptionsPatch | None, payloads: AsyncIterable[Payload]
) -> Created:
    """Create the tasks, all or none; raises what the commands raise, Invalid when there are no tasks."""
    requests: list[CallRequest] = []
    try:
        waiting: list[Payload] = []
        async for payload in payloads:
            waiting.append(payload)
            if len(waiting) >= AT_ONCE:
                requests += await _store(control, session, waiting)
                waiting = []
        requests += await _store(control, session, waiting)
        ids = await _submit(control, SubmitCalls(session, tuple(requests), options))
    except BaseException:
        if requests:
            await control.submit(DeleteData(session, tuple(request.payload for request in requests)))
        raise
    return list(zip(ids, requests, strict=True))


async def _submit(control: Control, command: SubmitCalls) -> Sequence[str]:
    if not command.calls:
        raise Invalid("there is no task", "task_requests")
    ids: Sequence[str] = await control.submit(command)
    return ids


async def _store(control: Control, session: str, payloads: Sequence[Payload]) -> list[CallRequest]:
    if not payloads:
        return []
    drafts = tuple(ResultDraft(payload.name, payload.content) for payload in payloads)
    new: NewResults = await control.submit(CreateResults(session, drafts))
    return [
        CallRequest(text, payload.outputs, payload.dependencies)
        for text, payload in zip(new.texts, payloads, strict=True)
    ]
