"""The command about the sessions of the ArmoniK door."""

from __future__ import annotations

from portico.cli import rendering, showing, words
from portico.cli.connection import Server
from portico.cli.instances import DEFAULT_NEWEST, Newest
from portico.cli.options import Asked


def sessions(*, newest: Newest = DEFAULT_NEWEST, target: Asked = Asked()) -> None:  # noqa: B008 — a frozen value
    """List ArmoniK sessions with their tasks by state, the newest last."""
    with Server(target) as server:
        found = server.get("sessions", newest=newest)
    if target.json:
        rendering.objects(found)
        return
    now = words.present()
    rendering.table(showing.SESSIONS, [showing.session_row(record, now) for record in found], "no sessions")
