"""The trial: control is asked whether it would take an agent before anything is started for it.

Promises that a refusal costs no worker; nothing that control keeps changes by the question.
"""

from __future__ import annotations

import asyncio

from portico.domain.calls.frames import AgentHello, ToCallAgent
from portico.domain.errors import Invalid
from portico.domain.frames import Refused
from portico.domain.framing import Splitter, decode, encode, to_call_agent
from portico.doors.armonik.outpost.line import parse_link

PATIENCE = 5.0
"""Seconds for which an answer is waited for."""

_PIECE = 1 << 16


async def refusal(link: str, hello: AgentHello) -> str:
    """Say why control would not take an agent that says this; empty when it would, or when it does not answer, for it
    may be starting."""
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await _ask(link, hello)
    except (OSError, Invalid):
        return ""
    return answer.reason if isinstance(answer, Refused) else ""


async def _ask(link: str, hello: AgentHello) -> ToCallAgent | None:
    """Give the first frame of an answer, None when there is none."""
    place = parse_link(link)
    opening = asyncio.open_unix_connection(place) if isinstance(place, str) else asyncio.open_connection(*place)
    reader, writer = await opening
    try:
        writer.write(encode(hello))
        splitter = Splitter()
        while data := await reader.read(_PIECE):
            for body in splitter.feed(data):
                frame: ToCallAgent = decode(to_call_agent, body)
                return frame
        return None
    finally:
        writer.transport.abort()
