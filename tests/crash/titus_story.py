"""What one source told of jobs and tasks, in the order in which it did: nothing in it may ever go back."""

from __future__ import annotations

import json

JOB = ("Accepted", "KillInitiated", "Finished")
TASK = ("Accepted", "Launched", "StartInitiated", "Started", "KillInitiated", "Finished")
ORDER = {"job": JOB, "task": TASK}


class Told:
    """The last that was told of one job or task."""

    def __init__(self, kind, record):
        self.kind, self.record = kind, record
        self.version = int(record["version"]["timestamp"])
        self.place = ORDER[kind].index(record["status"]["state"])


class Story:
    """One source: a stream over all its connections, or one client's reads."""

    def __init__(self, name):
        self.name = name
        self.last: dict[str, Told] = {}
        self.contents: dict[int, str] = {}
        """By version: the record that carried it."""
        self.faults: list[str] = []

    def tell(self, kind, record):
        """Take a record that was told."""
        told = Told(kind, record)
        content = json.dumps([kind, record], sort_keys=True)
        if self.contents.setdefault(told.version, content) != content:
            self.faults.append(f"{self.name}: version {told.version} is of\n{content}\n{self.contents[told.version]}")
        before = self.last.get(record["id"])
        if before is not None and (told.version < before.version or told.place < before.place):
            self.faults.append(f"{self.name}: {kind} {record['id']} went from {_words(before)} to {_words(told)}")
        if not in_order(kind, record):
            self.faults.append(f"{self.name}: {kind} {record['id']} tells of {stages(record)}")
        self.last[record["id"]] = told


def disagreements(*stories):
    """Name versions that different sources know as different records."""
    known: dict[int, str] = {}
    for story in stories:
        for version, content in story.contents.items():
            if known.setdefault(version, content) != content:
                yield f"version {version}, {story.name} and another source:\n{content}\n{known[version]}"


def stages(record):
    return [status["state"] for status in (*record["statusHistory"], record["status"])]


def in_order(kind, record):
    """Tell whether a record's own history never went back, neither in its states nor in time."""
    places = [ORDER[kind].index(stage) for stage in stages(record)]
    times = [int(status["timestamp"]) for status in (*record["statusHistory"], record["status"])]
    return places == sorted(places) and times == sorted(times)


def _words(told):
    return f"{told.record['status']['state']} at version {told.version}"
