"""The part of the demo that is a client of ArmoniK: tasks that count, one that waits for them, one that fails."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.text import Text
from screen import Screen
from session import Event, Session

from portico.cli import words
from portico.wire.armonik import task_status_pb2  # noqa: TID251 — a client of the wire

COLUMNS = ("task", "id", "state", "took", "result")
TEXTS = (
    "one fish two fish",
    "red fish blue fish",
    "black fish",
    "old fish new fish",
)
_PREFIX = "TASK_STATUS_"
_COLOURS = {"completed": "green", "error": "red", "processing": "cyan"}
_OVER = frozenset({"completed", "error", "timeout", "cancelled", "retried"})


@dataclass
class Task:
    """One task: what it is asked, how it is to end, and what is known of it."""

    name: str
    asks: str
    expected: str
    id: str = ""
    output: str = ""
    state: str = ""
    result: str = ""
    began: float = 0.0
    took: float = 0.0

    @property
    def over(self) -> bool:
        """Tell whether nothing more will happen to it."""
        return self.state in _OVER

    def row(self) -> list[Text]:
        """Give what is shown of it."""
        return [
            Text(self.name),
            Text(self.id[:13]),
            Text(self.state, style=_COLOURS.get(self.state, "yellow")),
            Text(words.duration(self.took) if self.over else ""),
            Text(words.printable(self.result)),
        ]


class Play:
    """One session, from its first task to its last."""

    def __init__(self, session: Session, screen: Screen) -> None:
        self._session = session
        self._screen = screen
        counting = [Task(f"count {number}", f"count {text}", "completed") for number, text in enumerate(TEXTS, 1)]
        total = Task("total", "sum", "completed")
        broken = Task("broken", "fail this one fails on purpose", "error")
        self.tasks = [*counting, total, broken]
        self._total, self._counting = total, counting

    def run(self) -> None:
        """Submit everything and follow it to its end."""
        payloads = self._session.give([task.asks for task in self.tasks])
        outputs = self._session.promise(len(self.tasks))
        for task, output in zip(self.tasks, outputs, strict=True):
            task.output = output
        awaited = [task.output for task in self._counting]
        requests = [
            (payload, task.output, awaited if task is self._total else ())
            for task, payload in zip(self.tasks, payloads, strict=True)
        ]
        for task, identity in zip(self.tasks, self._session.submit(requests), strict=True):
            task.id = identity
            task.began = time.monotonic()
        known = {task.id: task for task in self.tasks}
        for event in self._session.events():
            self._hear(known, event)
            if all(task.over for task in self.tasks):
                break
        self._session.close()

    def _hear(self, known: dict[str, Task], event: Event) -> None:
        update = event.task_status_update if event.HasField("task_status_update") else event.new_task
        task = known.get(update.task_id)
        if task is None or task.over:
            return
        state = task_status_pb2.TaskStatus.Name(update.status).removeprefix(_PREFIX).lower()
        if state == task.state:
            return
        task.state = state
        if task.over:
            task.took = time.monotonic() - task.began
            task.result = self._session.data(task.output) if state == "completed" else self._session.error(task.id)
        self._screen.tell(task.name, task.id[:13], state, task.result)


def play(address: str, screen: Screen, seconds: float) -> bool:
    """Run the tasks to their end, for so long at most; gives whether everything went as it should."""
    with Session(address, seconds) as session:
        acted = Play(session, screen)
        with screen.shown(COLUMNS, lambda: [task.row() for task in acted.tasks]):
            acted.run()
    well = [task for task in acted.tasks if task.state == task.expected]
    total = next(task for task in acted.tasks if task.name == "total")
    counted = str(sum(len(text.split()) for text in TEXTS))
    screen.say()
    for task in acted.tasks:
        if task not in well:
            screen.say(f"not as expected: {task.name}: {task.state} {task.result}")
    screen.say(f"{len(well)} of {len(acted.tasks)} ArmoniK tasks ended as expected, {total.result} words in all.")
    return len(well) == len(acted.tasks) and total.result == counted
