"""Kinds and fleets as Jobs; what is wrong with them is refused by name before any of them is made."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from portico.control.jobs.catalogue import kind_id, kind_name
from portico.deciding import cron
from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.jobs import Job, JobMode, Retry, Schedule, Template
from portico.domain.resources import CPUS, DISK, GPUS, MEM, WHOLE
from portico.domain.runs import AbsencePolicy, Limits, RunSpec
from portico.doors.jobv1.outpost.discovery import Document, KindFact
from portico.kinds import Kind
from portico.settings import KindSettings, PythonSettings, parse_duration
from portico.settings.armonik_values import DEFAULT_RESOURCES
from portico.settings.problems import Rejected, nearest
from portico.settings.scalars import check_pool_path

DOOR = "jobv1"
_MEGABYTE = 1 << 20
WORKER_MODULE = "portico.doors.jobv1.outpost.worker"
FLEET_PREFIX = "fleet/"
LEAST_MEMORY = 48
"""MB for a worker limited to what its kinds state: it takes 25 of them itself, 40 where address space is limited."""
_NUMBERS = range(-(2**31), 2**31)
_KINDS_OF_RESOURCES = (CPUS, MEM, DISK, GPUS)
_MOST_UNITS = 10**12


def command_job(kind: KindSettings, zone: str, now: Instant) -> Job:
    """Make the Job of a kind that is a command."""
    spec = RunSpec(
        argv=kind.command,
        environment=kind.environment,
        working_directory=str(kind.working_directory) if kind.working_directory is not None else "",
        user=kind.user or "",
        limits=limits(kind.resources, kind.stated),
        capture=kind.max_output,
    )
    return Job(
        id=kind_id(kind.name),
        door=DOOR,
        pool=kind.pool,
        mode=JobMode.DEMAND,
        created_at=now,
        description=kind.description,
        template=Template(
            spec=spec,
            amounts=kind.resources,
            priority=kind.priority,
            timeout=kind.timeout,
            grace=kind.grace,
            absence=AbsencePolicy(lose=True),
        ),
        retry=Retry(kind.retries, kind.backoff),
        concurrency=kind.concurrency,
        schedule=Schedule(kind.cron_spec or "", zone, kind.schedule_at or Instant(0), kind.catch_up),
    )


def limits(amounts: dict[str, int], stated: frozenset[str]) -> Limits:
    """Say what a Run may use: a weight of cpu always, memory and disk as far as they were stated."""
    return Limits(
        cpus=amounts.get(CPUS, 0),
        memory=amounts.get(MEM, 0) * _MEGABYTE // WHOLE if MEM in stated else 0,
        disk=amounts.get(DISK, 0) * _MEGABYTE // WHOLE if DISK in stated else 0,
    )


def python_jobs(found: Document, settings: PythonSettings, worker: WorkerPlace, now: Instant) -> list[Job]:
    """Make the Jobs of kinds that are functions, and a fleet of workers for each pool and size they ask for."""
    jobs: list[Job] = []
    fleets: dict[str, Job] = {}
    refuse_wrong(found.kinds)
    for fact in found.kinds:
        size = _size_of(fact)
        if size.fleet not in fleets:
            fleets[size.fleet] = _fleet_job(size, settings, worker, found.code, now)
        jobs.append(_function_job(fact, size, worker.zone, now))
    return [*jobs, *fleets.values()]


class WorkerPlace:
    """How workers reach the server, and the zone in which cron lines without one are read."""

    def __init__(self, link: str, secret_file: Path, zone: str) -> None:
        self.link = link
        self.secret_file = secret_file
        self.zone = zone


def refuse_wrong(found: Sequence[KindFact]) -> None:
    """Refuse options of functions that their mark could not judge; Invalid has a line for each problem."""
    problems = [
        f"[python] kind {fact.options.name} at {fact.place}: {problem}"
        for fact in found
        for problem in _problems(fact.options)
    ]
    if problems:
        raise Invalid("\n".join(problems))


def _problems(options: Kind) -> Iterator[str]:
    judges: tuple[tuple[str, Callable[[str], object], str], ...] = (
        ("cron_spec", lambda text: text and cron.parse(text, "UTC"), options.cron_spec),
        ("schedule_at", _instant, options.schedule_at),
        ("backoff", parse_duration, options.backoff),
        ("timeout", parse_duration, options.timeout),
        ("pool", check_pool_path, options.pool),
    )
    for option, judge, text in judges:
        try:
            judge(text)
        except Invalid as error:
            yield f"{option}: {error}"
        except Rejected as refusal:
            yield f"{option}: {refusal.what}; expected {refusal.expected}"
    for option, number in (("priority", options.priority), ("retries", options.retries)):
        if number not in _NUMBERS:
            yield f"{option}: {number} is out of range; expected an integer of 32 bits"
    for name, amount in options.resources.items():
        if name not in _KINDS_OF_RESOURCES:
            yield f"resources: unknown kind {name!r}; expected {nearest(name, _KINDS_OF_RESOURCES)}"
        elif amount > _MOST_UNITS:
            yield f"resources: {name} = {amount:g} is out of range; expected at most {_MOST_UNITS}"
        elif name == MEM and amount < LEAST_MEMORY:
            yield f"resources: {name} = {amount:g} is too little for a worker; expected at least {LEAST_MEMORY}"


def require_zone(jobs: Sequence[Job], zone: str) -> None:
    """Refuse a server's time zone in which its Jobs' schedules cannot be read."""
    for job in jobs:
        if job.schedule.cron:
            try:
                cron.parse(job.schedule.cron, zone)
            except Invalid as error:
                raise Invalid(
                    f"the server's time zone {zone!r} is unknown: the cron line of {kind_name(job.id)} cannot be read "
                    f"in it; set the variable TZ to one such as Europe/Berlin, or begin the line with CRON_TZ="
                ) from error


class _Size(msgspec.Struct, frozen=True):
    """What kinds share a fleet by: their pool, what a worker claims, and whether its memory is limited to that."""

    pool: str
    amounts: dict[str, int]
    limited: bool

    @property
    def fleet(self) -> str:
        """The name of the fleet."""
        marks = {MEM: "<="} if self.limited else {}
        parts = (f"{name}{marks.get(name, '=')}{amount / WHOLE:g}" for name, amount in sorted(self.amounts.items()))
        return f"{self.pool}:{','.join(parts)}"


def _size_of(fact: KindFact) -> _Size:
    stated = {name: round(amount * WHOLE) for name, amount in fact.options.resources.items()}
    return _Size(fact.options.pool, {**DEFAULT_RESOURCES, **stated}, MEM in stated)


def _fleet_job(size: _Size, settings: PythonSettings, place: WorkerPlace, code: str, now: Instant) -> Job:
    environment = {
        "PORTICO_WORKER_LINK": place.link,
        "PORTICO_WORKER_SECRET_FILE": str(place.secret_file),
        "PORTICO_WORKER_FLEET": size.fleet,
        "PORTICO_WORKER_CODE": code,
        "PORTICO_WORKER_MODULES": ":".join(settings.modules),
        "PORTICO_WORKER_PATH": _listed([str(path) for path in settings.path]),
    }
    spec = RunSpec(
        argv=(sys.executable, "-m", WORKER_MODULE),
        environment=environment,
        limits=limits(size.amounts, frozenset({MEM}) if size.limited else frozenset()),
    )
    return Job(
        id=FLEET_PREFIX + size.fleet,
        door=DOOR,
        pool=size.pool,
        mode=JobMode.SERVICE,
        created_at=now,
        description="workers for kinds that are Python functions",
        template=Template(
            spec=spec,
            amounts=size.amounts,
            priority=-1_000_000,
            grace=settings.hang_grace,
            absence=AbsencePolicy(lose=True),
            labels={"portico.fleet": size.fleet},
        ),
        retry=Retry(0, Micros(SECOND // 5), 2, Micros(30 * SECOND), steady=Micros(30 * SECOND)),
        size=settings.workers,
    )


def _listed(folders: list[str]) -> str:
    """Write folders as the worker reads them: joined, or as JSON where a name has the separator in it."""
    if any(os.pathsep in folder for folder in folders):
        return msgspec.json.encode(folders).decode()
    return os.pathsep.join(folders)


def _function_job(fact: KindFact, size: _Size, zone: str, now: Instant) -> Job:
    options = fact.options
    return Job(
        id=kind_id(options.name),
        door=DOOR,
        pool=options.pool,
        mode=JobMode.DEMAND,
        created_at=now,
        description=fact.description,
        template=Template(
            amounts=size.amounts,
            priority=options.priority,
            timeout=parse_duration(options.timeout),
            function=options.name,
            fleet=size.fleet,
        ),
        retry=Retry(options.retries, parse_duration(options.backoff)),
        concurrency=options.concurrency,
        schedule=Schedule(options.cron_spec, zone, _instant(options.schedule_at)),
    )


def _instant(text: str) -> Instant:
    if not text:
        return Instant(0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text!r} is not an RFC 3339 time") from error
    return Instant(round(moment.timestamp() * 1_000_000) or 1)  # 0 says that there is none
