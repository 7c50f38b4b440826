"""Whatever is done in whatever order, memory and rows tell the same, and a restart finds what was there."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

from calls.customer import Client, clear
from calls.stage import opened
from harness import ManualClock
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from portico.control.calls import endings, results, submission
from portico.control.calls.book import LIVE
from portico.control.calls.commands import CallRequest
from portico.control.calls.links import decode_links
from portico.control.calls.scanning import every
from portico.control.calls.sheets import CALL_SHEETS, CALLS, RESULTS
from portico.control.records import CORE_TABLES
from portico.domain.calls.naming import Kind
from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.domain.calls.values import CallDraft, Content
from portico.domain.errors import Conflict, NotFound
from portico.store.memory import MemoryStore
from portico.store.sheets import Field, SheetQuery

_C = CallState
_GIVEN_UP = "given up"


def _fail():
    raise ZeroDivisionError


class CallsAtRandom(RuleBasedStateMachine):
    """Clients, agents, crashes and transactions that are given up, over two Sessions."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = MemoryStore([table.table for table in CORE_TABLES], CALL_SHEETS)
        self.clock = ManualClock()
        self.open()

    def run(self, story):
        return self.runner.run(story)

    def open(self):
        async def begin():
            self.context = opened(self.store, self.clock)
            self.stage = await self.context.__aenter__()

        self.run(begin())

    def teardown(self):
        self.run(self.context.__aexit__(None, None, None))
        self.runner.close()

    @initialize()
    def begin(self):
        async def story():
            return [(await Client.begin(self.stage)).session for _ in range(2)]

        self.sessions = self.run(story())

    def client(self, which):
        return Client(self.stage, self.sessions[which])

    def live(self, place, *states):
        """Choose one of the Calls in certain states."""
        book = self.stage.book
        wanted = {int(state) for state in states} or LIVE
        found = list(every(book.state, wanted))
        return found[place % len(found)] if found else 0

    def result(self, place):
        book = self.stage.book
        found = list(every(book.result_state, ResultState))
        return found[place % len(found)] if found else 0

    which = st.integers(0, 1)
    place = st.integers(0, 1000)

    @rule(which=which, ready=st.booleans(), outputs=st.integers(0, 2), needs=st.lists(place, max_size=2))
    def submit(self, which, ready, outputs, needs):
        async def story():
            client = self.client(which)
            book = self.stage.book
            try:
                (payload,) = await (client.data(b"p") if ready else client.promise())
                promised = await client.promise(outputs)
            except NotFound:
                return
            number = self.stage.calls.naming.number(Kind.SESSION, client.session)
            wanted = [
                result
                for result in map(self.result, needs)
                if book.result_session[result] == number and book.result_state[result] in {1, 2}
            ]
            texts = tuple(self.stage.calls.result_text(result) for result in wanted)
            try:
                await client.submit(*[CallRequest(payload, tuple(promised), texts)] * 2)
            except Conflict:
                assert not (await client.now()).client_submission

        self.run(story())

    @rule(place=place)
    def lease(self, place):
        number = self.live(place, _C.SUBMITTED)
        if number:
            with self.transaction() as tx:
                self.stage.book.move(tx, number, _C.DISPATCHED, pod="nobody", host="h", lease=1, acquired_at=1)

    @rule(place=place)
    def begin_call(self, place):
        number = self.live(place, _C.DISPATCHED)
        if number:
            with self.transaction() as tx:
                self.stage.book.move(tx, number, _C.PROCESSING, started_at=tx.now)

    @rule(place=place, bring=st.booleans(), child=st.booleans())
    def complete(self, place, bring, child):
        number = self.live(place, _C.PROCESSING)
        if not number:
            return
        plane, book = self.stage.plane, self.stage.book
        with self.transaction() as tx:
            links, session = book.links_of(number), book.session_of(number)
            if child and links.outputs and session.worker_submission:
                fresh = book.draw(Kind.CALL, 1)
                draft = CallDraft(links.outputs[0], links.outputs)
                if book.result_state[links.outputs[0]] in {1, 2}:
                    submission.add(
                        plane, tx, session.number, [(fresh, draft)], by=number, parents=("a", "b"), now=tx.now
                    )
            elif bring:
                for output in links.outputs:
                    results.complete(plane, tx, output, Content(1, b"x"), book.text(number))
            endings.complete(plane, tx, number, started_at=1)

    @rule(place=place, how=st.sampled_from(["error", "timeout", "retry", "cancelled", _GIVEN_UP]))
    def fail(self, place, how):
        number = self.live(place, _C.DISPATCHED, _C.PROCESSING, _C.CANCELLING)
        if not number:
            return
        plane = self.stage.plane
        if how == _GIVEN_UP:
            self.give_up(lambda tx: endings.retry(plane, tx, number, "x"))
            self.give_up(lambda tx: endings.fail(plane, tx, number, _C.ERROR, "x"))
            return
        with self.transaction() as tx:
            if how == "retry":
                endings.retry(plane, tx, number, "x")
            else:
                to = {"error": _C.ERROR, "timeout": _C.TIMEOUT, "cancelled": _C.CANCELLED}[how]
                endings.fail(plane, tx, number, to, how)

    @rule(place=place, give_up=st.booleans())
    def put(self, place, give_up):
        number = self.result(place)
        if not number:
            return
        act = lambda tx: results.complete(self.stage.plane, tx, number, Content(2, b"up"))  # noqa: E731 — done or given up
        if give_up:
            self.give_up(act)
        else:
            with self.transaction() as tx:
                act(tx)

    @rule(place=place, give_up=st.booleans())
    def empty(self, place, give_up):
        number = self.result(place)
        act = lambda tx: results.empty(self.stage.plane, tx, [number])  # noqa: E731 — done or given up
        if give_up:
            self.give_up(act)
        else:
            with self.transaction() as tx:
                act(tx)

    @rule(place=place)
    def cancel(self, place):
        number = self.live(place)
        if number:
            self.run(self.client(0).cancel(self.stage.book.text(number), "nonsense"))

    @rule(
        which=which,
        change=st.sampled_from(["pause", "pause", "resume", "resume", "close", "cancel", "purge", "delete"]),
    )
    def change(self, which, change):
        async def story():
            try:
                await self.client(which).change(change)
            except (Conflict, NotFound):
                return

        self.run(story())

    @rule(which=which)
    def begin_again(self, which):
        async def story():
            try:
                await self.client(which).now()
            except NotFound:
                self.sessions[which] = (await Client.begin(self.stage)).session

        self.run(story())

    @rule(turns=st.integers(0, 5))
    def wait(self, turns):
        self.run(self.stage.settle(turns))

    @rule(turns=st.integers(0, 3))
    def crash(self, turns):
        async def story():
            await self.stage.settle(turns)
            self.stage.plane.writer.hold = True
            await self.context.__aexit__(None, None, None)

        self.run(story())
        self.store = self.store.crash()
        self.open()

    def transaction(self):
        machine = self

        class InTheLoop:
            def __enter__(self):
                self.tx = machine.stage.plane.begin()
                self.loop = machine.runner.get_loop()
                asyncio._set_running_loop(self.loop)
                return self.tx.__enter__()

            def __exit__(self, *error):
                try:
                    self.tx.__exit__(*error)
                finally:
                    asyncio._set_running_loop(None)

        return InTheLoop()

    def give_up(self, act):
        before = self.picture()
        with contextlib.suppress(ZeroDivisionError), self.transaction() as tx:
            act(tx)
            _fail()
        assert self.picture() == before

    def picture(self):
        book = self.stage.book
        return (
            {n: list(tally) for n, tally in book.tallies.items()},
            {n: list(tally) for n, tally in book.result_tallies.items()},
            {
                n: (book.state[n], book.missing[n] if book.state[n] == _C.PENDING else 0)
                for n in every(book.state, LIVE)
            },
            {
                n: (book.result_state[n], book.result_session[n], book.result_owner[n])
                for n in every(book.result_state, ResultState)
            },
            {result: sorted(calls) for result, calls in book.waiting.items()},
            dict(book.aliases),
            self.stage.calls.queues.depth("default"),
        )

    @invariant()
    def memory_and_rows_agree(self):
        async def look():
            committer = self.stage.plane.committer
            while committer.durable < committer.revision:
                await committer.settled(committer.revision)
            self._agree()

        self.run(look())

    def _agree(self):
        book, history = self.stage.book, self.stage.plane.history
        rows = history.now(
            lambda reader: reader.rows(
                SheetQuery(CALLS.name),
                tuple(map(Field, ("number", "session", "state", "options", "payload", "links", "alias"))),
            )
        )
        deleting = {session.number for session in book.sessions.values() if session.state is SessionState.DELETED}
        counted: Counter = Counter()
        for number, session, state, options, payload, links, alias in rows:
            counted[session, state] += 1
            if state in LIVE:
                assert (book.state[number], book.session[number]) == (state, session)
                assert (book.options[number], book.payload[number], book.links[number]) == (options, payload, links)
                assert book.text(number) == (alias or self.stage.calls.naming.text(Kind.CALL, number))
                assert book.find(book.text(number)) == number
            else:
                assert book.state[number] not in LIVE
        for session, tally in book.tallies.items():
            if session not in deleting:
                assert {state: count for state, count in enumerate(tally) if count} == {
                    state: count for (of, state), count in counted.items() if of == session
                }
        assert book.all_calls == [sum(column) for column in zip([0] * 14, *book.tallies.values(), strict=True)]
        assert book.all_results == [sum(column) for column in zip([0] * 5, *book.result_tallies.values(), strict=True)]
        assert +book.all_sessions == Counter(session.state for session in book.sessions.values())
        self._results_agree(rows)
        assert self.stage.calls.queues.depth("default") == sum(row[2] == _C.SUBMITTED for row in rows)

    def _results_agree(self, calls):
        book, history = self.stage.book, self.stage.plane.history
        rows = history.now(
            lambda reader: reader.rows(
                SheetQuery(RESULTS.name), tuple(map(Field, ("number", "session", "state", "owner")))
            )
        )
        assert set(every(book.result_state, ResultState)) == {row[0] for row in rows}
        counted: Counter = Counter()
        for number, session, state, owner in rows:
            counted[session, state] += 1
            assert (book.result_state[number], book.result_session[number], book.result_owner[number]) == (
                state,
                session,
                owner or 0,
            )
        for session, tally in book.result_tallies.items():
            assert {state: count for state, count in enumerate(tally) if count} == {
                state: count for (of, state), count in counted.items() if of == session
            }
        waiting: dict = {}
        for number, _, state, _, payload, links, _ in calls:
            if state == _C.PENDING:
                lacking = [
                    n
                    for n in {payload, *decode_links(links).dependencies}
                    if book.result_state[n] == ResultState.CREATED
                ]
                for need in lacking:
                    waiting.setdefault(need, set()).add(number)
                assert book.missing[number] == len(lacking) > 0, "nobody waits for nothing, once all is quiet"
        held = {n: {call for call in calls_ if book.state[call] == _C.PENDING} for n, calls_ in book.waiting.items()}
        assert {n: calls_ for n, calls_ in held.items() if calls_} == waiting

    @invariant()
    def nobody_waits_for_ever(self):
        """When all work in slices is done, no Call stands otherwise than its Session."""
        self.run(clear(self.stage))
        book = self.stage.book
        for number in list(every(book.state, LIVE)):
            session, state = book.session_of(number).state, book.state[number]
            if session in {SessionState.CANCELLED, SessionState.PURGED, SessionState.DELETED}:
                assert state == _C.CANCELLING
            assert not (session is SessionState.PAUSED and state == _C.SUBMITTED)
            assert not (session is not SessionState.PAUSED and state == _C.PAUSED)


TestCallsAtRandom = CallsAtRandom.TestCase
TestCallsAtRandom.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
