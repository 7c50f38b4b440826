"""What a client of the calls core does, in few words: over the stage, by commands and texts alone."""

from __future__ import annotations

from portico.control.calls.commands import (
    CallRequest,
    CancelCalls,
    ChangeSession,
    CreateResults,
    CreateSession,
    DeleteData,
    PutContent,
    SessionChange,
    SubmitCalls,
)
from portico.control.calls.queries import GetCall, GetResult, GetSession, ReadContent
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import CallOptions, Content, ResultDraft
from portico.domain.identity import SECOND

OPTIONS = CallOptions(max_duration=60 * SECOND, max_retries=2, priority=1, partition="default")


class Client:
    """One client with one Session."""

    def __init__(self, stage, session):
        self.stage = stage
        self.plane = stage.plane
        self.session = session

    @classmethod
    async def begin(cls, stage, *partitions, **options):
        wanted = CreateSession(partitions, CallOptions(**{**_plain(OPTIONS), **options}))
        made = await stage.plane.submit(wanted)
        return cls(stage, stage.calls.session_text(made.number))

    async def promise(self, count=1, **more):
        drafts = tuple(ResultDraft(f"r{n}", **more) for n in range(count))
        return (await self.plane.submit(CreateResults(self.session, drafts))).texts

    async def data(self, *datas):
        drafts = tuple(ResultDraft(f"d{n}", Content(len(data), data)) for n, data in enumerate(datas))
        return (await self.plane.submit(CreateResults(self.session, drafts))).texts

    async def put(self, result, data=b"x"):
        return await self.plane.submit(PutContent(self.session, result, Content(len(data), data)))

    async def submit(self, *requests, options=None):
        return await self.plane.submit(SubmitCalls(self.session, tuple(requests), options))

    async def call(self, payload=None, outputs=0, needs=(), options=None):
        """Submit one Call; gives its text and those of its outputs."""
        if payload is None:
            (payload,) = await self.data(b"payload")
        promised = await self.promise(outputs) if outputs else []
        (call,) = await self.submit(CallRequest(payload, tuple(promised), tuple(needs), options))
        return call, promised

    async def calls(self, count):
        """Submit many Calls with a payload and an output each."""
        payloads = await self.data(*[b"p"] * count)
        outputs = await self.promise(count)
        requests = [CallRequest(payload, (output,)) for payload, output in zip(payloads, outputs, strict=True)]
        return await self.submit(*requests), outputs

    async def cancel(self, *calls):
        return await self.plane.submit(CancelCalls(tuple(calls)))

    async def change(self, change):
        return await self.plane.submit(ChangeSession(self.session, SessionChange(change)))

    async def delete_data(self, *results):
        await self.plane.submit(DeleteData(self.session, tuple(results)))

    async def state(self, call):
        return str((await self.plane.ask(GetCall(call))).state)

    async def states(self, *calls):
        return [await self.state(call) for call in calls]

    async def result(self, result):
        return str((await self.plane.ask(GetResult(result))).state)

    async def read(self, result, **more):
        return await self.plane.ask(ReadContent(self.session, result, **more))

    async def now(self):
        return await self.plane.ask(GetSession(self.session))

    def text(self, result):
        return self.stage.calls.result_text(result.number)

    def number(self, call):
        return self.stage.book.find(call) or self.stage.calls.naming.number(Kind.CALL, call)

    def result_number(self, result):
        return self.stage.calls.naming.number(Kind.RESULT, result)


def _plain(options):
    return {name: getattr(options, name) for name in options.__struct_fields__}


async def clear(stage):
    """Let the work in slices come to its end."""
    for _ in range(100_000):
        await stage.settle(2)
        if stage.calls.clearing.idle:
            await stage.settle(5)
            return
    raise AssertionError("the work in slices does not end")
