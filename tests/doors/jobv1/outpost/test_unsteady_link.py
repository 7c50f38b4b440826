"""A link that breaks again and again: every call is carried out exactly once and its end is known."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from doors.jobv1.outpost.rig import Conversation, Rig

from portico.domain.frames import CallEnd, Invoke

KINDS = """
import os

ledger = os.open("ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

@portico.kind
def note(name):
    os.write(ledger, f"{name}\\n".encode())
    return name
"""
CALLS = 200
IN_FLIGHT = 20


class Bookkeeper:
    """Control's side: it believes only what it has acknowledged, and hands out what nobody holds."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.durable: dict[str, CallEnd] = {}
        self.begun: set[str] = set()

    def meet(self, control: Conversation) -> None:
        """Take the worker, give it work, and leave it in the middle."""
        holding = {key.call for key in control.hello.holding}
        assert self.begun - self.durable.keys() <= holding  # what has begun is never forgotten
        control.ready()
        lacking = [name for place in range(CALLS) if (name := f"c{place}") not in self.durable | dict.fromkeys(holding)]
        given = [Invoke(name, 1, "note", (name,)) for name in lacking[: max(0, IN_FLIGHT - len(holding))]]
        control.call(*given)
        expected = len(holding | {invoke.call for invoke in given})
        wanted = self.chance.randint(0, expected)
        ends = control.until_ended(wanted)
        self.begun.update(control.begun)
        self.begun.update(end.call for end in ends)
        if control.reports and (self.chance.random() < 0.7 or wanted == expected):
            self.durable.update({end.call: end for end in ends})
            control.acknowledge()
        control.drop()


@pytest.mark.parametrize("seed", range(3))
def test_every_call_is_carried_out_once(tmp_path: Path, seed: int) -> None:
    rig = Rig(tmp_path)
    try:
        rig.start(KINDS)
        books = Bookkeeper(random.Random(seed))
        while len(books.durable) < CALLS:
            books.meet(rig.accept())
        assert all(end.results == (name,) for name, end in books.durable.items())
        assert set(Counter(rig.output("ledger").split()).values()) == {1}
        assert len(rig.output("ledger").split()) == CALLS
    finally:
        rig.close()
