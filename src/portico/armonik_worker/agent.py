"""The worker's channel to its agent; opened by the first call, for most tasks need none."""

from __future__ import annotations

from typing import Any

import grpc.aio

from portico.wire.armonik import agent_pb2, agent_pb2_grpc  # noqa: TID251 — it speaks the worker's wire

CHANNEL_OPTIONS = (
    ("grpc.default_authority", "localhost"),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)


class AgentCalls:
    """What a worker asks its agent."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._channel: grpc.aio.Channel | None = None
        self._stub: Any = None

    def _agent(self) -> agent_pb2_grpc.AgentStub:
        if self._stub is None:
            self._channel = grpc.aio.insecure_channel(self._target, options=CHANNEL_OPTIONS)
            self._stub = agent_pb2_grpc.AgentStub(self._channel)
        stub: agent_pb2_grpc.AgentStub = self._stub
        return stub

    async def create_results_metadata(
        self, request: agent_pb2.CreateResultsMetaDataRequest
    ) -> agent_pb2.CreateResultsMetaDataResponse:
        """Promise results."""
        return await self._agent().CreateResultsMetaData(request)

    async def create_results(self, request: agent_pb2.CreateResultsRequest) -> agent_pb2.CreateResultsResponse:
        """Create results with their data."""
        return await self._agent().CreateResults(request)

    async def notify_result_data(self, request: agent_pb2.NotifyResultDataRequest) -> None:
        """Say that results' data lie in the task's folder."""
        await self._agent().NotifyResultData(request)

    async def submit_tasks(self, request: agent_pb2.SubmitTasksRequest) -> agent_pb2.SubmitTasksResponse:
        """Submit tasks."""
        return await self._agent().SubmitTasks(request)

    async def get_resource_data(self, request: agent_pb2.DataRequest) -> agent_pb2.DataResponse:
        """Have a result's data brought into the task's folder."""
        return await self._agent().GetResourceData(request)

    async def close(self) -> None:
        """Close the channel."""
        if self._channel is not None:
            await self._channel.close()
