"""The RPC of armonik.api.grpc.v1.events.Events: what happens in a session, as a stream without end.

Promises: live changes are heard before what there is already is read, so that nothing falls in between (a change may be
told twice); the last word on a task or result is its newest state; a subscriber that does not read is cut off and costs
nobody anything. A session that does not exist is silent (upstream's rule).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

import grpc
import grpc.aio

from portico.control.calls.happenings import Change, Happening
from portico.control.calls.queries import FindCalls, FindResults
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import Call, Result
from portico.domain.errors import Unavailable
from portico.doors.armonik.inbound.events import Choice, Wanted, read_subscription
from portico.doors.armonik.inbound.holding import call_holds, result_holds
from portico.doors.armonik.inbound.matching import matches
from portico.doors.armonik.live import LiveControl, Subscription, settle
from portico.doors.armonik.outbound.events import Encodings, call_event, result_event
from portico.doors.armonik.paging import PAGE, all_calls, all_results
from portico.doors.armonik.passing import Passing
from portico.wire.armonik import events_pb2 as pb
from portico.wire.armonik import events_pb2_grpc

SERVICE = "armonik.api.grpc.v1.events.Events"
ENDLESS = frozenset({f"/{SERVICE}/GetEvents"})
"""Streams that go on until their client or the server ends them."""

T = TypeVar("T", Call, Result)


class Events(events_pb2_grpc.EventsServicer):
    """The one method; events are sent as bytes, encoded once for all who hear them."""

    def __init__(self, control: LiveControl) -> None:
        self._control = control
        self._encodings = Encodings(control.calls)

    async def GetEvents(self, request: pb.EventSubscriptionRequest, context: Any) -> AsyncIterator[Any]:
        """Tell what there is in a session and what happens to it, as encoded EventSubscriptionResponses."""
        wanted = read_subscription(request, self._control.calls.naming)
        if not wanted.session:
            await asyncio.get_running_loop().create_future()
        async with aclosing(self._follow(wanted)) as messages:
            async for message in messages:
                yield message

    async def _follow(self, wanted: Wanted) -> AsyncGenerator[bytes]:
        subscription = _subscribe(self._control, wanted)
        passing = Passing(self._control, wanted)
        hearing = asyncio.ensure_future(subscription.take())
        try:
            await settle(self._control)
            async with aclosing(self._standing(wanted)) as pages:
                async for page in pages:
                    for message in page:
                        yield message
                    if hearing.done():
                        for message in await self._told(passing, hearing.result()):
                            yield message
                        hearing = asyncio.ensure_future(subscription.take())
            heard = await hearing
            while True:
                for message in await self._told(passing, heard):
                    yield message
                heard = await subscription.take()
        finally:
            subscription.close()
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _told(self, passing: Passing, happenings: Sequence[Happening]) -> list[bytes]:
        """Write the happenings that are wanted; none at all are heard only when the server stops."""
        if not happenings:
            raise Unavailable("the server is stopping")
        return [self._encodings.of(happening) for happening in await passing.choose(happenings)]

    async def _standing(self, wanted: Wanted) -> AsyncGenerator[list[bytes]]:
        """Yield what there is, as new, page by page: tasks first."""
        naming = self._control.calls.naming
        if Change.NEW_CALL in wanted.changes:
            async with aclosing(self._calls(wanted)) as pages:
                async for calls in pages:
                    yield [call_event(call, naming).SerializeToString() for call in calls]
        if Change.NEW_RESULT in wanted.changes:
            async with aclosing(self._results(wanted)) as more:
                async for results in more:
                    yield [result_event(result, naming).SerializeToString() for result in results]

    def _calls(self, wanted: Wanted) -> AsyncGenerator[Sequence[Call]]:
        naming, choice = self._control.calls.naming, wanted.calls
        if choice.numbers is None:
            return all_calls(self._control, wanted.session, choice.any_of)

        def fits(call: Call) -> bool:
            return matches(choice.any_of, lambda field: call_holds(call, field, naming))

        return self._named(wanted.session, choice, Kind.CALL, FindCalls, fits)

    def _results(self, wanted: Wanted) -> AsyncGenerator[Sequence[Result]]:
        naming, choice = self._control.calls.naming, wanted.results
        if choice.numbers is None:
            return all_results(self._control, wanted.session, choice.any_of)

        def fits(result: Result) -> bool:
            return matches(choice.any_of, lambda field: result_holds(result, field, naming))

        return self._named(wanted.session, choice, Kind.RESULT, FindResults, fits)

    async def _named(
        self,
        session: int,
        choice: Choice,
        kind: Kind,
        query: Callable[[tuple[str, ...]], Any],
        fits: Callable[[T], bool],
    ) -> AsyncGenerator[Sequence[T]]:
        """Yield those of a session that a filter names and that meet all of it."""
        numbers = sorted(choice.numbers or ())
        for start in range(0, len(numbers), PAGE):
            ids = tuple(self._control.calls.naming.text(kind, number) for number in numbers[start : start + PAGE])
            found: Sequence[T] = await self._control.ask(query(ids))
            yield [one for one in found if one.session == session and (choice.simple or fits(one))]


def _subscribe(control: LiveControl, wanted: Wanted) -> Subscription:
    """Listen to single things where they are named, to the whole session where they are not."""
    watching = control.calls.watching
    if not wanted.wants_calls and wanted.results.numbers is not None:
        return watching.results(wanted.results.numbers)
    if not wanted.wants_results and wanted.calls.numbers is not None:
        return watching.calls(wanted.calls.numbers)
    return watching.session(wanted.session)


def add_to_server(service: Events, server: grpc.aio.Server) -> None:
    """Register the RPC, whose answers are bytes."""
    handler: grpc.RpcMethodHandler[Any, Any] = grpc.unary_stream_rpc_method_handler(
        service.GetEvents, pb.EventSubscriptionRequest.FromString
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"GetEvents": handler}),))
