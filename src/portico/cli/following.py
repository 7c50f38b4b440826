"""Following an instance until it has ended, by the server's stream of events.

Promises: no state is asked for twice a second; a stream that was cut off is taken up again from a fresh look, so that
the end is never missed.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portico.cli import rendering, words
from portico.cli.connection import Record, Server
from portico.cli.failures import Refused, Unreachable

if TYPE_CHECKING:
    from rich.spinner import Spinner

HEED_SECONDS = 0.25
_CUT_OFF = frozenset({"compacted", "exhausted"})
"""Codes by which the server says that a watcher must look afresh."""


def changes(server: Server, identity: str) -> Iterator[Record]:
    """Give an instance as it is, then after each change, until it has ended.

    Raises Refused when the instance is gone, Unreachable when the server stops.
    """
    while True:
        revision = server.get("overview")["revision"]
        record: Record = server.get("instances", identity)
        yield record
        if record["state"] in words.ENDED:
            return
        try:
            for event in server.events({"table": "instances", "id": identity, "after": revision}):
                yield _present(event)
                if event["state"] in words.ENDED:
                    return
        except Refused as error:
            if error.kind not in _CUT_OFF:
                raise
        else:
            raise Unreachable(f"the server stopped; instance {identity} goes on where that is possible")


def _present(event: Record) -> Record:
    """Give the instance of an event."""
    if event["record"] is None:
        raise Refused("not_found", f"instance {event['id']} is gone")
    record: Record = event["record"]
    return record


def watch(server: Server, identity: str) -> Record:
    """Follow an instance, showing how it goes on stderr; gives it as it ended."""
    if sys.stderr.isatty():
        return _watch_live(server, identity)
    shown = ""
    record: Record = {}
    for record in changes(server, identity):
        if record["state"] != shown:
            shown = record["state"]
            rendering.note(f"{identity} {progress(record)}")
    return record


def progress(record: Record) -> str:
    """Say where an instance stands, in a few words."""
    tries = f", attempt {record['attempts']}" if record["attempts"] > 1 else ""
    took = words.elapsed(record, words.present()) if record["state"] in words.ENDED else ""
    return f"{record['state']}{tries}" + (f" after {took}" if took else "")


class _Line:
    """The live line: drawn anew several times a second, whatever the server says."""

    def __init__(self, record: Record) -> None:
        from rich.spinner import Spinner  # noqa: PLC0415 — only people see it

        self.record = record
        self._begun = time.monotonic()
        self._spinner = Spinner("dots")

    def __rich__(self) -> Spinner:
        from rich.text import Text  # noqa: PLC0415 — as above

        record = self.record
        state = record["state"]
        seconds = words.duration(time.monotonic() - self._begun)
        self._spinner.text = Text.assemble(
            (words.printable(record["kind"]), "bold"),
            "  ",
            (state, words.colour(state)),
            f"  attempt {record['attempts']}" if record["attempts"] > 1 else "",
            f"  {seconds}  ",
            (record["id"], "dim"),
        )
        return self._spinner


def _watch_live(server: Server, identity: str) -> Record:
    from rich.live import Live  # noqa: PLC0415 — as above

    following = changes(server, identity)
    record = next(following)
    line = _Line(record)
    console = rendering.console(error=True)
    with heeding_interrupts(), Live(line, console=console, refresh_per_second=10, transient=True):
        for record in following:
            line.record = record
    return record


@contextmanager
def heeding_interrupts() -> Iterator[None]:
    """Have reads interrupted now and then: a Ctrl-C that comes just before one would wait for the next event."""
    previous = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, HEED_SECONDS, HEED_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def conclude(record: Record) -> None:
    """Say on stderr how a followed instance ended; a terminal gets colours."""
    from rich.text import Text  # noqa: PLC0415 — as above

    if not sys.stderr.isatty():
        if record["error"]:
            rendering.note(words.printable(record["error"]))
        return
    state = record["state"]
    text = Text.assemble((state, words.colour(state)), f" after {words.elapsed(record, words.present()) or '0 s'}")
    if record["attempts"] > 1:
        text.append(f" in {record['attempts']} attempts")
    if record["error"]:
        text.append(f": {words.printable(record['error'])}", "red")
    text.append(f"  {record['id']}", "dim")
    sys.stdout.flush()
    rendering.console(error=True).print(text)
