"""Serving the worker's side of the ArmoniK worker protocol.

One event loop, no thread for each call. An agent of Portico's names in its health checks a socket over which tasks come
for less than gRPC costs (see `quick`); any other agent finds the service as ArmoniK defines it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import grpc.aio

from portico.armonik_worker.agent import CHANNEL_OPTIONS, AgentCalls
from portico.armonik_worker.quick import QuickEnd, QuickReply
from portico.armonik_worker.task import Task, TaskFailed
from portico.wire.armonik.objects_pb2 import Empty, Output  # noqa: TID251 — it speaks the worker's wire
from portico.wire.armonik.worker_pb2 import (  # noqa: TID251 — likewise
    HealthCheckReply,
    ProcessReply,
    ProcessRequest,
)

Process: TypeAlias = Callable[[Task], Awaitable[str | None]]
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_SERVICE = "armonik.api.grpc.v1.worker.Worker"
_GREETING = "portico-quick"
_STOP_SECONDS = 2.0
_SERVING = HealthCheckReply(status=HealthCheckReply.SERVING)
_OK = ProcessReply(output=Output(ok=Empty()))


def serve(process: Process, *, worker: str = "", agent: str = "") -> None:
    """Process tasks until SIGTERM. `worker` and `agent` are gRPC targets (`unix:PATH`, `HOST:PORT`); without them the
    environment says where they are."""
    import uvloop  # noqa: PLC0415 — whoever imports this package to test a function needs no server

    listen = worker or target("Worker", os.environ)
    call = agent or target("Agent", os.environ)
    uvloop.run(Worker(process, AgentCalls(call)).run(listen))


def target(side: str, environment: Mapping[str, str]) -> str:
    """Give a channel's gRPC target as the environment says it."""
    kind = environment.get(f"ComputePlane__{side}Channel__SocketType", "unixdomainsocket")
    default = f"/cache/armonik_{side.lower()}.sock"
    address = environment.get(f"ComputePlane__{side}Channel__Address", default)
    if kind == "unixdomainsocket":
        return f"unix:{address}"
    return address.removeprefix("http://").rstrip("/")


class Worker:
    """One worker process's service."""

    def __init__(self, process: Process, agent: AgentCalls) -> None:
        self._process = process
        self._agent = agent
        self._quick = QuickEnd(self.serve_quick)

    async def run(self, listen: str) -> None:
        """Serve until SIGTERM or SIGINT."""
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        server = grpc.aio.server(options=CHANNEL_OPTIONS)
        server.add_generic_rpc_handlers((self._handlers(),))
        if listen.startswith("unix:"):
            Path(listen.removeprefix("unix:")).unlink(missing_ok=True)  # noqa: ASYNC240 — once, before anything is served
        server.add_insecure_port(listen)
        await server.start()
        await ended.wait()
        self._quick.close()
        await server.stop(_STOP_SECONDS)
        await self._agent.close()

    def _handlers(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            _SERVICE,
            {
                "Process": grpc.unary_unary_rpc_method_handler(
                    self._serve_process, ProcessRequest.FromString, ProcessReply.SerializeToString
                ),
                "HealthCheck": grpc.unary_unary_rpc_method_handler(
                    self._serve_health, Empty.FromString, HealthCheckReply.SerializeToString
                ),
            },
        )

    async def _serve_health(self, _: Empty, context: Context) -> HealthCheckReply:
        for key, value in context.invocation_metadata() or ():
            if key == _GREETING:
                await self._quick.connect(str(value))
        return _SERVING

    async def _serve_process(self, request: ProcessRequest, context: Context) -> ProcessReply:
        task = Task(request, self._agent)
        reply = await self._carry_out(task, notify=True)
        if reply.accident is not None:
            await context.abort(grpc.StatusCode.INTERNAL, reply.accident)
        if reply.error is not None:
            return ProcessReply(output=Output(error=Output.Error(details=reply.error)))
        return _OK

    async def _carry_out(self, task: Task, *, notify: bool) -> QuickReply:
        """Process a task; whatever it raises becomes part of the answer."""
        try:
            error = await self._process(task)
            if notify and error is None and task.sent:
                await task.notify()
        except TaskFailed as failed:
            return QuickReply(task.token, _sayable(str(failed)))
        except Exception as raised:  # noqa: BLE001 — the task's own: told to the agent, which tries it again
            traceback.print_exception(raised)
            accident = "".join(traceback.format_exception_only(raised)).strip()
            return QuickReply(task.token, None, _sayable(accident))
        if not isinstance(error, str | None):
            kind = type(error).__name__
            return QuickReply(task.token, None, f"process returned {kind}, where only a text or nothing is an answer")
        brought = [result_id for result_id in task.sent if result_id not in task.kept]
        return QuickReply(task.token, error and _sayable(error), None, brought, task.kept, task.entered)

    async def serve_quick(self, request: ProcessRequest, data: dict[str, bytes]) -> QuickReply:
        """Process a task that came the quick way."""
        return await self._carry_out(Task(request, self._agent, data), notify=False)


def _sayable(text: str) -> str:
    """Give a text as a message can hold it: the name of a file may have bytes that are no letters."""
    return text.encode(errors="backslashreplace").decode()
