"""Commands about kinds and their instances: schedule, look, cancel."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from portico.cli import following, rendering, showing, words
from portico.cli.connection import Record, Server
from portico.cli.failures import INTERRUPTED, SUCCESS, Failed, Misused, Refused
from portico.cli.options import Asked
from portico.cli.resolving import find

Newest = Annotated[int, Parameter(help="How many at most, the newest.")]
DEFAULT_NEWEST = 50


def kinds(*, target: Asked = Asked()) -> None:  # noqa: B008 — a frozen value
    """List the kinds that can be scheduled."""
    with Server(target) as server:
        found = server.get("kinds")
    if target.json:
        rendering.objects(found)
        return
    now = words.present()
    rendering.table(showing.KINDS, (showing.kind_row(record, now) for record in found), "no kinds are configured")


def schedule(
    kind: str,
    /,
    *arguments: str,
    priority: int | None = None,
    detach: Annotated[bool, Parameter(negative=())] = False,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> int:
    """Schedule an instance of a kind and follow it to its end.

    Results go to stdout, progress to stderr. Ctrl-C stops the following, not the job. Exit code 1 when it ended
    otherwise than succeeded.

    Parameters
    ----------
    kind
        What to run; `portico kinds` lists them.
    arguments
        Its arguments; write `--` before those that begin with a dash.
    priority
        Lower goes first; the kind's own by default.
    detach
        Print the id and do not wait.
    """
    body: Record = {"arguments": list(arguments)}
    if priority is not None:
        body["priority"] = priority
    with Server(target) as server:
        record = _add(server, kind, body, target)
        if detach:
            _show_scheduled(record, target)
            return SUCCESS
        try:
            record = following.watch(server, record["id"])
        except KeyboardInterrupt:
            cancel_hint = target.command("cancel", record["id"])
            rendering.note(f"\nno longer following; the job goes on. To cancel it: {cancel_hint}")
            return INTERRUPTED
    return _show_ended(record, target)


def _add(server: Server, kind: str, body: Record, target: Asked) -> Record:
    try:
        record: Record = server.post("kinds", kind, "schedule", body=body)
    except Refused as error:
        if error.kind != "not_found":
            raise
        raise Refused(error.kind, f"there is no kind {kind}; those there are: {target.command('kinds')}") from error
    return record


def _show_scheduled(record: Record, target: Asked) -> None:
    if target.json:
        rendering.objects([record])
    else:
        rendering.line(record["id"])


def _show_ended(record: Record, target: Asked) -> int:
    if target.json:
        rendering.objects([record])
    else:
        _print_results(record)
        following.conclude(record)
    return SUCCESS if record["state"] == words.SUCCEEDED else Failed.code


def _print_results(record: Record) -> None:
    for text in record["results"]:
        sys.stdout.write(text + "\n")


def instances(
    *,
    kind: str | None = None,
    state: Annotated[list[str] | None, Parameter(negative=())] = None,
    newest: Newest = DEFAULT_NEWEST,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """List instances, the newest last.

    Parameters
    ----------
    kind
        Only of this kind.
    state
        Only in this state; may be given several times.
    """
    with Server(target) as server:
        found = server.get("instances", kind=kind or "", state=state or [], newest=newest)
    if target.json:
        rendering.objects(found)
        return
    now = words.present()
    rendering.table(showing.INSTANCES, (showing.instance_row(record, now) for record in found), "no instances")


def instance(
    id: str,  # noqa: A002 — the word of the interface
    /,
    *,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """Show one instance in full.

    Parameters
    ----------
    id
        Its id, or at least 6 characters of its beginning or end.
    """
    with Server(target) as server:
        record = find(server, "instances", id)
    if target.json:
        rendering.objects([record])
        return
    rendering.facts(showing.instance_facts(record, words.present()))
    if record["results"]:
        rendering.line("results")
        for text in record["results"]:
            rendering.line("\n".join(f"  {words.printable(part)}" for part in text.splitlines()))


def cancel(
    id: str | None = None,  # noqa: A002 — the word of the interface
    /,
    *,
    kind: str | None = None,
    state: str | None = None,
    all: Annotated[bool, Parameter(negative=())] = False,  # noqa: A002 — as above
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """Cancel instances that have not ended; running ones are stopped.

    Cancelling the instance of a kind that fires by itself ends its schedule, until the configuration changes it;
    between two firings it must be named by its id or kind, without a state.

    Parameters
    ----------
    id
        One instance: its id, or at least 6 characters of its beginning or end.
    kind
        All of this kind.
    state
        All in this state.
    all
        All there are.
    """
    if id is None and kind is None and state is None and not all:
        raise Misused("say which instances: an id, --kind, --state, or --all")
    with Server(target) as server:
        body: Record = {"kind": kind or "", "state": state or "", "all": all}
        named = None if id is None else find(server, "instances", id)
        if named is not None:
            body["id"] = str(named["id"])
        cancelled = server.post("instances", "cancel", body=body)
    if named is not None and not cancelled and named["state"] in words.ENDED:
        raise Refused("conflict", f"instance {named['id']} has ended already: {named['state']}")
    if target.json:
        rendering.objects(cancelled)
        return
    now = words.present()
    rows = (showing.instance_row(record | _cancelling(record), now) for record in cancelled)
    rendering.table(showing.INSTANCES, rows, "nothing to cancel")


def _cancelling(record: Record) -> Record:
    """Say of a running instance that its stop is on the way."""
    return {} if record["state"] in words.ENDED else {"state": "cancelling"}
