"""Records of the server as rows and facts."""

from __future__ import annotations

from datetime import datetime

from portico.cli import words
from portico.cli.connection import Record
from portico.cli.rendering import Cell, Column, Row, identity, state

INSTANCES = (
    Column("id"),
    Column("kind", rigid=False),
    Column("state"),
    Column("tries", right=True),
    Column("age"),
    Column("arguments", rigid=False),
)
RUNS = (
    Column("id"),
    Column("state"),
    Column("age"),
    Column("took"),
    Column("node", rigid=False),
    Column("command", rigid=False),
)
SESSIONS = (
    Column("id"),
    Column("state"),
    Column("age"),
    Column("partitions", rigid=False),
    Column("tasks", rigid=False, wrap=True),
)
KINDS = (
    Column("kind"),
    Column("runs"),
    Column("schedule"),
    Column("next"),
    Column("prio", right=True),
    Column("description", rigid=False),
)
NODES = (
    Column("node"),
    Column("state"),
    Column("runs", right=True),
    Column("free", rigid=False, wrap=True),
    Column("capacity", rigid=False, wrap=True),
)
POOLS = (
    Column("pool"),
    Column("reserved", rigid=False, wrap=True),
    Column("entitled", rigid=False, wrap=True),
    Column("allocated", rigid=False, wrap=True),
    Column("wanted", rigid=False, wrap=True),
    Column("limit", rigid=False, wrap=True),
)
FILES = (Column("size", right=True), Column("changed"), Column("name", rigid=False))
_TOLD = frozenset({"instances", "runs", "jobs", "nodes", "pools"})
"""Tables whose records come with their events; of a door's own tables only the id does, gone or not."""


def instance_row(record: Record, now: datetime) -> Row:
    """Show an instance in a line."""
    return (
        identity(record["id"]),
        record["kind"],
        state(record["state"]),
        str(record["attempts"]),
        words.ago(record["created_at"], now),
        words.arguments(record["arguments"]),
    )


def session_row(record: Record, now: datetime) -> Row:
    """Show a session in a line."""
    return (
        record["id"],
        state(record["state"]),
        words.ago(record["created_at"], now),
        words.printable(", ".join(record["partitions"])),
        words.counts(record["tasks"]),
    )


def instance_facts(record: Record, now: datetime) -> list[tuple[str, str | Cell]]:
    """Show an instance in full, without its results."""
    return [
        ("id", record["id"]),
        ("kind", record["kind"]),
        ("arguments", words.arguments(record["arguments"])),
        ("state", state(record["state"])),
        ("error", Cell(words.printable(record["error"] or ""), "red")),
        ("attempts", str(record["attempts"])),
        ("run", record["run"] or ""),
        ("priority", str(record["priority"])),
        ("created", _when(record["created_at"], now)),
        ("due", _when(record["due_at"], now) if record["state"] == "waiting" else ""),
        ("started", _when(record["started_at"], now)),
        ("ended", _when(record["ended_at"], now)),
        ("took", words.elapsed(record, now)),
    ]


def run_row(record: Record, now: datetime) -> Row:
    """Show a Run in a line; one without a command, since another's process carries it, by what it is an attempt of."""
    return (
        identity(record["id"]),
        state(record["state"]),
        words.ago(record["created_at"], now),
        words.elapsed(record, now),
        record["node"] or "",
        words.command(record["command"]) or Cell(words.printable(record["instance"] or ""), "dim"),
    )


def run_facts(record: Record, now: datetime) -> list[tuple[str, str | Cell]]:
    """Show a Run in full."""
    return [
        ("id", record["id"]),
        ("state", state(record["state"])),
        ("cause", record["cause"] or ""),
        ("exit code", "" if record["exit_code"] is None else str(record["exit_code"])),
        ("signal", str(record["signal"]) if record["signal"] else ""),
        ("message", Cell(words.printable(record["message"] or ""), words.colour(record["state"]))),
        ("stopped for", record["stop"] or ""),
        ("healthy", {None: "", True: "yes", False: "no"}[record["healthy"]]),
        ("door", record["door"]),
        ("job", record["job"]),
        ("instance", record["instance"] or ""),
        ("pool", record["pool"]),
        ("node", record["node"] or ""),
        ("command", words.arguments(record["command"])),
        ("resources", words.amounts(record["resources"])),
        ("created", _when(record["created_at"], now)),
        ("started", _when(record["started_at"], now)),
        ("ended", _when(record["ended_at"], now)),
        ("took", words.elapsed(record, now)),
    ]


def kind_row(record: Record, now: datetime) -> Row:
    """Show a kind in a line."""
    schedule = record["cron_spec"] or ("once" if record["schedule_at"] else "")
    return (
        record["id"],
        record["runs"],
        schedule,
        words.ago(record["next_at"], now),
        str(record["priority"]),
        record["description"],
    )


def node_row(record: Record) -> Row:
    """Show a node in a line."""
    standing = record["state"] if record["connected"] else "not connected"
    return (
        record["id"],
        Cell(words.printable(standing), words.colour(record["state"]) if record["connected"] else "red"),
        str(record["runs"]),
        words.amounts(record["free"]),
        words.amounts(record["capacity"]),
    )


def pool_row(record: Record) -> Row:
    """Show a pool in a line, indented below its parent."""
    path = str(record["id"])
    depth = path.strip("/").count("/") + 1 if path != "/" else 0
    name = path if depth == 0 else "  " * depth + path.rpartition("/")[2]
    return (
        name,
        words.amounts(record["reservation"]),
        words.amounts(record["entitlement"]),
        words.amounts(record["allocation"]),
        words.amounts(record["demand"]),
        words.amounts(record["limit"]),
    )


def file_row(record: Record, now: datetime) -> Row:
    """Show an entry of a sandbox in a line."""
    name = record["path"] + ("/" if record["directory"] else "")
    length = "" if record["directory"] else words.size(record["size"])
    return (length, words.ago(record["modified_at"], now), Cell(words.printable(name), "bold" * record["directory"]))


def event_line(record: Record) -> str:
    """Show an event in a line."""
    gone = record["record"] is None and record["table"] in _TOLD
    standing = record["state"] or ("gone" if gone else "")
    return f"{record['revision']:>9}  {words.printable(record['table']):<16}  {standing:<11}  {record['id']}"


def _when(text: str | None, now: datetime) -> str:
    if text is None:
        return ""
    written, age = words.local(text), words.ago(text, now)
    return written if age == written else f"{written} ({age})"
