"""Every event says whose it is: by its record, else by the table it is in, also when the record is gone."""

import asyncio
import json

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from portico.domain.events import Event
from portico.domain.jobs import Instance
from portico.domain.nodes import Node, Pool
from portico.doors.console import outbound
from portico.doors.console.service import Console

INSTANCE = Instance(id="i", job="kind/a", door="jobv1", created_at=1, scheduled_at=1, due_at=1)


class Claim(msgspec.Struct, frozen=True):
    """A record of a door's own."""

    id: str


class Watched:
    """A control in which these changes happen, and nothing else."""

    def __init__(self, *events):
        self.events = events

    async def watch(self, selector, after=None):
        for event in self.events:
            yield event


def changed(table, identity, record):
    return Event(1, 1_000_000, table, identity, "", record)


def told(event):
    """Give the door that an event is told with."""

    async def ask():
        console = Console(Watched(event), lambda **_: None, {"acme_claims": "acme"})
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "app": Starlette()}
        answer = await console.events(Request(scope))
        (line,) = [json.loads(part) async for part in answer.body_iterator]
        return line["door"]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("table", "record", "door"),
    [
        ("acme_claims", Claim("c"), "acme"),
        ("acme_claims", None, "acme"),
        ("instances", INSTANCE, "jobv1"),
        ("instances", None, None),
        ("nodes", Node(id="n"), "portico"),
        ("pools", Pool(id="/p"), "portico"),
        ("pools", None, "portico"),
    ],
)
def test_the_door_is_taken_from_where_it_is_known(table, record, door):
    assert told(changed(table, "x", record)) == door


def test_a_record_of_a_door_is_told_with_its_id_alone():
    written = outbound.event(changed("acme_claims", "c", Claim("c")), "acme")
    assert (written["record"], written["door"], written["state"]) == ({"id": "c"}, "acme", None)
