"""Web pages that point a name at the loopback address are not answered."""

from __future__ import annotations

import asyncio

import pytest
from doors.mesos.outpost.test_place import ENVIRONMENT
from starlette.types import Message, Receive, Scope, Send

from portico.doors.mesos.outpost.guarding import Guard
from portico.doors.mesos.outpost.place import read_place


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


def status(bound: str, host: str | None) -> int:
    sent: list[Message] = []

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [] if host is None else [(b"host", host.encode())]
    guard = Guard(answers, read_place(("--host", bound, "--advertise", "node.lan"), ENVIRONMENT))
    asyncio.run(guard({"type": "http", "headers": headers}, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize("host", [None, "127.0.0.1:5051", "localhost", "Node.LAN:1", "[::1]:5051", "10.0.0.1"])
def test_addresses_and_own_names_are_answered(host: str | None) -> None:
    assert status("127.0.0.1", host) == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5051", "127.0.0.1.evil.example", "[x]:1", "a:b:c"])
def test_other_names_are_not(host: str) -> None:
    assert status("127.0.0.1", host) == 403
    assert status("localhost", host) == 403


def test_beyond_loopback_names_say_nothing() -> None:
    assert status("0.0.0.0", "any.example") == 200
