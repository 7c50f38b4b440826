"""A plane that keeps Titus records and does nothing with them: what the door's readers see, put by hand."""

from __future__ import annotations

import asyncio

import msgspec
from harness import CountingIds, LoopWriter, ManualClock

from portico.control.calls.sheets import CALL_SHEETS
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES
from portico.doors.titus.extension.looking import FindJobs, FindTasks, Looking
from portico.doors.titus.extension.records import DOOR, TABLES, Status, TitusJob, TitusTask
from portico.doors.titus.extension.standing import Periods, Site, Standing
from portico.doors.titus.inbound.criteria import read_criteria
from portico.doors.titus.inbound.pages import Page
from portico.doors.titus.outbound.encodings import Encodings
from portico.store.memory import MemoryStore
from portico.wire.titus import jobs_pb2

T0 = 1_800_000_000_000


class Keeping:
    """An extension that only keeps."""

    door = DOOR
    tables = TABLES

    def attach(self, plane):
        self.standing = Standing(plane, "/titus", Periods(), None, Site())
        self.looking = Looking(self.standing)

    def handlers(self):
        return self.looking.handlers()

    def start(self, tx):
        pass


class LookingStage:
    def __init__(self):
        self.extension = Keeping()
        self.store = MemoryStore([table.table for table in (*CORE_TABLES, *TABLES)], CALL_SHEETS)
        self.clock = ManualClock()
        self.plane = Plane(
            self.store, self.clock, CountingIds(), secret="s", reading_threads=0, extensions=(self.extension,)
        )
        self.plane.load()
        self.writer = LoopWriter(self.store, self.plane)
        self.plane.attach(self.writer)
        self.encodings = Encodings()

    @property
    def standing(self):
        return self.extension.standing

    @property
    def looking(self):
        return self.extension.looking

    def put(self, *records):
        """Put all of them in one transaction."""
        stored = []
        with self.plane.begin() as tx:
            for record in records:
                put = self.standing.put_job if isinstance(record, TitusJob) else self.standing.put_task
                moved = {"moved": record.moved} if isinstance(record, TitusTask) else {}
                stored.append(put(tx, record, **moved))
        return stored[0] if len(stored) == 1 else stored

    def change(self, record, **changes):
        kept = self.standing.jobs if isinstance(record, TitusJob) else self.standing.tasks
        return self.put(msgspec.structs.replace(kept[record.id], **changes))

    async def settle(self, turns=10):
        for _ in range(turns):
            await asyncio.sleep(0)


def uuid_of(number):
    return f"00000000-0000-4000-8000-{number:012d}"


def descriptor(kind="batch", **changes):
    made = jobs_pb2.JobDescriptor(applicationName="app", capacityGroup="DEFAULT")
    made.owner.teamEmail = "a@b.c"
    made.container.image.name = "image"
    made.container.image.tag = "latest"
    if kind == "batch":
        made.batch.size = 1
    else:
        made.service.capacity.desired = 1
    attributes = changes.pop("attributes", {})
    made.attributes.update(attributes)
    for name, value in changes.items():
        part = made
        *path, last = name.split("__")
        for step in path:
            part = getattr(part, step)
        setattr(part, last, value)
    return made


def job(number, *, accepted_at=None, state="Accepted", code="normal", kind="batch", **changes):
    at = T0 + number if accepted_at is None else accepted_at
    return TitusJob(
        id=uuid_of(number),
        descriptor=descriptor(kind, **changes).SerializeToString(),
        status=Status(state, code, "", at),
        version=0,
        accepted_at=at,
    )


def task(number, of, *, state="Started", code="normal", accepted_at=None, **changes):
    at = T0 + number if accepted_at is None else accepted_at
    return TitusTask(
        id=uuid_of(1_000_000 + number),
        job=of.id,
        instance=f"i{number}",
        original=uuid_of(1_000_000 + number),
        status=Status(state, code, "", at),
        version=0,
        accepted_at=at,
        **{"index": 0, **changes},
    )


def criteria(**given):
    return read_criteria({key.replace("__", "."): value for key, value in given.items()})


ALL = Page(1_000_000)


def run(story):
    return asyncio.run(story())


async def find_jobs(stage, page=ALL, **given):
    """Search jobs; gives their numbers, and what is said of the page."""
    found = await asked(stage, FindJobs(criteria(**given), page))
    return [int(record.id[-12:]) for record in found.items], found.pagination


async def find_tasks(stage, page=ALL, **given):
    """Search tasks; gives their numbers, and what is said of the page."""
    found = await asked(stage, FindTasks(criteria(**given), page))
    return [int(record.id[-12:]) - 1_000_000 for record in found.items], found.pagination


async def asked(stage, query):
    return await stage.plane.ask(query)
