"""Nested containers, sessions and attaching, through the agent's API with real processes."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from typing import Any

import httpx
import pytest
from doors.mesos.outpost_operator.agent import STREAMED, Agent, agent, attach, play, stdin

from portico.doors.mesos.encoding.recordio import frame
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator import attaching, streams
from portico.node import switchboard_lines
from portico.wire.mesos import agent_pb2

IO = agent_pb2.ProcessIO


def inside(name: str, parent: str = "root") -> dict[str, Any]:
    return {"value": name, "parent": {"value": parent}}


def shell(script: str) -> dict[str, Any]:
    return {"value": script}


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


async def nest(site: Agent, name: str, script: str, **more: Any) -> httpx.Response:
    launch = {"container_id": inside(name), "command": shell(script), **more}
    return await site.call("LAUNCH_NESTED_CONTAINER", launch_nested_container=launch)


TTY = {"type": "MESOS", "tty_info": {"window_size": {"rows": 10, "columns": 40}}}


def test_both_sides_speak_of_the_same_frames() -> None:
    names = ("SOCKET", "GREETING", "HELLO", "TAKEN", "REFUSED", "OUTPUT", "ERRORS", "OVER", "READER", "SESSION")
    for name in (*names, "WRITER", "INPUT", "SIZE", "MOST_FRAME"):
        assert getattr(attaching, name) == getattr(switchboard_lines, name), name


@pytest.mark.parametrize("path", ["/api/v1", "/slave(1)/api/v1", "/api/v1/operator"])
def test_a_nested_container_is_launched_waited_for_and_gone(path: str) -> None:
    async def story() -> None:
        async with agent() as site:
            launch = {"container_id": inside("one"), "command": shell("exit 3")}
            response = await site.call("LAUNCH_NESTED_CONTAINER", path=path, launch_nested_container=launch)
            assert (response.status_code, response.content) == (200, b"")
            ended = await site.told("WAIT_NESTED_CONTAINER", wait_nested_container={"container_id": inside("one")})
            assert ended == {"exit_status": 3 << 8}
            again = await site.told("WAIT_NESTED_CONTAINER", wait_nested_container={"container_id": inside("one")})
            assert again == ended
            killed = await site.call("KILL_NESTED_CONTAINER", kill_nested_container={"container_id": inside("one")})
            assert killed.status_code == 404

    play(story())


def test_a_nested_container_is_killed() -> None:
    async def story() -> None:
        async with agent() as site:
            assert (await nest(site, "one", "exec sleep 100")).status_code == 200
            part = {"container_id": inside("one")}
            waiting = [
                asyncio.create_task(site.told("WAIT_NESTED_CONTAINER", wait_nested_container=part)) for _ in range(3)
            ]
            while not any(isinstance(word, words.AwaitEnd) for word in site.control.asked):
                await asyncio.sleep(0.01)
            killed = await site.call("KILL_NESTED_CONTAINER", kill_nested_container=part)
            assert killed.status_code == 200
            assert await asyncio.gather(*waiting) == [{"exit_status": 9}] * 3

    play(story())


def test_what_cannot_be_launched_says_why() -> None:
    async def story() -> None:
        async with agent() as site:
            assert (await nest(site, "one", "true")).status_code == 200
            assert (await nest(site, "one", "true")).status_code == 500
            for name in ("", "a.b", "a b", "a/b", "a\\b", "\u0000"):
                assert (await nest(site, name, "true")).status_code == 400, name
            unknown = await site.call(
                "LAUNCH_NESTED_CONTAINER",
                launch_nested_container={"container_id": inside("x", "nobody"), "command": shell("true")},
            )
            assert unknown.status_code == 404
            orphan = await site.call(
                "LAUNCH_NESTED_CONTAINER",
                launch_nested_container={"container_id": {"value": "x"}, "command": shell("true")},
            )
            assert (orphan.status_code, "parent" in orphan.text) == (400, True)
            site.control.problem = "no such program"
            failed = await nest(site, "two", "true")
            assert (failed.status_code, failed.text) == (500, "Failed to launch container: no such program")

    play(story())


def test_a_session_streams_what_its_container_says() -> None:
    async def story() -> None:
        async with agent() as site:
            part = {"container_id": inside("s"), "command": shell("echo out; echo err >&2; exit 4")}
            async with site.streaming(
                "LAUNCH_NESTED_CONTAINER_SESSION", launch_nested_container_session=part
            ) as output:
                assert output.response.status_code == 200
                assert output.response.headers["content-type"] == "application/json"
                assert await output.rest() == (b"out\n", b"err\n")
            ended = await site.told("WAIT_NESTED_CONTAINER", wait_nested_container={"container_id": inside("s")})
            assert ended == {"exit_status": 4 << 8}

    play(story())


@pytest.mark.parametrize("inner", ["application/json", "application/x-protobuf"])
def test_a_session_in_records_of_either_encoding_with_a_terminal(inner: str) -> None:
    async def story() -> None:
        async with agent() as site:
            part = {"container_id": inside("s"), "command": shell("stty size"), "container": TTY}
            headers = {"accept": "application/recordio", "message-accept": inner}
            async with site.streaming(
                "LAUNCH_NESTED_CONTAINER_SESSION", headers, launch_nested_container_session=part
            ) as output:
                assert output.response.headers["content-type"] == "application/recordio"
                assert output.response.headers["message-content-type"] == inner
                assert await output.rest() == (b"10 40\r\n", b"")

    play(story())


def test_a_session_s_container_dies_with_its_connection() -> None:
    async def story() -> None:
        async with agent() as site:
            part = {"container_id": inside("s"), "command": shell("echo here; exec sleep 100")}
            async with site.streaming(
                "LAUNCH_NESTED_CONTAINER_SESSION", launch_nested_container_session=part
            ) as output:
                await output.until(b"here\n")
            ended = await site.told("WAIT_NESTED_CONTAINER", wait_nested_container={"container_id": inside("s")})
            assert ended == {"exit_status": 9}

    play(story())


def test_a_session_is_typed_into() -> None:
    async def story() -> None:
        async with agent() as site:
            part = {"container_id": inside("s"), "command": shell("cat; echo done")}
            async with site.streaming(
                "LAUNCH_NESTED_CONTAINER_SESSION", launch_nested_container_session=part
            ) as output:
                end = asyncio.Event()
                giving = asyncio.create_task(site.give(inside("s"), stdin(encoded(b"hello\n")), end=end))
                await output.until(b"hello\n")
                busy = await site.give(inside("s"), stdin(encoded(b"not me")))
                assert busy.status_code == 409
                end.set()
                assert (await giving).status_code == 200
                heartbeat = {
                    "type": "CONTROL",
                    "control": {"type": "HEARTBEAT", "heartbeat": {"interval": {"nanoseconds": 1}}},
                }
                given = await site.give(inside("s"), heartbeat, stdin(encoded(b"world\n")), stdin(""))
                assert (given.status_code, given.content) == (200, b"")
                assert await output.rest() == (b"hello\nworld\ndone\n", b"")

    play(story())


def test_input_ends_with_its_container_though_the_client_goes_on() -> None:
    async def story() -> None:
        async with agent() as site:
            await site.control.start("root", "pipes", "/bin/sh", "-c", "read word; exit 0")
            parts = (
                {"type": "CONTAINER_ID", "container_id": {"value": "root"}},
                {"type": "PROCESS_IO", "process_io": stdin(encoded(b"go\n"))},
            )
            records = b"".join(frame(json.dumps(attach(part)).encode()) for part in parts)
            url = site.client.base_url
            reader, writer = await asyncio.open_connection(url.host, url.port)
            headers = "".join(f"{name}: {value}\r\n" for name, value in STREAMED.items())
            writer.write(f"POST /api/v1 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n{headers}\r\n".encode())
            writer.write(b"%x\r\n%b\r\n" % (len(records), records))  # and no end of it
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
            writer.close()

    play(story())


def test_a_terminal_changes_size_and_any_number_may_look_on() -> None:
    async def story() -> None:
        async with agent() as site:
            script = "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.02; done"
            await site.control.start("root", "tty", "/bin/sh", "-c", script)
            part = {"container_id": {"value": "root"}}
            async with (
                site.streaming("ATTACH_CONTAINER_OUTPUT", attach_container_output=part) as one,
                site.streaming("ATTACH_CONTAINER_OUTPUT", attach_container_output=part) as other,
            ):
                while b"ready" not in (site.control.sandbox("root") / "stdout").read_bytes():
                    await asyncio.sleep(0.01)
                size = {
                    "type": "CONTROL",
                    "control": {"type": "TTY_INFO", "tty_info": {"window_size": {"rows": 33, "columns": 99}}},
                }
                assert (await site.give({"value": "root"}, size)).status_code == 200
                assert b"33 99\r\n" in (await one.rest())[0]
                assert b"33 99\r\n" in (await other.rest())[0]

    play(story())


def test_a_silent_container_s_stream_has_a_heartbeat() -> None:
    async def story() -> None:
        async with agent(heartbeat=0.05) as site:
            await site.control.start("root", "pipes", "/bin/sleep", "100")
            part = {"container_id": {"value": "root"}}
            async with site.streaming("ATTACH_CONTAINER_OUTPUT", attach_container_output=part) as output:
                while len(output.records) < 3:
                    assert await output.more()
                assert {record.type for record in output.records} == {IO.CONTROL}
                beat = output.records[0].control
                assert (beat.type, beat.heartbeat.interval.nanoseconds) == (IO.Control.HEARTBEAT, 50_000_000)

    play(story())


def test_a_large_output_comes_whole_through_a_session() -> None:
    async def story() -> None:
        async with agent() as site:
            part = {"container_id": inside("s"), "command": shell("head -c 3000000 /dev/zero")}
            headers = {"accept": "application/x-protobuf"}
            async with site.streaming(
                "LAUNCH_NESTED_CONTAINER_SESSION", headers, launch_nested_container_session=part
            ) as output:
                assert len((await output.rest())[0]) == 3_000_000

    play(story())


def test_a_stream_that_lost_its_container_is_cut_off() -> None:
    async def story() -> None:
        async with agent() as site:
            await site.control.start("root", "pipes", "/bin/sh", "-c", "read word")
            part = {"container_id": {"value": "root"}}
            async with site.streaming("ATTACH_CONTAINER_OUTPUT", attach_container_output=part) as output:
                os.killpg(site.control.processes["root"].pid, 9)
                with pytest.raises(httpx.RemoteProtocolError):
                    await output.rest()

    play(story())


def test_streams_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)

    async def story() -> None:
        async with agent() as site:
            await site.control.start("root", "pipes", "/bin/cat")
            part = {"container_id": {"value": "root"}}
            for _ in range(2):
                async with site.streaming("ATTACH_CONTAINER_OUTPUT", attach_container_output=part) as output:
                    assert output.response.status_code == 200
                    refused = await site.call("ATTACH_CONTAINER_OUTPUT", attach_container_output=part)
                    assert refused.status_code == 503
                while (await site.call("GET_HEALTH")).status_code != 200 or site.api._streams._open:
                    await asyncio.sleep(0.01)

    play(story())


def test_what_cannot_be_attached_to_says_so() -> None:
    async def story() -> None:
        async with agent() as site:
            plain = {"container_id": {"value": "root"}}
            response = await site.call("ATTACH_CONTAINER_OUTPUT", attach_container_output=plain)
            assert (response.status_code, "no IO switchboard" in response.text) == (500, True)
            unknown = {"container_id": {"value": "nobody"}}
            response = await site.call("ATTACH_CONTAINER_OUTPUT", attach_container_output=unknown)
            assert response.status_code == 404
            assert (await site.give({"value": "nobody"})).status_code == 404

    play(story())


def test_streams_are_asked_for_as_the_api_has_it() -> None:
    async def story() -> None:
        async with agent() as site:
            first = frame(json.dumps(attach({"type": "PROCESS_IO", "process_io": stdin("")})).encode())
            for body, headers, status in (
                (first, STREAMED, 400),
                (b"", STREAMED, 400),
                (b"nonsense", STREAMED, 400),
                (first, {"content-type": "application/recordio"}, 400),
                (first, {**STREAMED, "message-content-type": "text/plain"}, 415),
                (first, {"content-type": "text/plain"}, 415),
                (b'{"type":"GET_HEALTH"}', {"content-type": "application/json", "message-content-type": "x"}, 415),
                (frame(b'{"type":"GET_HEALTH"}'), STREAMED, 415),
                (frame(b"{}"), STREAMED, 400),
            ):
                response = await site.client.post("/api/v1", content=body, headers=headers)
                assert response.status_code == status, (body, headers, response.text)
            one = attach({"type": "CONTAINER_ID", "container_id": {"value": "root"}})
            assert (await site.client.post("/api/v1", json=one)).status_code == 415
            for accept, message_accept, status in (
                ("application/recordio", None, 406),
                ("text/plain", None, 406),
                ("application/json", "application/json", 406),
            ):
                headers = {"accept": accept} | ({"message-accept": message_accept} if message_accept else {})
                response = await site.client.post("/api/v1", json={"type": "GET_HEALTH"}, headers=headers)
                assert response.status_code == status, headers

    play(story())


@pytest.mark.parametrize(
    "io",
    [
        {"type": "UNKNOWN"},
        {"type": "DATA"},
        {"type": "DATA", "data": {"type": "STDOUT", "data": ""}},
        {"type": "CONTROL"},
        {"type": "CONTROL", "control": {"type": "TTY_INFO"}},
    ],
)
def test_input_that_is_none_costs_its_own_request(io: dict[str, Any]) -> None:
    async def story() -> None:
        async with agent() as site:
            await site.control.start("root", "pipes", "/bin/cat")
            assert (await site.give({"value": "root"}, io)).status_code == 400
            assert (await site.give({"value": "root"}, stdin(encoded(b"x")), stdin(""))).status_code == 200
            assert await site.control.processes["root"].wait() == 0
            assert (site.control.sandbox("root") / "stdout").read_bytes() == b"x"

    play(story())


def test_later_calls_by_name() -> None:
    async def story() -> None:
        async with agent() as site:
            launch = {"container_id": inside("one"), "command": shell("exec sleep 100")}
            assert (await site.call("LAUNCH_CONTAINER", launch_container=launch)).status_code == 200
            part = {"container_id": inside("one")}
            assert (await site.call("REMOVE_NESTED_CONTAINER", remove_nested_container=part)).status_code == 500
            soft = await site.call("KILL_CONTAINER", kill_container={**part, "signal": 15})
            assert soft.status_code == 501
            assert (await site.call("KILL_CONTAINER", kill_container={**part, "signal": 9})).status_code == 200
            assert await site.told("WAIT_CONTAINER", wait_container=part) == {"exit_status": 9}
            assert (await site.call("REMOVE_CONTAINER", remove_container=part)).status_code == 200
            assert (await site.told("GET_AGENT"))["agent_info"]["hostname"] == "host.test"
            for kind in ("PRUNE_IMAGES", "GET_OPERATIONS", "UNKNOWN"):
                assert (await site.call(kind)).status_code == 501, kind
            alone = {"container_id": {"value": "alone"}, "command": shell("true")}
            assert (await site.call("LAUNCH_CONTAINER", launch_container=alone)).status_code == 501
            assert (await site.call("WAIT_CONTAINER", wait_container={})).status_code == 400

    play(story())
