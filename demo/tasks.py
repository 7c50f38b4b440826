"""The part of the demo that is a Mesos framework: it takes an offer, launches tasks, and sees each to its end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from framework import Framework, Message, operator
from rich.text import Text
from screen import Screen

from portico.cli import words
from portico.cli.failures import Failed

COLUMNS = ("task", "command", "state", "took", "result")
AMOUNTS = {"cpus": 0.05, "mem": 32.0, "disk": 1.0}
"""What each task gets, and the executor of the group too."""

GROUP = "pair"
RUNNING, FINISHED, FAILED, KILLED = "TASK_RUNNING", "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"
_COLOURS = {RUNNING: "cyan", FINISHED: "green", KILLED: "magenta", "TASK_STAGING": "yellow", "waiting": "yellow"}
_GOING_ON = ("waiting", "TASK_STAGING", "TASK_STARTING", RUNNING, "TASK_KILLING")


@dataclass
class Task:
    """One task, how it is to end, and what is known of it."""

    name: str
    command: str
    expected: str = FINISHED
    group: str = ""
    image: str = ""
    killed: bool = False
    state: str = "waiting"
    result: str = ""
    times: list[float] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Tell whether it is over."""
        return self.state not in _GOING_ON

    @property
    def as_expected(self) -> bool:
        """Tell whether it ended as it should."""
        return self.state == self.expected and (self.expected != FINISHED or bool(self.result))

    @property
    def took(self) -> str:
        """Write how long it has been running, or ran."""
        if not self.times:
            return ""
        until = self.times[-1] if self.ended else time.monotonic()
        return words.duration(until - self.times[0])


def tasks(image: str) -> list[Task]:
    """Give what is launched; `image` is empty where this machine runs no containers."""
    return [
        Task("hello", "sleep 1; echo 'Hello from a task'"),
        Task("broken", "exit 7", FAILED),
        Task("endless", "sleep 1000", KILLED),
        Task("ping", "sleep 0.5; echo 'a note of ping' | tee ../note", group=GROUP),
        Task("pong", "until cat ../note 2>&-; do sleep 0.1; done", group=GROUP),
        *([Task("boxed", 'read text < /etc/motd; echo "$text:" /*', image=image)] if image else []),
    ]


class Play:
    """All tasks of one framework, from the offer to the last status."""

    def __init__(self, screen: Screen, framework: Framework, cast: list[Task]) -> None:
        self._screen = screen
        self._framework = framework
        self.tasks = cast
        self._by_name = {task.name: task for task in cast}
        self._agent: Message = {}

    @property
    def over(self) -> bool:
        """Tell whether every task has ended."""
        return all(task.ended for task in self.tasks)

    def hear(self, event: Message) -> None:
        """Take what the master says."""
        if event["type"] == "OFFERS":
            for offer in event["offers"]["offers"]:
                self._consider(offer)
        elif event["type"] == "UPDATE":
            self._update(event["update"]["status"])
        elif event["type"] == "ERROR":
            raise Failed(f"the Mesos master says: {event['error']['message']}")

    def _consider(self, offer: Message) -> None:
        """Take the first offer that is large enough for everything."""
        free = {one["name"]: one["scalar"]["value"] for one in offer["resources"] if one["type"] == "SCALAR"}
        enough = all(free.get(name, 0) >= amount * (len(self.tasks) + 1) for name, amount in AMOUNTS.items())
        if self._agent or not enough:
            self._framework.call("DECLINE", decline={"offer_ids": [offer["id"]]})
            return
        self._agent = offer["agent_id"]
        self._screen.tell("offer", f"of {offer['hostname']}: {words.amounts(free)}")
        operations = [*self._launches()]
        self._framework.call("ACCEPT", accept={"offer_ids": [offer["id"]], "operations": operations})

    def _launches(self) -> Iterator[Message]:
        alone = [self._info(task) for task in self.tasks if not task.group]
        yield {"type": "LAUNCH", "launch": {"task_infos": alone}}
        executor = {
            "type": "DEFAULT",
            "executor_id": {"value": GROUP},
            "framework_id": {"value": self._framework.id},
            "resources": resources(),
        }
        together = {"tasks": [self._info(task) for task in self.tasks if task.group]}
        yield {"type": "LAUNCH_GROUP", "launch_group": {"executor": executor, "task_group": together}}

    def _info(self, task: Task) -> Message:
        info: dict[str, Any] = {
            "name": task.name,
            "task_id": {"value": task.name},
            "agent_id": self._agent,
            "resources": resources(),
            "command": {"value": task.command},
        }
        if task.image:
            image = {"type": "DOCKER", "docker": {"name": task.image}}
            info["container"] = {"type": "MESOS", "mesos": {"image": image}}
        return info

    def _update(self, status: Message) -> None:
        self._framework.acknowledge(status)
        task = self._by_name[status["task_id"]["value"]]
        if task.ended:
            return
        task.state = status["state"]
        if task.state == RUNNING or task.times:
            task.times.append(time.monotonic())
        if task.ended:
            written = self._framework.output(status) if task.state == FINISHED else status.get("message", "")
            task.result = written.strip().partition("\n")[0]
        self._screen.tell(task.name, task.state, task.result)
        self._kill_the_last()

    def _kill_the_last(self) -> None:
        """Kill what would run for ever, once all others have ended."""
        left = [task for task in self.tasks if not task.ended]
        if not all(task.expected == KILLED and task.state == RUNNING for task in left):
            return
        for task in left:
            if not task.killed:
                task.killed = True
                self._framework.call("KILL", kill={"task_id": {"value": task.name}, "agent_id": self._agent})

    def rows(self) -> list[list[Text]]:
        """Give what is shown of each task."""
        return [
            [
                Text(task.name),
                Text(task.command),
                Text(task.state, style=_COLOURS.get(task.state, "red")),
                Text(task.took),
                Text(words.printable(task.result), style="" if task.expected == FINISHED else "dim"),
            ]
            for task in self.tasks
        ]

    def summarise(self) -> None:
        """Say what became of all."""
        states = Counter(task.state.removeprefix("TASK_").lower() for task in self.tasks)
        self._screen.say()
        for task in self.tasks:
            if not task.as_expected:
                self._screen.say(f"not as expected: {task.name}: {task.state} {task.result}")
        good = sum(task.as_expected for task in self.tasks)
        self._screen.say(f"{good} of {len(self.tasks)} tasks ended as expected ({words.counts(states)}).")


def play(master: str, screen: Screen, image: str, seconds: float) -> bool:
    """Run the framework to its end, for so long at most; gives whether everything went as it should."""
    with Framework(master, "demo", seconds) as framework:
        acted = Play(screen, framework, tasks(image))
        with screen.shown(COLUMNS, acted.rows):
            deadline = time.monotonic() + seconds
            for event in framework.events():
                acted.hear(event)
                if acted.over or time.monotonic() > deadline:
                    break
        acted.summarise()
    gone = operator(master, "GET_FRAMEWORKS", seconds)["completed_frameworks"]
    listed = framework.id in [one["framework_info"]["id"]["value"] for one in gone]
    return listed and all(task.as_expected for task in acted.tasks)


def resources() -> list[Message]:
    """Write the amounts as Mesos has them."""
    return [{"name": name, "type": "SCALAR", "scalar": {"value": amount}} for name, amount in AMOUNTS.items()]
