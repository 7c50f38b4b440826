"""What must be true of the files that attempts left, seen from outside only."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import NamedTuple


class Line(NamedTuple):
    what: str
    attempt: str
    pid: int
    at: float


def read(path):
    """Read the lines of one instance, in the order in which they were written."""
    lines = []
    for text in path.read_text().splitlines() if path.exists() else []:
        what, attempt, pid, at = text.split()
        lines.append(Line(what, attempt, int(pid), float(at)))
    return lines


def faults(lines, completed):
    """Name what is wrong with one instance's attempts."""
    starts = Counter(line.attempt for line in lines if line.what == "start")
    found = [f"attempt {attempt} was started {count} times" for attempt, count in starts.items() if count > 1]
    for earlier, later in pairwise(lines):
        if earlier.what == "start" == later.what:
            continue  # the earlier one was killed before its end
        if earlier.attempt != later.attempt and later.what == "end":
            found.append(f"attempt {later.attempt} still ran when {earlier.attempt} had begun")
    ends = [line for line in lines if line.what == "end"]
    if completed and not ends:
        found.append("completed, but no attempt ever came to its end")
    return found
