"""The bare peer of ArmoniK tasks: a loop that keeps workers of the genuine package busy, with nothing around it.

Each worker gets over the same unix socket the same Process and finds its payload as the same file in the same kind of
folder; an agent's channel that takes the file of its result, and nothing else, answers it. Nothing is recorded,
scheduled or synced. `python armonik_bare.py PYTHON COUNT WORKERS`; prints one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import grpc.aio
import uvloop

from portico.wire.armonik import agent_pb2, objects_pb2, worker_pb2, worker_pb2_grpc  # noqa: TID251 — the peer's wire

WARM = 200
PATIENCE = 30.0
DATA = bytes(1024)
SERVICE = "armonik.api.grpc.v1.agent.Agent"
WORKER = Path(__file__).with_name("armonik_genuine.py")


class Pair:
    """One worker, and the agent's end of its channel."""

    def __init__(self, folder: Path) -> None:
        self.taken = 0
        self._folder = folder
        self._room = folder / "room"
        self._room.mkdir(parents=True)
        self._agent = grpc.aio.server()
        notify = grpc.unary_unary_rpc_method_handler(
            self._take,
            agent_pb2.NotifyResultDataRequest.FromString,
            agent_pb2.NotifyResultDataResponse.SerializeToString,
        )
        handlers = grpc.method_handlers_generic_handler(SERVICE, {"NotifyResultData": notify})
        self._agent.add_generic_rpc_handlers((handlers,))
        self._agent.add_insecure_port(f"unix:{folder}/agent.sock")
        self._channel = grpc.aio.insecure_channel(
            f"unix:{folder}/worker.sock",
            options=(("grpc.default_authority", "localhost"), ("grpc.use_local_subchannel_pool", 1)),
        )
        self._stub = worker_pb2_grpc.WorkerStub(self._channel)

    async def start(self, python: str) -> None:
        await self._agent.start()
        addresses = {
            f"ComputePlane__{side}Channel__Address": f"{self._folder}/{side.lower()}.sock"
            for side in ("Worker", "Agent")
        }
        self._process = subprocess.Popen(  # noqa: ASYNC220 — before anything is measured
            [python, str(WORKER)], env={**os.environ, **addresses}, stdout=subprocess.DEVNULL
        )
        await self._stub.HealthCheck(objects_pb2.Empty(), wait_for_ready=True, timeout=PATIENCE)

    async def work(self, tasks: Iterator[int]) -> None:
        for _ in tasks:
            token, payload, output = (str(uuid.uuid4()) for _ in range(3))
            place = f"{self._room}/{payload}"
            write(place, DATA)
            reply = await self._stub.Process(
                worker_pb2.ProcessRequest(
                    communication_token=token,
                    session_id="session",
                    task_id=token,
                    task_options=objects_pb2.TaskOptions(max_retries=1, priority=1, partition_id="genuine"),
                    expected_output_keys=[output],
                    payload_id=payload,
                    data_folder=str(self._room),
                    configuration=objects_pb2.Configuration(data_chunk_max_size=81_920),
                ),
                timeout=60,
            )
            assert reply.output.WhichOneof("type") == "ok", reply
            os.unlink(place)  # noqa: PTH108 — a bare loop does not build path objects

    async def _take(
        self,
        request: agent_pb2.NotifyResultDataRequest,
        _: grpc.aio.ServicerContext[agent_pb2.NotifyResultDataRequest, agent_pb2.NotifyResultDataResponse],
    ) -> agent_pb2.NotifyResultDataResponse:
        for given in request.ids:
            place = f"{self._room}/{given.result_id}"
            self.taken += len(read(place))
            os.unlink(place)  # noqa: PTH108 — as above
        return agent_pb2.NotifyResultDataResponse(result_ids=[given.result_id for given in request.ids])

    async def stop(self) -> None:
        await self._channel.close()
        self._process.terminate()
        await self._agent.stop(None)
        self._process.wait()


def write(place: str, data: bytes) -> None:
    file = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    os.write(file, data)
    os.close(file)


def read(place: str) -> bytes:
    file = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    data = os.read(file, 2 * len(DATA))
    os.close(file)
    return data


async def measure(python: str, count: int, workers: int) -> float:
    with tempfile.TemporaryDirectory(prefix="bare-") as folder:
        pairs = [Pair(Path(folder, str(number))) for number in range(workers)]
        try:
            await asyncio.gather(*(pair.start(python) for pair in pairs))
            await work(pairs, WARM)
            begun = time.perf_counter()
            await work(pairs, count)
            seconds = time.perf_counter() - begun
        finally:
            for pair in pairs:
                await pair.stop()
        assert sum(pair.taken for pair in pairs) == (WARM + count) * len(DATA)
        return seconds


async def work(pairs: list[Pair], count: int) -> None:
    tasks = iter(range(count))
    await asyncio.gather(*(pair.work(tasks) for pair in pairs))


if __name__ == "__main__":
    seconds = uvloop.run(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    print(json.dumps({"per_second": int(sys.argv[2]) / seconds}))
