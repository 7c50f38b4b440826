"""The ledger: which tasks were handed to their executors, and which of those have been heard of since.

What a new outpost must know so that no task is delivered twice and none is waited for that never arrived. A file in
the node's directory, one short line per fact, appended before the executor is told; not synced, since executors do not
outlive the machine either. Promises: damage costs the damaged lines only; it never grows without bound.
"""

from __future__ import annotations

import os
from pathlib import Path

FILE = "outpost-mesos.ledger"
MOST_KEPT = 100_000
_SLACK = 100_000
"""Lines beyond what is kept after which the file is written anew."""

_DELIVERED, _HEARD, _GONE = "delivered", "heard", "gone"


class Ledger:
    """The ledger of one node."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._heard: dict[str, bool] = {}  # by Run, in the order of delivery
        self._lines = 0
        self._read()
        self._rewrite()

    def delivered(self, run: str) -> bool:
        """Tell whether a task was handed to its executor."""
        return run in self._heard

    def heard(self, run: str) -> bool:
        """Tell whether control durably has a status of a delivered task."""
        return self._heard.get(run, False)

    def deliver(self, *runs: str) -> None:
        """Note that tasks are about to be handed over."""
        fresh = [run for run in runs if run not in self._heard]
        self._heard.update(dict.fromkeys(fresh, False))
        self._append([f"{_DELIVERED} {run}" for run in fresh])

    def hear(self, run: str) -> None:
        """Note that control has a status of a task."""
        if self._heard.get(run) is False:
            self._heard[run] = True
            self._append([f"{_HEARD} {run}"])

    def forget(self, *runs: str) -> None:
        """Let go of tasks that are over."""
        known = [run for run in runs if self._heard.pop(run, None) is not None]
        self._append([f"{_GONE} {run}" for run in known])

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _read(self) -> None:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="ascii", errors="replace").splitlines():
            match line.split(" "):
                case [fact, run] if fact == _DELIVERED:
                    self._heard[run] = False
                case [fact, run] if fact == _HEARD and run in self._heard:
                    self._heard[run] = True
                case [fact, run] if fact == _GONE:
                    self._heard.pop(run, None)

    def _rewrite(self) -> None:
        """Write what still counts; of too many the oldest go, whose executors ended while nobody was here to see it."""
        for run in list(self._heard)[:-MOST_KEPT]:
            del self._heard[run]
        draft = self._path.with_suffix(".new")
        lines = [f"{_DELIVERED} {run}" for run in self._heard]
        lines += [f"{_HEARD} {run}" for run, heard in self._heard.items() if heard]
        draft.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        draft.replace(self._path)
        self._lines = len(lines)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def _append(self, lines: list[str]) -> None:
        if not lines:
            return
        os.write(self._file, "".join(f"{line}\n" for line in lines).encode("ascii"))
        self._lines += len(lines)
        if self._lines > len(self._heard) * 2 + _SLACK:
            os.close(self._file)
            self._rewrite()
