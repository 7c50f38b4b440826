"""What is refused of executors' calls: always by the status of the call, never by an event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from doors.mesos.serving.asgi import Exchange, exchange

from portico.domain.errors import NotFound
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.outpost.executor_api import ExecutorApi
from portico.doors.mesos.outpost.executors import Executors
from portico.doors.mesos.outpost.ledger import Ledger
from portico.doors.mesos.outpost.words import ExecutorFacts, FindExecutor, Word
from portico.doors.mesos.serving.routing import Routing
from portico.wire.mesos import executor_pb2

UPDATE = {
    "status": {
        "task_id": {"value": "t"},
        "state": "TASK_RUNNING",
        "source": "SOURCE_EXECUTOR",
        "uuid": "MDEyMzQ1Njc4OWFiY2RlZg==",
    }
}
PARTS: dict[str, dict[str, Any]] = {"SUBSCRIBE": {}, "UPDATE": UPDATE, "MESSAGE": {"data": "aGk="}}
IDS = {"framework_id": {"value": "F"}, "executor_id": {"value": "E"}}


def test_there_is_a_case_for_every_call() -> None:
    assert {*PARTS, "UNKNOWN"} == set(executor_pb2.Call.Type.keys())


class Api:
    """The executor API of an agent that cannot be reached; control knows one executor, or none."""

    def __init__(self, directory: Path, group: asyncio.TaskGroup) -> None:
        self.registered: bool | None = None
        self.recovered = True
        self.asked: list[Word] = []
        executors = Executors("/nowhere", Ledger(directory), group)
        executors.control = self  # type: ignore[assignment]
        self.app = Routing(ExecutorApi(executors, lambda: self.recovered).endpoints(), error_reply)

    async def ask(self, word: Word) -> Word:
        self.asked.append(word)
        if self.registered is None:
            raise NotFound("Executor cannot be found")
        return ExecutorFacts("host", 1, "A", b"", b"", b"", registered=self.registered)

    async def post(self, call: dict[str, Any], method: str = "POST", **headers: str) -> Exchange:
        head = {"content-type": "application/json"} | {name.replace("_", "-"): one for name, one in headers.items()}
        return await exchange(
            self.app, method=method, path="/api/v1/executor", headers=head, pieces=(json.dumps(call).encode(),)
        )


def call_of(kind: str) -> dict[str, Any]:
    return {"type": kind, **IDS, kind.lower(): PARTS[kind]}


def story(directory: Path, play: Callable[[Api], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.TaskGroup() as group:
            await play(Api(directory, group))

    asyncio.run(whole())


@pytest.mark.parametrize("kind", PARTS)
def test_what_every_call_must_bring(kind: str, tmp_path: Path) -> None:
    async def play(api: Api) -> None:
        call = call_of(kind)
        made = await api.post(call, "GET")
        assert (made.status, made.headers["allow"]) == (405, "POST")
        assert (await api.post(call, content_type="text/plain")).status == 415
        assert (await api.post(call, accept="text/html")).status == 406
        for name in IDS:
            made = await api.post({key: part for key, part in call.items() if key != name})
            assert made.status == 400
            assert name in made.body.decode()
        made = await api.post({"type": kind, **IDS})
        text = f"Failed to validate Executor::Call: Expecting '{kind.lower()}' to be present"
        assert (made.status, made.body.decode()) == (400, text)
        assert api.asked == []

    story(tmp_path, play)


@pytest.mark.parametrize("kind", PARTS)
def test_an_executor_that_is_not_of_this_agent(kind: str, tmp_path: Path) -> None:
    async def play(api: Api) -> None:
        made = await api.post(call_of(kind))
        assert (made.status, made.body) == (400, b"Executor cannot be found")
        assert api.asked == [FindExecutor("F", "E", kind == "SUBSCRIBE")]

    story(tmp_path, play)


@pytest.mark.parametrize("kind", PARTS)
def test_an_agent_that_recovers_answers_no_call(kind: str, tmp_path: Path) -> None:
    async def play(api: Api) -> None:
        api.recovered = False
        made = await api.post(call_of(kind))
        assert (made.status, made.body) == (503, b"This server has not finished recovery")
        assert api.asked == []

    story(tmp_path, play)


@pytest.mark.parametrize("kind", ["UPDATE", "MESSAGE"])
@pytest.mark.parametrize(("registered", "status"), [(False, 403), (True, 503)])
def test_who_has_not_subscribed_is_told_whether_it_ever_had(
    kind: str, status: int, tmp_path: Path, *, registered: bool
) -> None:
    async def play(api: Api) -> None:
        api.registered = registered
        assert (await api.post(call_of(kind))).status == status

    story(tmp_path, play)
