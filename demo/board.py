"""What the demo shows of its jobs while they run, and what became of them at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from rich.text import Text
from screen import Screen

from portico.cli import words

COLUMNS = ("kind", "arguments", "state", "tries", "took", "result")


@dataclass
class Job:
    """Something the demo schedules, how it is to end, and what is known of it."""

    kind: str
    arguments: list[str]
    expected: str
    attempts: int = 1
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Tell whether it is over."""
        return self.record.get("state") in words.ENDED

    @property
    def as_expected(self) -> bool:
        """Tell whether it ended as it should."""
        return self.record.get("state") == self.expected and self.record["attempts"] == self.attempts


class Board:
    """All jobs of the demo, and one that fires by itself."""

    def __init__(self, screen: Screen, jobs: list[Job], cron_kind: str, firings: int) -> None:
        self.jobs = jobs
        self._screen = screen
        self._cron = Job(cron_kind, [], "succeeded")
        self._wanted = firings
        self._fired: set[int] = set()
        self._by_id: dict[str, Job] = {}
        self._told: dict[str, tuple[str, int]] = {}

    @property
    def firings(self) -> int:
        """Count how often the cron kind has run to its end."""
        return len(self._fired)

    @property
    def over(self) -> bool:
        """Tell whether all is done."""
        return all(job.ended for job in self.jobs) and self.firings >= self._wanted

    @property
    def as_expected(self) -> bool:
        """Tell whether all went as it should."""
        return all(job.as_expected for job in self.jobs) and self.firings >= self._wanted

    def scheduled(self, job: Job, record: dict[str, Any]) -> None:
        """Take the answer that scheduled a job."""
        self._by_id[record["id"]] = job
        self.take([record])

    def take(self, records: Iterable[dict[str, Any] | None]) -> None:
        """Take news of instances."""
        for record in records:
            if record is None:
                continue
            job = self._cron if record["kind"] == self._cron.kind else self._by_id.get(record["id"])
            if job is None:
                continue
            job.record = record
            if job is self._cron and record["state"] == "succeeded":
                self._fired.add(record["generation"])
            self._tell(job)

    def _tell(self, job: Job) -> None:
        """Tell each new state once."""
        record = job.record
        news = (record["state"], record["attempts"])
        if self._told.get(record["id"]) == news:
            return
        self._told[record["id"]] = news
        self._screen.tell(job.kind, arguments(job), record["state"], result(job))

    def shown(self) -> AbstractContextManager[None]:
        """Show the jobs."""
        return self._screen.shown(COLUMNS, lambda: [self._row(job) for job in [*self.jobs, self._cron]])

    def _row(self, job: Job) -> list[Text]:
        record = job.record
        state = record.get("state", "waiting")
        tries = str(record.get("attempts", 0))
        took = words.elapsed(record, words.present()) if record else ""
        told = f"fired {self.firings} of {self._wanted} times" if job is self._cron else result(job)
        return [
            Text(job.kind),
            Text(arguments(job)),
            Text(state, style=words.colour(state)),
            Text(tries),
            Text(took),
            Text(told, style="" if job.expected == "succeeded" else "dim"),
        ]

    def summarise(self) -> None:
        """Say what became of all."""
        good = sum(job.as_expected for job in self.jobs)
        states = Counter(job.record.get("state", "waiting") for job in self.jobs)
        self._screen.say()
        for job in self.jobs:
            if not job.as_expected:
                found = f"{job.record.get('state')} after {job.record.get('attempts')} tries"
                self._screen.say(f"not as expected: {job.kind} {arguments(job)}: {found}, {result(job)}")
        self._screen.say(
            f"{good} of {len(self.jobs)} jobs ended as expected ({words.counts(states)}), "
            f"{self._cron.kind} fired {self.firings} times."
        )


def arguments(job: Job) -> str:
    """Write a job's arguments; of a path only its name."""
    return " ".join(PurePath(argument).name if "/" in argument else argument for argument in job.arguments)


def result(job: Job) -> str:
    """Write what came out of a job so far, in one line."""
    record = job.record
    if not record or record["state"] not in words.ENDED:
        return ""
    text = record["error"] or " ".join(record["results"])
    return words.printable(text.strip().partition("\n")[0])
