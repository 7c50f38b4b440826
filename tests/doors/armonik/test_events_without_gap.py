"""Between what there is and what happens nothing is lost, whoever comes whenever."""

import asyncio
import random

import pytest
from doors.armonik.listening import Listener
from doors.armonik.serving import story, until

from portico.domain.calls.frames import Verdict
from portico.domain.calls.states import CallState
from portico.doors.armonik import paging
from portico.store.sheets import Field, SheetQuery
from portico.wire.armonik.events_pb2 import EventSubscriptionRequest


class Doings:
    """Somebody who submits tasks, cancels them, and lets them end this way or that, by chance."""

    def __init__(self, at, number, seed):
        self.at = at
        self.number = number
        self.chance = random.Random(seed)
        self.agents = [at.agent(), at.agent()]
        self.ended = set()

    async def step(self):
        match self.chance.randrange(4):
            case 0:
                self.at.submit(self.number, self.chance.randrange(1, 9), outputs=self.chance.randrange(2))
            case 1:
                await self.cancel_one()
            case _:
                self.end_one()
        await asyncio.sleep(self.chance.random() * 0.004)

    async def cancel_one(self):
        calls = [call for call in range(1, 60) if self.at.book.state[call] == CallState.SUBMITTED]
        if calls:
            await self.at.cancel(self.chance.choice(calls))

    def end_one(self):
        agent = self.chance.choice(self.agents)
        given = next((one for one in agent.given if (one.call, one.lease) not in self.ended), None)
        if given is not None:
            self.ended.add((given.call, given.lease))
            agent.end(given, self.chance.choice([Verdict.OK, Verdict.ERROR, Verdict.FAILED]), error="e")

    def truth(self):
        """The state of everything, by id, as rows have it."""
        calls, results = self.at.plane.history.now(_states)
        texts = {alias or self.at.book.text(one): state for one, state, alias in calls}
        return texts | {self.at.calls.result_text(one): state for one, state in results}


@pytest.mark.parametrize("seed", range(6))
def test_nothing_falls_between_what_there_is_and_what_happens(seed, monkeypatch):
    """Listeners come while tasks are submitted, run, fail and are cancelled: each ends up with the newest states."""
    monkeypatch.setattr(paging, "PAGE", 7)

    async def play(at):
        doings = Doings(at, await at.session(), seed)
        request = EventSubscriptionRequest(session_id=at.calls.session_text(doings.number))
        listeners = []
        for turn in range(60):
            await doings.step()
            if turn % 12 == 5:
                listeners.append(Listener(at.events_rpc.GetEvents(request)))
        await at.settle()
        await until(lambda: all(listener.last_states() == doings.truth() for listener in listeners))
        assert [listener.error for listener in listeners] == [None] * 5
        for listener in listeners:
            listener.call.cancel()
        await asyncio.gather(*(listener.task for listener in listeners), return_exceptions=True)

    story(play)


def _states(reader):
    calls = reader.rows(SheetQuery("calls"), [Field("number"), Field("state"), Field("alias")])
    return calls, reader.rows(SheetQuery("results"), [Field("number"), Field("state")])
