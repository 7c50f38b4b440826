"""What is refused of calls to an agent: by the rules for every call, and by those for some."""

from __future__ import annotations

import json
from typing import Any

import pytest
from doors.mesos.outpost_operator.agent import STREAMED, Agent, agent, play
from doors.mesos.outpost_operator.test_attaching import inside, shell
from doors.mesos.serving.asgi import Exchange, exchange

from portico.domain.errors import Invalid, PorticoError, Unavailable
from portico.doors.mesos.encoding.recordio import frame
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator.api import REALMS
from portico.doors.mesos.serving.authentication import Access, authentication
from portico.doors.mesos.serving.routing import Routing
from portico.wire.mesos import agent_pb2

LAUNCH = {"container_id": inside("x"), "command": shell("true")}
ROOT = {"container_id": {"value": "root"}}
INPUT = {"type": "CONTAINER_ID", **ROOT}

# kind → the part that it must bring; None where there is none
PARTS: dict[str, dict[str, Any] | None] = {
    "GET_HEALTH": None,
    "GET_FLAGS": None,
    "GET_VERSION": None,
    "GET_METRICS": {},
    "GET_LOGGING_LEVEL": None,
    "SET_LOGGING_LEVEL": {"level": 1, "duration": {"nanoseconds": 1}},
    "LIST_FILES": {"path": "/slave/log"},
    "READ_FILE": {"path": "/slave/log", "offset": 0},
    "GET_STATE": None,
    "GET_CONTAINERS": None,
    "GET_FRAMEWORKS": None,
    "GET_EXECUTORS": None,
    "GET_TASKS": None,
    "LAUNCH_NESTED_CONTAINER": LAUNCH,
    "WAIT_NESTED_CONTAINER": {"container_id": inside("x")},
    "KILL_NESTED_CONTAINER": {"container_id": inside("x")},
    "LAUNCH_NESTED_CONTAINER_SESSION": LAUNCH,
    "ATTACH_CONTAINER_INPUT": INPUT,
    "ATTACH_CONTAINER_OUTPUT": ROOT,
}
STREAMS = {"LAUNCH_NESTED_CONTAINER_SESSION", "ATTACH_CONTAINER_OUTPUT"}
PLAIN = {"content-type": "application/json"}
SHOWN = {"authorization": "Bearer t0ken"}
NAMING = sorted(kind for kind, part in PARTS.items() if "CONTAINER" in kind and part is not None)


def test_there_is_a_case_for_every_call() -> None:
    assert {*PARTS, "UNKNOWN"} == set(agent_pb2.Call.Type.keys())


class Closed:
    """The API of an agent to which only the token opens."""

    def __init__(self, site: Agent) -> None:
        self.app = Routing(site.api.endpoints(), error_reply, authentication(Access("t0ken"), REALMS))

    async def ask(self, call: dict[str, Any], method: str = "POST", **headers: str | None) -> Exchange:
        """Make a call, in records if it is one that comes so; headers have `_` for `-`."""
        body = json.dumps(call).encode()
        usual = PLAIN
        if call["type"] == "ATTACH_CONTAINER_INPUT":
            body, usual = frame(body), STREAMED
        head = usual | {name.replace("_", "-"): value for name, value in headers.items()}
        head = {name: value for name, value in head.items() if value is not None}
        return await exchange(self.app, method=method, path="/api/v1", headers=head, pieces=(body,))


def call_of(kind: str) -> dict[str, Any]:
    part = PARTS[kind]
    return {"type": kind} | ({} if part is None else {kind.lower(): part})


@pytest.mark.parametrize("kind", PARTS)
def test_what_every_call_must_bring(kind: str) -> None:
    async def story() -> None:
        async with agent() as site:
            closed, call = Closed(site), call_of(kind)
            made = await closed.ask(call)
            assert (made.status, made.headers["www-authenticate"]) == (401, "Bearer")
            assert (await closed.ask(call, authorization="Bearer guessed")).status == 401
            made = await closed.ask(call, "GET", **SHOWN)
            assert (made.status, made.headers["allow"]) == (405, "POST")
            assert (await closed.ask(call, **SHOWN, content_type=None)).status == 400
            assert (await closed.ask(call, **SHOWN, content_type="text/plain")).status == 415
            assert (await closed.ask(call, **SHOWN, accept="text/html")).status == 406
            records = {"accept": "application/recordio", "message_accept": "application/json"}
            if kind not in STREAMS:
                assert (await closed.ask(call, **SHOWN, **records)).status == 406
            if PARTS[kind] is not None:
                made = await closed.ask({"type": kind}, **SHOWN)
                text = f"Failed to validate agent::Call: Expecting '{kind.lower()}' to be present"
                assert (made.status, made.body.decode()) == (400, text)
            assert not [word for word in site.control.asked if not isinstance(word, words.TellState)]
            assert (await site.told("GET_LOGGING_LEVEL")) == {"level": 0}

    play(story())


def test_an_agent_that_recovers_answers_no_call() -> None:
    async def story() -> None:
        async with agent(recovered=False) as site:
            closed = Closed(site)
            for kind in PARTS:
                made = await closed.ask(call_of(kind), **SHOWN)
                assert (made.status, made.body) == (503, b"This server has not finished recovery"), kind
            assert (await site.call("GET_HEALTH")).status_code == 503
            assert site.control.asked == []

    play(story())


def test_a_call_comes_as_it_is_or_in_records() -> None:
    async def story() -> None:
        async with agent() as site:
            for kind in PARTS:
                call = json.dumps(call_of(kind)).encode()
                body, headers = (call, PLAIN) if kind == "ATTACH_CONTAINER_INPUT" else (frame(call), STREAMED)
                response = await site.client.post("/api/v1", content=body, headers=headers)
                assert response.status_code == 415, kind

    play(story())


@pytest.mark.parametrize("kind", ["GET_STATE", "GET_CONTAINERS", "GET_FRAMEWORKS", "GET_EXECUTORS", "GET_TASKS"])
def test_without_control_nobody_knows_what_is_here(kind: str) -> None:
    async def story() -> None:
        async with agent() as site:
            site.control.error = Unavailable("control is away")
            response = await site.call(kind)
            assert (response.status_code, response.text) == (503, "control is away")

    play(story())


@pytest.mark.parametrize("path", ["", "/containers", "/monitor/statistics"])
def test_use_that_cannot_be_measured_is_an_error_of_the_agent(path: str) -> None:
    async def story() -> None:
        async with agent() as site:
            ask = site.control.ask

            async def failing(word: words.Word) -> words.Word:
                if isinstance(word, words.TellUsage):
                    raise Unavailable("the agent does not say")
                return await ask(word)

            site.api._calls._measuring._ask = failing
            response = await (site.client.get(path) if path else site.call("GET_CONTAINERS"))
            assert response.status_code == 500
            assert response.text == "Failed to collect the use of containers: the agent does not say"

    play(story())


# ---- containers ----------------------------------------------------------------------------------------------------


async def naming(site: Agent, kind: str, container: Any) -> int:
    """Make a call about a container; gives the status."""
    if kind == "ATTACH_CONTAINER_INPUT":
        return (await site.give(container)).status_code
    part = {**(PARTS[kind] or {}), "container_id": container}
    return (await site.call(kind, **{kind.lower(): part})).status_code


@pytest.mark.parametrize("kind", NAMING)
def test_containers_that_cannot_be_and_those_that_are_not(kind: str) -> None:
    async def story() -> None:
        async with agent() as site:
            for name in ("", ".", "..", "a.b", "a b", "a/b", "\0"):
                assert await naming(site, kind, inside(name)) == 400, name
                assert await naming(site, kind, {"value": name}) == 400, name
            if not kind.startswith("ATTACH"):
                assert await naming(site, kind, {"value": "root"}) == 400
            assert await naming(site, kind, inside("x", "nobody")) == 404
            if not kind.startswith("LAUNCH"):
                assert await naming(site, kind, inside("nobody")) == 404
            assert "root" in site.control.containers
            assert site.control.processes == {}

    play(story())


LAUNCHES = ["LAUNCH_NESTED_CONTAINER", "LAUNCH_NESTED_CONTAINER_SESSION"]


@pytest.mark.parametrize("kind", LAUNCHES)
@pytest.mark.parametrize(
    ("raised", "status"), [(Invalid("no such type of container", "container"), 400), (Unavailable("away"), 503)]
)
def test_a_container_that_control_refuses(kind: str, raised: PorticoError, status: int) -> None:
    async def story() -> None:
        async with agent() as site:

            async def refuse(_word: words.Nest) -> words.Nested:
                raise raised

            site.control._nest = refuse  # type: ignore[method-assign]
            response = await site.call(kind, **{kind.lower(): LAUNCH})
            assert (response.status_code, response.text) == (status, str(raised))

    play(story())


def test_a_session_that_does_not_start_says_why() -> None:
    async def story() -> None:
        async with agent() as site:
            kind = "LAUNCH_NESTED_CONTAINER_SESSION"
            site.control.problem = "no such program"
            response = await site.call(kind, **{kind.lower(): LAUNCH})
            assert (response.status_code, response.text) == (500, "Failed to launch container: no such program")
            site.control.problem = ""
            assert (await site.call(LAUNCHES[0], launch_nested_container=LAUNCH)).status_code == 200
            response = await site.call(kind, **{kind.lower(): LAUNCH})
            assert (response.status_code, "started before" in response.text) == (500, True)

    play(story())


# ---- the older endpoints -------------------------------------------------------------------------------------------


def paths_of(site: Agent) -> dict[str, list[str]]:
    """Give the methods of each path that can be read."""
    return {one.path: sorted(one.methods) for one in site.api.endpoints() if "GET" in one.methods}


def test_what_every_path_asks_of_who_reads_it() -> None:
    async def story() -> None:
        async with agent() as site:
            app = Closed(site).app
            for path, methods in paths_of(site).items():
                for proof in ({}, {"authorization": "Bearer guessed"}):
                    made = await exchange(app, method="GET", path=path, headers=proof)
                    assert (made.status, made.headers["www-authenticate"]) == (401, "Bearer"), path
                made = await exchange(app, method="PATCH", path=path, headers=SHOWN)
                assert (made.status, made.headers["allow"]) == (405, ", ".join(methods)), path
                status = 400 if path.startswith("/files/") and "debug" not in path else 200
                made = await exchange(app, method="GET", path=path, headers=SHOWN)
                assert made.status == status, path
            await site.call("GET_HEALTH")

    play(story())


def test_places_that_can_be_browsed_are_told_and_go_away_with_control() -> None:
    async def story() -> None:
        async with agent() as site:
            for path in ("/files/debug", "/files/debug.json"):
                assert (await site.client.get(path)).json() == {"/slave/log": "/slave/log"}
            site.control.error = Unavailable("control is away")
            for path in ("/files/debug", "/state", "/slave(1)/state", "/containers", "/monitor/statistics"):
                assert (await site.client.get(path)).status_code == 503, path
            for path in ("/health", "/slave(1)/health", "/version", "/flags", "/metrics/snapshot"):
                assert (await site.client.get(path)).status_code == 200, path

    play(story())
