"""The part of the demo that is a user of Titus: batch jobs, one that needs a second try, and a service that shrinks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cell import Cell, Message
from rich.text import Text
from screen import Screen

from portico.cli import words

COLUMNS = ("job", "task", "state", "reason", "took", "result")
LOOK = 0.1
"""Seconds between two looks at a job."""
_COLOURS = {"Accepted": "yellow", "Launched": "yellow", "Started": "cyan", "KillInitiated": "magenta"}
_REASONS = {"normal": "green", "killed": "magenta", "scaledDown": "magenta"}

ONCE = "[ -e {0} ] && echo 'second time lucky' || {{ touch {0}; exit 1; }}"


@dataclass
class Seen:
    """What is known of one job: its tasks by id, in the order in which they were met."""

    name: str
    id: str
    tasks: dict[str, Message] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)

    def reasons(self) -> list[str]:
        """Give how its tasks ended, in order."""
        return [task["status"]["reasonCode"] for task in self.tasks.values() if task["status"]["state"] == "Finished"]


class Play:
    """All jobs, one after the other: a machine with two processors has room for two of Titus' smallest tasks."""

    def __init__(self, cell: Cell, screen: Screen, seconds: float) -> None:
        self._cell = cell
        self._screen = screen
        self._deadline = time.monotonic() + seconds
        self.jobs: list[Seen] = []

    def run(self, scratch: str) -> dict[str, bool]:
        """Play everything; tells of each job whether it went as it should."""
        pair = self._create("pair", batch("echo task $TITUS_TASK_INDEX", size=2))
        self._until_finished(pair)
        flaky = self._create("flaky", batch(ONCE.format(scratch), size=1, retries=2))
        self._until_finished(flaky)
        service = self._create("service", keep_alive("sleep 1000", desired=2))
        self._until(service, lambda: self._started(service) == 2)
        self._cell.resize(service.id, 1)
        self._until(service, lambda: service.reasons() != [] and self._started(service) == 1)
        self._cell.kill(service.id)
        self._until_finished(service)
        return {
            "pair": pair.reasons() == ["normal", "normal"] and set(pair.results.values()) == {"task 0", "task 1"},
            "flaky": flaky.reasons() == ["failed", "normal"],
            "service": sorted(service.reasons()) == ["killed", "killed"],
        }

    def _create(self, name: str, descriptor: Message) -> Seen:
        seen = Seen(name, self._cell.create(descriptor))
        self.jobs.append(seen)
        return seen

    def _started(self, seen: Seen) -> int:
        return sum(task["status"]["state"] == "Started" for task in seen.tasks.values())

    def _until_finished(self, seen: Seen) -> None:
        self._until(seen, lambda: self._cell.job(seen.id)["status"]["state"] == "Finished")
        self._look(seen)

    def _until(self, seen: Seen, done: Callable[[], bool]) -> None:
        self._look(seen)
        while not done() and time.monotonic() < self._deadline:
            time.sleep(LOOK)
            self._look(seen)

    def _look(self, seen: Seen) -> None:
        for task in self._cell.tasks(seen.id):
            before = seen.tasks.get(task["id"])
            seen.tasks[task["id"]] = task
            status = task["status"]
            if before is not None and before["status"] == status:
                continue
            if status["state"] == "Finished" and status["reasonCode"] == "normal":
                seen.results[task["id"]] = self._cell.output(task).strip()
            self._screen.tell(f"{seen.name}", f"{task['id'][-12:]} {status['state']}", status["reasonCode"])

    def rows(self) -> list[list[Text]]:
        """Give what is shown of each task."""
        return [row(job, task) for job in self.jobs for task in job.tasks.values()]


def row(job: Seen, task: Message) -> list[Text]:
    """Give what is shown of one task."""
    status = task["status"]
    state, reason = status["state"], status["reasonCode"]
    return [
        Text(job.name),
        Text(task["id"][-12:]),
        Text(state, style=_COLOURS.get(state, "")),
        Text(reason, style=_REASONS.get(reason, "red") if state == "Finished" else ""),
        Text(took(task)),
        Text(words.printable(job.results.get(task["id"], ""))),
    ]


def took(task: Message) -> str:
    """Write how long a task has been running, or ran."""
    times = {status["state"]: int(status["timestamp"]) for status in (*task["statusHistory"], task["status"])}
    if "Started" not in times:
        return ""
    until = times["Finished"] / 1_000 if "Finished" in times else time.time()
    return words.duration(max(0.0, until - times["Started"] / 1_000))


def batch(command: str, *, size: int, retries: int = 0) -> Message:
    """Describe a batch job."""
    spec = {"size": size, "runtimeLimitSec": "60", "retryPolicy": {"immediate": {"retries": retries}}}
    return {**described(command), "batch": spec}


def keep_alive(command: str, *, desired: int) -> Message:
    """Describe a service job."""
    capacity = {"min": 0, "max": desired, "desired": desired}
    return {**described(command), "service": {"capacity": capacity, "retryPolicy": {"immediate": {"retries": 0}}}}


def described(command: str) -> Message:
    """Describe what all jobs of the demo have: the smallest task there is, in the machine's own root."""
    return {
        "owner": {"teamEmail": "demo@example.com"},
        "applicationName": "demo",
        "container": {
            "resources": {"cpu": 1, "memoryMB": 512, "diskMB": 10000, "networkMbps": 128},
            "securityProfile": {"securityGroups": ["sg-demo"], "iamRole": "demo"},
            "image": {"name": "portico/host", "tag": "latest"},
            "entryPoint": ["sh", "-c", command],
        },
    }


def play(gateway: str, screen: Screen, scratch: str, seconds: float) -> bool:
    """Run the jobs to their end, for so long at most; gives whether everything went as it should."""
    acted = Play(Cell(gateway, seconds), screen, seconds)
    with screen.shown(COLUMNS, acted.rows):
        went = acted.run(scratch)
    screen.say()
    for name in (name for name, well in went.items() if not well):
        screen.say(f"not as expected: {name}")
    screen.say(f"{sum(went.values())} of {len(went)} Titus jobs ended as expected.")
    return all(went.values())
