"""The demo: starts Portico in a temporary directory, runs jobs of both sorts, shows them, stops everything.

Ends with exit code 0 only if every job ended as expected, the failing ones by failing. Leaves nothing behind.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from board import Board, Job
from server import running

from portico.cli.connection import Quiet, Server
from portico.cli.failures import Failed
from portico.cli.options import Target

FOLDER = Path(__file__).resolve().parent
SECONDS = 25.0
"""After this long what has not ended counts as not as expected."""

CRON_KIND = "heartbeat"
FIRINGS = 2


def jobs(scratch: Path) -> list[Job]:
    """Give what is scheduled, and how it is to end."""
    return [
        Job("hello", ["World"], "succeeded"),
        Job("words", ["LICENSE"], "succeeded"),
        Job("flaky", [str(scratch / "tried")], "succeeded", attempts=2),
        Job("broken", [], "failed"),
        Job("primes", ["100000"], "succeeded"),
        Job("nap", ["1.5"], "succeeded"),
        Job("divide", ["22", "7"], "succeeded"),
        Job("divide", ["1", "0"], "failed"),
    ]


def main() -> int:
    """Run the demo; gives the exit code."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="portico-demo-") as scratch, running(FOLDER, Path(scratch)) as data:
        board = Board(jobs(Path(scratch)), CRON_KIND, FIRINGS)
        with Server(Target(data_dir=data)) as server:
            revision = server.get("overview")["revision"]
            board.take(server.get("instances", kind=CRON_KIND))
            for job in board.jobs:
                board.scheduled(job, server.post("kinds", job.kind, "schedule", body={"arguments": job.arguments}))
            with board.shown(), bounded():
                for event in server.events({"table": "instances", "after": revision}, SECONDS):
                    board.take([event["record"]])
                    if board.over or time.monotonic() - begun > SECONDS:
                        break
    board.summarise(time.monotonic() - begun)
    return 0 if board.as_expected else 1


@contextmanager
def bounded() -> Iterator[None]:
    """Let a stream without news end the watching: what is missing then is told in the summary."""
    try:
        yield
    except Quiet:
        return


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
