"""Every call goes through one place: context, limits, translation of errors, counting."""

from __future__ import annotations

import asyncio
import re
import string
from urllib.parse import quote

import grpc
import grpc.aio
import pytest
import structlog.testing
from serving.echo import Echo, parse, running, serialise

from portico.domain.errors import Compacted, Conflict, Exhausted, Invalid, NotFound, PorticoError, Unavailable
from portico.serving import request_context
from portico.serving.grpc_ends import LONGEST_DETAILS, fit
from portico.serving.grpc_server import GrpcSettings

Code = grpc.StatusCode


async def fails(call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def read_all(call) -> list[str]:
    return [message async for message in call]


def test_all_four_kinds_answer_and_are_counted():
    async def story():
        async with running(Echo()) as at:
            assert await at.client.one("One") == "hello"
            assert await read_all(at.client.many("Many")) == ["a", "b", "c"]
            assert await read_all(at.client.many("Written")) == ["a", "b", "c"]
            assert await at.client.join(["x", "y"]) == "xy"
            assert await read_all(at.client.chat(["x", "y"])) == ["X", "Y"]
            for method in ("One", "Many", "Written", "Join", "Chat"):
                assert at.count(method, "OK") == 1
            text = at.metrics.exposition().decode()
            assert 'portico_grpc_call_seconds_count{code="OK",method="/test.Echo/One"} 1.0' in text
            assert 'portico_grpc_calls_under_way{server="grpc"} 0.0' in text

    asyncio.run(story())


def test_a_caller_that_is_still_sending_hears_why_its_stream_is_refused():
    async def story():
        echo = Echo()
        echo.raises = NotFound("no such job")
        async with running(echo) as at:
            sent = []
            requests = (sent.append(number) or "x" * (1 << 20) for number in range(64))
            error = await fails(at.client.join(requests))
            assert (error.code(), error.details()) == (Code.NOT_FOUND, "no such job")
            assert len(sent) == 64

    asyncio.run(story())


def test_a_caller_that_goes_while_its_refused_stream_is_read_is_counted_out():
    async def story():
        echo = Echo()
        echo.raises = NotFound("no such job")
        async with running(echo) as at:
            call = at.client.channel.stream_unary("/test.Echo/Join", serialise, parse)()
            await call.write("x")
            await echo.entered.wait()
            call.cancel()
            async with asyncio.timeout(10):
                while not (at.count("Join", "CANCELLED") or at.count("Join", "NOT_FOUND")):
                    await asyncio.sleep(0)
            assert 'portico_grpc_calls_under_way{server="grpc"} 0.0' in at.metrics.exposition().decode()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("error", "code", "details"),
    [
        (Invalid("too big", "size"), Code.INVALID_ARGUMENT, "size: too big"),
        (NotFound("no such job"), Code.NOT_FOUND, "no such job"),
        (Conflict("running"), Code.FAILED_PRECONDITION, "running"),
        (Exhausted("full"), Code.RESOURCE_EXHAUSTED, "full"),
        (Unavailable("later"), Code.UNAVAILABLE, "later"),
        (Compacted("gone"), Code.OUT_OF_RANGE, "gone"),
        (NotFound("line\nbreak ü \ud800"), Code.NOT_FOUND, "line\nbreak ü ?"),
    ],
)
def test_a_domain_error_has_its_status_in_every_kind_of_call(error, code, details):
    async def story():
        echo = Echo()
        echo.raises = error
        async with running(echo) as at:
            for call in (
                at.client.one("One"),
                read_all(at.client.many("Many")),
                read_all(at.client.chat(["x"])),
            ):
                failure = await fails(call)
                assert (failure.code(), failure.details()) == (code, details)
            assert at.count("One", code.name) == at.count("Many", code.name) == at.count("Chat", code.name) == 1

    asyncio.run(story())


def test_a_door_translates_with_its_own_table_and_trailing_metadata():
    def translate(error: PorticoError):
        return Code.ABORTED, f"door says {error}", (("x-reason", "taken"),)

    async def story():
        echo = Echo()
        echo.raises = Conflict("no")
        async with running(echo, translate=translate) as at:
            failure = await fails(at.client.one("One"))
            assert (failure.code(), failure.details()) == (Code.ABORTED, "door says no")
            assert failure.trailing_metadata()["x-reason"] == "taken"
            assert failure.trailing_metadata()["x-request-id"]

    asyncio.run(story())


@pytest.mark.parametrize("method", ["One", "Wrong", "InnerCancel"])
def test_the_unexpected_is_internal_with_an_id_that_is_in_the_log_and_leaks_nothing(method):
    async def story():
        echo = Echo()
        echo.raises = RuntimeError("secret")
        with structlog.testing.capture_logs() as logs:
            async with running(echo) as at:
                failure = await fails(at.client.one(method))
                assert at.count(method, "INTERNAL") == 1
        assert failure.code() is Code.INTERNAL
        (error_id,) = re.fullmatch(r"internal error (\S+)", failure.details()).groups()
        (line,) = [line for line in logs if line["event"] == "internal_error"]
        assert line["error_id"] == error_id
        assert line["exc_info"] is not None

    asyncio.run(story())


def test_a_hole_in_a_doors_table_is_internal_too():
    def translate(error: PorticoError):
        raise KeyError(type(error))

    async def story():
        echo = Echo()
        echo.raises = NotFound("x")
        async with running(echo, translate=translate) as at:
            assert (await fails(at.client.one("One"))).code() is Code.INTERNAL

    asyncio.run(story())


def test_an_error_after_some_replies_keeps_the_replies():
    async def story():
        echo = Echo()
        echo.raises = RuntimeError("secret")
        async with running(echo) as at:
            call = at.client.many("Many")
            seen = []

            async def read():
                async for message in call:
                    seen.append(message)  # noqa: PERF401 — what came before the error counts

            failure = await fails(read())
            assert seen == ["a", "b", "c"]
            assert failure.code() is Code.INTERNAL
            assert "secret" not in failure.details()

    asyncio.run(story())


def test_what_a_service_says_itself_is_left_alone():
    async def story():
        async with running(Echo()) as at:
            failure = await fails(at.client.one("Aborts"))
            assert (failure.code(), failure.details()) == (Code.DATA_LOSS, "said by the service")
            failure = await fails(at.client.one("Codes"))
            assert (failure.code(), failure.details()) == (Code.NOT_FOUND, "set by the service")
            assert at.count("Aborts", "DATA_LOSS") == at.count("Codes", "NOT_FOUND") == 1

    asyncio.run(story())


def test_bytes_that_do_not_parse_cost_only_their_own_call():
    async def story():
        async with running(Echo()) as at:
            for kind, method in (("unary_unary", "One"), ("unary_stream", "Many")):
                call = getattr(at.client.channel, kind)(f"/test.Echo/{method}")(b"\xff")
                failure = await fails(call if kind == "unary_unary" else read_all(call))
                assert failure.code() is Code.INVALID_ARGUMENT
                assert method in failure.details()
            failure = await fails(at.client.channel.stream_unary("/test.Echo/Join")(iter([b"\xff"])))
            assert failure.code() is Code.INVALID_ARGUMENT
            assert await at.client.one("One") == "hello"

    asyncio.run(story())


def test_a_sane_request_id_is_kept_and_any_other_replaced():
    async def story():
        async with running(Echo()) as at:
            for offered, kept in (("job-7:a/b", True), ("a b", False), ("x" * 129, False), ("", False)):
                call = at.client.one("One", metadata=(("x-request-id", offered),))
                await call
                given = (await call.trailing_metadata())["x-request-id"]
                assert (given == offered) is kept
                assert given

    asyncio.run(story())


def test_the_request_in_hand_is_known_to_the_service():
    class Looks(Echo):
        async def one(self, request, context):
            self.seen.append(request_context.current())
            return request

    async def story():
        echo = Looks()
        async with running(echo) as at:
            await at.client.one("One", timeout=50, metadata=(("x-request-id", "r1"),))
            await at.client.one("One")
        first, second = echo.seen
        assert (first.request_id, first.door, first.method) == ("r1", "test", "/test.Echo/One")
        assert 0 < first.deadline - asyncio.get_running_loop().time() <= 50
        assert second.deadline is None

    asyncio.run(story())


def test_the_callers_end_cancels_the_service_and_is_counted_as_such():
    async def story():
        echo = Echo()
        async with running(echo) as at:
            call = at.client.one("Slow")
            await echo.entered.wait()
            call.cancel()
            await echo.cancelled.wait()
            echo.cancelled.clear()
            assert (await fails(at.client.one("Slow", timeout=0.05))).code() is Code.DEADLINE_EXCEEDED
            await echo.cancelled.wait()
            assert at.count("Slow", "CANCELLED") + at.count("Slow", "DEADLINE_EXCEEDED") == 2

    asyncio.run(story())


def test_a_stream_left_by_its_reader_closes_the_generator():
    async def story():
        echo = Echo()
        async with running(echo) as at:
            call = at.client.many("Forever")
            assert await call.read() == "first"
            await echo.entered.wait()
            call.cancel()
            await echo.cancelled.wait()

    asyncio.run(story())


def test_too_many_calls_at_once_are_refused_but_not_health():
    async def story():
        echo = Echo()
        async with running(echo, GrpcSettings(concurrent_calls=1)) as at:
            slow = at.client.one("Slow")
            await echo.entered.wait()
            failure = await fails(at.client.one("One"))
            assert failure.code() is Code.RESOURCE_EXHAUSTED
            assert "1 calls" in failure.details()
            await at.client.channel.unary_unary("/grpc.health.v1.Health/Check")(b"")
            echo.release.set()
            assert await slow == "hello"
            assert await at.client.one("One") == "hello"

    asyncio.run(story())


def test_messages_over_the_limits_are_refused():
    async def story():
        async with running(Echo(), GrpcSettings(receive_bytes=1_000, send_bytes=100)) as at:
            assert (await fails(at.client.one("One", "x" * 2_000))).code() is Code.RESOURCE_EXHAUSTED
            failure = await fails(at.client.one("One", "x" * 500))
            assert failure.code() is Code.RESOURCE_EXHAUSTED
            assert "500 bytes" in failure.details()
            failure = await fails(read_all(at.client.chat(["x" * 500])))
            assert failure.code() is Code.RESOURCE_EXHAUSTED
            assert await at.client.one("One", "x" * 100) == "x" * 100

    asyncio.run(story())


def test_a_method_that_does_not_exist_is_unimplemented_and_makes_no_series():
    async def story():
        async with running(Echo()) as at:
            for number in range(3):
                assert (await fails(at.client.one(f"Nope{number}"))).code() is Code.UNIMPLEMENTED
            text = at.metrics.exposition().decode()
            assert "Nope" not in text
            assert 'portico_grpc_unknown_methods_total{server="grpc"} 3.0' in text

    asyncio.run(story())


def test_methods_that_a_generated_servicer_only_declares_are_unimplemented():
    def declared(request, context):
        raise AssertionError("never called")

    declared.__module__ = "portico_test.service_pb2_grpc"

    class Declares(Echo):
        def add(self, server) -> None:
            server.add_registered_method_handlers("test.Echo", {"One": grpc.unary_unary_rpc_method_handler(declared)})

    async def story():
        async with running(Declares()) as at:
            failure = await fails(at.client.one("One"))
            assert failure.code() is Code.UNIMPLEMENTED
            assert failure.details() == "/test.Echo/One is not implemented"

    asyncio.run(story())


@pytest.mark.parametrize("character", ["x", "%", "\n", "é", "漢", "\U0001f600", "\udc80"])
@pytest.mark.parametrize("count", [0, 10, 340, 342, 1_365, 1_366, 4_096, 4_097, 100_000])
def test_details_are_bounded_as_they_travel(character, count):
    fitted = fit(character * count)
    travelling = quote(fitted, safe=string.punctuation.replace("%", "") + " ")
    assert len(travelling) <= LONGEST_DETAILS
    whole = (character * count).encode("utf-8", "replace").decode()
    assert fitted == whole or (fitted.endswith("…") and whole.startswith(fitted[:-1]) and len(travelling) > 4_070)
