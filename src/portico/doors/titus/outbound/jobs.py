"""Jobs as messages of the API.

A job's descriptor is stored as it goes out; the message is joined around it. Promises: the same record gives the same
bytes.
"""

from __future__ import annotations

import msgspec

from portico.doors.titus.extension.records import TitusJob
from portico.doors.titus.outbound.framing import ITEMS, counted, field, head
from portico.doors.titus.outbound.statuses import job_status

_ID, _DESCRIPTOR, _STATUS, _HISTORY, _VERSION = range(1, 6)


class Around(msgspec.Struct, frozen=True, gc=False):
    """What stands before a job's descriptor and what stands behind it; `listed` also has the head of a list's entry."""

    job: TitusJob
    listed: bytes
    before: bytes
    after: bytes


def around(job: TitusJob) -> Around:
    """Write all of a Job message but the descriptor itself."""
    size = len(job.descriptor)
    before = field(_ID, job.id.encode()) + head(_DESCRIPTOR, size)
    past = b"".join([field(_HISTORY, job_status(status)) for status in job.history])
    after = field(_STATUS, job_status(job.status)) + past + field(_VERSION, counted(1, job.version))
    return Around(job, head(ITEMS, len(before) + size + len(after)) + before, before, after)


def without_descriptor(written: Around) -> bytes:
    """Write a Job message that has every field but the descriptor."""
    return field(_ID, written.job.id.encode()) + written.after
