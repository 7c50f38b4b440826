"""Agents that come, go, answer, fail, return and are cancelled at random, over restarts: nothing is lost or done twice."""

import asyncio
import random
from collections import Counter

import pytest
from calls.stage import FakeAgent, opened

from portico.control.calls.commands import SessionChange
from portico.control.calls.sheets import CALLS
from portico.domain.calls.frames import Lease, Verdict
from portico.domain.calls.states import CallState
from portico.store.sheets import Field, SheetQuery

HELD = {CallState.DISPATCHED, CallState.PROCESSING, CallState.CANCELLING}
FINAL = {CallState.COMPLETED, CallState.ERROR, CallState.TIMEOUT, CallState.CANCELLED, CallState.RETRIED}
FIELDS = tuple(Field(name) for name in ("number", "state", "alias", "initial", "lease"))
MOST_RETRIES = 2


class Worker(FakeAgent):
    """A fake agent that remembers what it has, as a real one does."""

    def __init__(self, plane, partition, **said):
        super().__init__(plane, partition, **said)
        self.partition = partition
        self.seen = 0
        self.has = {}

    def learn(self):
        given = self.given
        for one in given[self.seen :]:
            self.has[one.call] = one
        self.seen = len(given)

    def come_back(self):
        holding = tuple(Lease(one.call, one.lease) for one in self.has.values())
        again = Worker(self.plane, self.partition, pod=self.pod, holding=holding, made=self.sequence)
        again.has = self.has
        return again


class Story:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.agents = []
        self.sessions = []
        self.submitted = 0

    async def step(self, stage):
        for agent in self.agents:
            agent.learn()
        deeds = [
            self.submit,
            self.end,
            self.end,
            self.give,
            self.begin,
            self.cancel,
            self.lose,
            self.join,
            self.wait,
            self.pause,
        ]
        await self.random.choice(deeds)(stage)
        await stage.settle(self.random.choice((0, 1, 3, 20)))

    async def submit(self, stage):
        count = self.random.randint(1, 6)
        partition = self.random.choice(("default", "second", "child"))
        stage.submit(
            self.random.choice(self.sessions), count, outputs=1, partition=partition, priority=self.random.randint(1, 3)
        )
        self.submitted += count

    def one(self):
        busy = [agent for agent in self.agents if agent.has]
        if not busy:
            return None, None
        agent = self.random.choice(busy)
        return agent, agent.has[self.random.choice(list(agent.has))]

    async def end(self, stage):
        agent, given = self.one()
        if agent is not None:
            del agent.has[given.call]
            verdict = self.random.choice((*Verdict, Verdict.OK, Verdict.OK))
            agent.end(given, verdict, micros=self.random.choice((100, 1_000_000)))

    async def give(self, stage):
        agent, given = self.one()
        if agent is not None:
            del agent.has[given.call]
            agent.give(given)

    async def begin(self, stage):
        agent, given = self.one()
        if agent is not None:
            agent.begin(given)

    async def cancel(self, stage):
        active = self.active(stage)
        if active:
            await stage.cancel(self.random.choice(active))

    async def lose(self, stage):
        if self.agents:
            agent = self.agents.pop(self.random.randrange(len(self.agents)))
            agent.lose()
            if self.random.random() < 0.6:
                self.agents.append(agent.come_back())

    async def join(self, stage):
        if len(self.agents) < 5:
            self.agents.append(Worker(stage.plane, self.random.choice(("default", "second", "child"))))

    async def wait(self, stage):
        stage.plane.clock.advance(self.random.choice((1, 5, 11)))

    async def pause(self, stage):
        session = self.random.choice(self.sessions)
        change = self.random.choice((SessionChange.PAUSE, SessionChange.RESUME))
        if stage.book.sessions[session].state == (3 if change is SessionChange.RESUME else 1):
            await stage.change(session, change)

    def rows(self, stage):
        return stage.plane.history.now(lambda reader: reader.rows(SheetQuery(CALLS.name), FIELDS))

    def active(self, stage):
        return [
            number
            for number, state, *_ in self.rows(stage)
            if state not in FINAL and stage.book.state[number] not in FINAL
        ]

    async def check(self, stage):
        await stage.settle()
        rows = self.rows(stage)
        queued, held = Counter(), set()
        for number, state, *_ in rows:
            if state in FINAL:
                continue
            assert stage.book.state[number] == state
            if state == CallState.SUBMITTED:
                queued[stage.book.options_of(number).partition] += 1
            if state in HELD:
                held.add(number)
        for partition in ("default", "second", "child"):
            assert stage.calls.queues.depth(partition) == queued[partition]
        agents = stage.calls.agents
        assert set(agents.holdings.holders) == held
        for call, agent in agents.holdings.holders.items():
            assert call in agent.held
            assert len(agent.held) <= 9
            assert agents.find(agent.pod) is agent

    async def finish(self, stage):
        """Let everything end well."""
        for session in self.sessions:
            if stage.book.sessions[session].state == 3:
                await stage.change(session, SessionChange.RESUME)
        for partition in ("default", "second", "child"):
            self.agents.append(Worker(stage.plane, partition))
        for _ in range(400):
            await stage.settle(6)
            stage.plane.clock.advance(2)
            for agent in self.agents:
                agent.learn()
                for given in list(agent.has.values()):
                    del agent.has[given.call]
                    agent.end(given)
            if not self.active(stage):
                break
        await self.check(stage)
        rows = self.rows(stage)
        assert {CallState(state) for _, state, *_ in rows} <= FINAL
        tries = Counter(initial or stage.calls.naming.text(2, number) for number, _, _, initial, _ in rows)
        assert len(tries) == self.submitted
        assert max(tries.values()) <= MOST_RETRIES + 1
        for number, state, *_ in rows:
            if state == CallState.RETRIED:
                continue
            assert not stage.book.find(stage.calls.naming.text(2, number))


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_or_done_twice(seed):
    async def story():
        told = Story(seed)
        store = clock = None
        for life in range(3):
            async with opened(store, clock) as stage:
                if not life:
                    told.sessions = [
                        await stage.session("default", "second", "child", max_retries=MOST_RETRIES) for _ in range(2)
                    ]
                told.agents = [(setattr(agent, "plane", stage.plane), agent.come_back())[1] for agent in told.agents]
                for _ in range(60):
                    await told.step(stage)
                await told.check(stage)
                if life == 2:
                    await told.finish(stage)
                for agent in told.agents:
                    agent.learn()
            store, clock = stage.plane.store.crash(), stage.plane.clock

    asyncio.run(story())
