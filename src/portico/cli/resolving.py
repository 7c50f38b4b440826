"""From what a person typed to an id: the whole id, its unique beginning or end, or the name of a client's task.

Ids begin with their time, so that those of one hour look alike at the beginning; their ends differ.
"""

from __future__ import annotations

from collections.abc import Iterable

from portico.cli import words
from portico.cli.connection import Record, Server
from portico.cli.failures import Failed, Refused
from portico.cli.following import changes

LEAST = 6
"""Characters of an id that must be given."""

LOOKED_AT = 1_000
"""Newest records among which a part of an id is looked for."""

SHOWN = 10


def find(server: Server, table: str, text: str) -> Record:
    """Give the record of `table` ("instances", "runs") that is meant; raises Refused when there is none."""
    try:
        found: Record = server.get(table, text)
    except Refused as error:
        if error.kind != "not_found":
            raise
        identity = pick(text, (str(record["id"]) for record in server.get(table, newest=LOOKED_AT)))
        if identity is None:
            raise
        found = server.get(table, identity)
    return found


def find_run(server: Server, text: str, *, wait: bool = False) -> Record:
    """Give the Run that is meant: by its own id, or by that of an instance or task whose present or last Run it is.

    An instance that has none yet is waited for, or raises Failed, as does a task that several clients have live.
    """
    try:
        return find(server, "runs", text)
    except Refused as no_run:
        if no_run.kind != "not_found":
            raise
        try:
            instance = find(server, "instances", text)
        except Refused as no_instance:
            if no_instance.kind != "not_found":
                raise
            task = _find_task(server, text)
            if task is None:
                raise Refused("not_found", f"no Run, no instance and no task {text}") from no_instance
            return task
    if wait:
        instance = next(
            change for change in changes(server, instance["id"]) if change["run"] or change["state"] in words.ENDED
        )
    if not instance["run"]:
        raise Failed(f"instance {instance['id']} is {instance['state']}: it has no Run{_elsewhere(server, instance)}")
    run: Record = server.get("runs", instance["run"])
    return run


def _elsewhere(server: Server, instance: Record) -> str:
    """Say where to look for what a function has printed; its worker's Run is known while it runs only."""
    functions = {kind["id"] for kind in server.get("kinds") if kind["runs"] == "function"}
    if instance["kind"] not in functions:
        return ""
    return f"; what a function prints is in its worker's: {server.target.command('runs', '--active')}"


def _find_task(server: Server, name: str) -> Record | None:
    """Give the Run of a task by the name its own client gave it: the live one, else the newest."""
    found: list[Record] = server.get("runs", instance=name, newest=LOOKED_AT) if name else []
    live = [record for record in found if record["state"] not in words.RUN_ENDED]
    if len(live) > 1:
        listed = _listed([str(record["id"]) for record in live])
        raise Failed(f"{len(live)} live tasks are named {name}; give the Run's id:\n{listed}")
    return next(iter(live or found[-1:]), None)


def pick(text: str, ids: Iterable[str]) -> str | None:
    """Choose the one id that begins or ends so; None when none does or too little was given.

    Raises Failed listing the candidates when several do.
    """
    text = text.lower()
    if len(text) < LEAST:
        return None
    fitting = [identity for identity in ids if identity.lower().startswith(text) or identity.lower().endswith(text)]
    if len(fitting) > 1:
        raise Failed(f"{text} fits {len(fitting)} ids; give more characters:\n{_listed(fitting)}")
    return fitting[0] if fitting else None


def _listed(ids: list[str]) -> str:
    shown = "\n".join(f"  {identity}" for identity in ids[-SHOWN:])
    return shown + (f"\n  and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")
