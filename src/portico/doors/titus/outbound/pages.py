"""Parts of lists on their way out: what was found, where it stands in the whole, and the reply made of it.

Promises: pagination values are the API's to the letter; a reply is joined from encodings that are kept, a slice at a
time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

import msgspec

from portico.doors.titus.extension.records import TitusJob, TitusTask
from portico.doors.titus.inbound.pages import Key, Page, write_cursor
from portico.doors.titus.outbound.encodings import Encodings
from portico.doors.titus.outbound.fields import job_projection, task_projection
from portico.doors.titus.outbound.framing import field
from portico.wire.titus import base_pb2

T = TypeVar("T")

_PAGINATION = 2
STEP = 0.004
"""Seconds of writing before others get their turn."""
GLANCE = 64
"""Entries between two looks at the clock."""


class Span(msgspec.Struct, frozen=True):
    """The places [start, end) of a list of `total` entries that a page covers; none of them past the list's end."""

    start: int
    end: int
    total: int

    @property
    def last(self) -> int:
        """The place of the last entry given, or of the list's last one when the page is past its end."""
        return max(0, self.end - 1)


class Found(msgspec.Struct, Generic[T], frozen=True):
    """The entries of one page with the pagination that goes with them."""

    items: Sequence[T]
    pagination: base_pb2.Pagination


def span(page: Page, total: int, place: Callable[[Key], int]) -> Span:
    """Say which entries a page covers; `place` counts the entries up to and including a key."""
    start = page.number * page.size if page.after is None else place(page.after)
    return Span(min(start, total), min(start + page.size, total), total)


def pagination(page: Page, covered: Span, last: Key | None) -> base_pb2.Pagination:
    """Describe a page; `last` is the key of the entry at `covered.last`, None for an empty list.

    A cursor goes before a page number, which is then worked out from the place of the cursor.
    """
    pages = -(-covered.total // page.size)
    number = page.number if page.after is None else min(pages, covered.start // page.size)
    return base_pb2.Pagination(
        currentPage=base_pb2.Page(pageNumber=number, pageSize=page.size, cursor=page.cursor),
        hasMore=covered.end < covered.total,
        totalPages=pages,
        totalItems=covered.total,
        cursor=write_cursor(last) if last is not None else "",
        cursorPosition=covered.last,
    )


async def jobs_reply(found: Found[TitusJob], fields: Iterable[str], encodings: Encodings) -> bytes:
    """Write a JobQueryResult with the fields asked for."""
    projection = job_projection(fields)
    return await _reply(found, lambda job: encodings.listed_job(job, projection))


async def tasks_reply(found: Found[TitusTask], fields: Iterable[str], encodings: Encodings) -> bytes:
    """Write a TaskQueryResult with the fields asked for."""
    projection = task_projection(fields)
    return await _reply(found, lambda task: encodings.listed_task(task, projection))


async def _reply(found: Found[T], pieces_of: Callable[[T], Sequence[bytes]]) -> bytes:
    """Join the encodings of the entries and the pagination, giving way to others now and then."""
    clock = asyncio.get_running_loop().time
    until = clock() + STEP
    parts: list[bytes] = []
    for count, item in enumerate(found.items, 1):
        parts += pieces_of(item)
        if count % GLANCE == 0 and clock() > until:
            await asyncio.sleep(0)
            until = clock() + STEP
    parts.append(field(_PAGINATION, found.pagination.SerializeToString()))
    return b"".join(parts)
