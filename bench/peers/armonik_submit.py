"""Submits ArmoniK tasks by the thousand from one process, and tells when each thousand was answered.

A thousand is three calls: payloads with their data, outputs, and the tasks that name both. The first two requests are
the same bytes each time; the third is written from the ids that they are answered with. Reads one JSON line with
address, session, count, batch, in_flight and bytes; prints one with the seconds from the first call to each answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import grpc.aio
import uvloop

from portico.wire.armonik import results_pb2, tasks_pb2  # noqa: TID251 — a client knows the wire, not the server

PREFIX = "/armonik.api.grpc.v1."
UNLIMITED = (("grpc.max_receive_message_length", -1),)
Creation = tasks_pb2.SubmitTasksRequest.TaskCreation


class Submitter:
    def __init__(self, channel: grpc.aio.Channel, session: str, batch: int, size: int) -> None:
        self._session = session
        self._payloads, self._outputs = requests(session, batch, size)
        self._create: Any = channel.unary_unary(
            f"{PREFIX}results.Results/CreateResults", response_deserializer=results_pb2.CreateResultsResponse.FromString
        )
        self._promise: Any = channel.unary_unary(
            f"{PREFIX}results.Results/CreateResultsMetaData",
            response_deserializer=results_pb2.CreateResultsMetaDataResponse.FromString,
        )
        self._submit: Any = channel.unary_unary(f"{PREFIX}tasks.Tasks/SubmitTasks")
        self.answered: list[float] = []

    async def submit(self, batches: Any, begun: float) -> None:
        """Take batches until none is left, one at a time."""
        for _ in batches:
            payloads, outputs = await asyncio.gather(self._create(self._payloads), self._promise(self._outputs))
            created = [
                Creation(payload_id=payload.result_id, expected_output_keys=[output.result_id])
                for payload, output in zip(payloads.results, outputs.results, strict=True)
            ]
            request = tasks_pb2.SubmitTasksRequest(session_id=self._session, task_creations=created)
            await self._submit(request.SerializeToString())
            self.answered.append(time.perf_counter() - begun)


def requests(session: str, batch: int, size: int) -> tuple[bytes, bytes]:
    """Give the bytes of the calls that create a batch's payloads and outputs."""
    payload = results_pb2.CreateResultsRequest.ResultCreate(name="payload", data=bytes(size))
    output = results_pb2.CreateResultsMetaDataRequest.ResultCreate(name="output")
    return (
        results_pb2.CreateResultsRequest(session_id=session, results=[payload] * batch).SerializeToString(),
        results_pb2.CreateResultsMetaDataRequest(session_id=session, results=[output] * batch).SerializeToString(),
    )


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    async with grpc.aio.insecure_channel(order["address"], options=UNLIMITED) as channel:
        submitter = Submitter(channel, order["session"], order["batch"], order["bytes"])
        batches = iter(range(order["count"] // order["batch"]))
        begun = time.perf_counter()
        await asyncio.gather(*(submitter.submit(batches, begun) for _ in range(order["in_flight"])))
    print(json.dumps({"answered": submitter.answered}))


if __name__ == "__main__":
    uvloop.run(main())
