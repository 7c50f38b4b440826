"""The command that shows changes as they are committed.

Promises: without --follow it shows everything up to the moment at which it was asked, and then ends.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter

from portico.cli import rendering, showing
from portico.cli.connection import Quiet, Record, Server
from portico.cli.options import Asked

QUIET_SECONDS = 5.0
"""How long the last of the changes that are there already may be waited for."""


def events(
    *,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"], negative=())] = False,
    after: int | None = None,
    table: Annotated[list[str] | None, Parameter(negative=())] = None,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """Show changes in the order in which they were committed.

    Parameters
    ----------
    follow
        Go on with what comes.
    after
        Begin after this revision; without it, with the oldest that is kept, or with --follow, with what comes.
    table
        Only changes of this table, such as instances, runs, jobs, nodes, pools; may be given several times.
    """
    tables = frozenset(table or ())
    with Server(target) as server:
        for record in _coming(server, after) if follow else _there(server, after or 0):
            if tables and record["table"] not in tables:
                continue
            if target.json:
                rendering.objects([record])
            else:
                rendering.line(showing.event_line(record))
                sys.stdout.flush()


def _coming(server: Server, after: int | None) -> Iterator[Record]:
    """Give changes without end."""
    return server.events({} if after is None else {"after": after})


def _there(server: Server, after: int) -> Iterator[Record]:
    """Give the changes up to now."""
    newest = server.get("overview")["revision"]
    if after >= newest:
        return
    try:
        for record in server.events({"after": after}, QUIET_SECONDS):
            yield record
            if record["revision"] >= newest:
                return
    except Quiet:
        return
