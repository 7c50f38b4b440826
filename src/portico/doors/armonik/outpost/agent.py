"""The agent as a whole: it puts the parts together, listens for its worker, and ends in order.

Promises that on SIGTERM or Retire everything that has not ended is returned uncounted, after the worker was stopped.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import grpc.aio
import msgspec

from portico.domain.calls.frames import (
    AgentHello,
    AgentReady,
    Assign,
    GiveBack,
    NeedNumbers,
    Numbers,
    Part,
    Retire,
    Stored,
    ToCallAgent,
    Withdraw,
)
from portico.domain.calls.naming import Kind, Naming
from portico.domain.errors import Unavailable
from portico.domain.frames import Ack, Refused
from portico.doors.armonik.outpost.bench import Bench
from portico.doors.armonik.outpost.calling import CHANNEL_OPTIONS
from portico.doors.armonik.outpost.concluding import Conclusion
from portico.doors.armonik.outpost.desk import Desk
from portico.doors.armonik.outpost.held import Stop
from portico.doors.armonik.outpost.keeping import WorkerGone, WorkerKeeper
from portico.doors.armonik.outpost.line import ControlLine
from portico.doors.armonik.outpost.numbers import NumberBlocks
from portico.doors.armonik.outpost.preparing import Preparation
from portico.doors.armonik.outpost.private import private_folder
from portico.doors.armonik.outpost.quick import QuickDoor
from portico.doors.armonik.outpost.rooms import Rooms
from portico.doors.armonik.outpost.service import AgentService
from portico.doors.armonik.outpost.settings import PREFIX, Channel, Settings, SocketType
from portico.doors.armonik.outpost.shift import Shift
from portico.doors.armonik.outpost.transfers import Transfers
from portico.doors.armonik.outpost.trial import refusal
from portico.wire.armonik.agent_pb2_grpc import add_AgentServicer_to_server

ENDED, NO_WORKER, REFUSED = 0, 1, 3
"""Exit codes."""

_SETTLE_SECONDS = 5.0
_IDLE_SECONDS = 0.1
_REFUSAL_SECONDS = 30.0
"""A control that is starting may refuse those it had taken before."""

log = logging.getLogger("portico.armonik")


class CallAgent:
    """One incarnation of an agent; `run` is its whole life."""

    def __init__(self, settings: Settings, private: Path, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._pod = f"{settings.pod}-{secrets.token_hex(4)}"
        self._worker_channel = _channel(settings.worker_socket_type, settings.worker_address, private / "worker.sock")
        self._agent_channel = _channel(settings.agent_socket_type, settings.agent_address, private / "agent.sock")
        self._shared = Path(settings.shared_folder or private, self._pod).absolute()
        self._shared.mkdir(parents=True, exist_ok=True)
        rooms = Rooms(self._shared, settings.folder_limit, self._seen())
        self._told_to_end = asyncio.Event()
        self._code = ENDED
        self._talking: asyncio.Task[None] | None = None
        self._refused_since: float | None = None
        self._refused_for = ""
        self._line = ControlLine(settings.link, self)
        self._transfers = Transfers(self._line.send, self._line.ready)
        self._blocks = {kind: NumberBlocks(kind, self._need_numbers) for kind in (Kind.RESULT, Kind.CALL)}
        preparation = Preparation(rooms, settings.folder_limit, self._transfers)
        self._bench = Bench(self._blocks, self._transfers, preparation)
        self._desk = Desk(self._line.send, rooms)
        self._quick = QuickDoor(private / "quick.sock")
        self._keeper = WorkerKeeper(
            settings,
            self._worker_channel,
            worker_environment(settings, self._worker_channel, self._agent_channel, environment),
            self._quick,
        )
        self._shift = Shift(
            settings,
            self._keeper,
            self._desk,
            self._bench,
            preparation,
            Conclusion(self._transfers),
            self._line.ready,
        )

    async def run(self) -> int:
        """Live until told to end; gives the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_end.set)
        await self._quick.open()
        server = await self._listen()
        told = loop.create_task(self._told_to_end.wait())
        work = loop.create_task(self._work())
        try:
            await asyncio.wait([told, work], return_when=asyncio.FIRST_COMPLETED)
            await self._part(work)
        finally:
            told.cancel()
            work.cancel()
            if self._talking is not None:
                self._talking.cancel()
            await self._keeper.kill()
            await server.stop(0)
            await self._quick.close()
            await asyncio.to_thread(shutil.rmtree, self._shared, ignore_errors=True)
        return self._code

    def _seen(self) -> Path | None:
        """Give the task folders' place as the worker sees it; None when it sees them as the agent does."""
        return Path(self._settings.worker_folder, self._pod) if self._settings.worker_folder else None

    async def _listen(self) -> grpc.aio.Server:
        server = grpc.aio.server(options=CHANNEL_OPTIONS)
        add_AgentServicer_to_server(AgentService(self._bench), server)
        if self._agent_channel.type is SocketType.UNIX:
            Path(self._agent_channel.address).unlink(missing_ok=True)  # noqa: ASYNC240 — once, before anything runs
        try:
            server.add_insecure_port(self._agent_channel.target)
        except RuntimeError as error:
            raise Unavailable(f"cannot listen at {self._agent_channel.address}: {error}") from error
        await server.start()
        return server

    async def _work(self) -> None:
        try:
            if await self._is_refused():
                return
            await self._keeper.ready()
            self._talking = asyncio.get_running_loop().create_task(self._line.run())
            await self._shift.run()
        except WorkerGone as gone:
            log.error("%s", gone)  # noqa: TRY400 — the sentence is all there is to know
            self._code = NO_WORKER
        except Exception:
            log.exception("the agent failed")
            self._code = NO_WORKER

    async def _is_refused(self) -> bool:
        """Tell whether an agent that was started by hand would not be taken; then it ends before it has a worker."""
        if self._settings.run:
            return False
        reason = await refusal(self._settings.link, msgspec.structs.replace(self.hello(), trial=True))
        if reason:
            self.refused(reason)
        return bool(reason)

    async def _part(self, work: asyncio.Task[None]) -> None:
        """Return what has not ended, stop the worker, and see that control knows."""
        self._shift.leave()
        busy = self._desk.running is not None
        await asyncio.wait([work], timeout=self._settings.finish_grace if busy else _IDLE_SECONDS)
        if not work.done() and self._desk.running is not None:
            self._shift.stop(Stop.YIELDED)
            await asyncio.wait([work], timeout=self._settings.cancel_grace)
        if not work.done():
            work.cancel()
            await asyncio.wait([work])
        if not work.cancelled():
            work.result()
        await self._keeper.stop()
        await self._shift.give_up_uploads(self._settings.finish_grace)
        await self._settle()

    async def _settle(self) -> None:
        """Wait until control has everything, for as long as it is there."""
        if self._code == REFUSED:
            return
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                while not self._desk.ledger.settled:
                    self._desk.wake.clear()
                    await self._desk.wake.wait()
        except TimeoutError:
            log.warning("control has not heard of everything")

    # ---- the line --------------------------------------------------------------------------------------------------

    def hello(self) -> AgentHello:
        """Say who this is and what it holds."""
        settings, desk = self._settings, self._desk
        desk.tell()  # nobody is there to hear it: it becomes reports, which have numbers
        return AgentHello(
            partition=settings.partition,
            secret=settings.secret,
            pod=self._pod,
            host=settings.host,
            run=settings.run,
            token=settings.token,
            holding=desk.holding(),
            begun=desk.running.assignment.call if desk.running is not None else 0,
            sequence=desk.ledger.sequence,
        )

    def heard(self, frame: ToCallAgent) -> None:  # noqa: C901 — one line for each frame
        """Do what control says."""
        match frame:
            case Assign():
                self._desk.take(frame)
            case Ack():
                self._desk.ledger.acknowledge(frame.sequence)
                if self._desk.ledger.settled:
                    self._desk.wake.set()
            case Withdraw():
                self._desk.withdraw(frame.leases)
            case GiveBack():
                self._desk.give_back(frame.leases)
            case Numbers():
                self._blocks[frame.kind].add(frame)
            case Part():
                self._transfers.part(frame)
            case Stored():
                self._transfers.stored(frame)
            case Retire():
                self._told_to_end.set()
            case AgentReady():
                self._taken(frame)
            case Refused():
                self.refused(frame.reason)

    def _taken(self, frame: AgentReady) -> None:
        known = self._bench.naming
        if known is not None and known.salt != frame.salt:
            log.error("another data directory answers at this address")
            self._end_refused()
            return
        self._refused_since, self._refused_for = None, ""
        self._bench.naming = Naming(frame.salt)
        self._desk.tell_again(frame.sequence)
        self._transfers.ask_again()
        for block in self._blocks.values():
            block.ask_again()
        self._desk.wake.set()

    def line_lost(self) -> None:
        """Forget what is bound to a connection."""
        self._transfers.line_lost()

    def refused(self, reason: str) -> None:
        """End, for nothing that this agent does would count. Once it was taken, it ends only when control insists, and
        never when it was started by hand: whoever did that may have the partition made again."""
        if reason != self._refused_for:
            self._refused_for = reason
            log.error("control refused this agent: %s", reason)
        time = asyncio.get_running_loop().time()
        if self._refused_since is None:
            self._refused_since = time
        insists = bool(self._settings.run) and time - self._refused_since > _REFUSAL_SECONDS
        if self._bench.naming is None or insists:
            self._end_refused()

    def _end_refused(self) -> None:
        self._code = REFUSED
        self._told_to_end.set()

    def _need_numbers(self, kind: Kind, count: int) -> None:
        self._line.send(NeedNumbers(kind, count))


def worker_environment(
    settings: Settings, worker: Channel, agent: Channel, environment: Mapping[str, str]
) -> dict[str, str]:
    """Give a worker's environment: the agent's own, without its secrets' places, and upstream's names for channels."""
    kept = {name: value for name, value in environment.items() if not name.startswith(PREFIX)}
    return kept | {
        "ComputePlane__WorkerChannel__Address": worker.address,
        "ComputePlane__WorkerChannel__SocketType": worker.type,
        "ComputePlane__AgentChannel__Address": agent.address,
        "ComputePlane__AgentChannel__SocketType": agent.type,
        "ComputePlane__MessageBatchSize": str(settings.message_batch_size),
        "Pollster__PartitionId": settings.partition,
    }


def _channel(kind: SocketType, address: str, own: Path) -> Channel:
    return Channel(kind, address or str(own))


async def live(settings: Settings, environment: Mapping[str, str]) -> int:
    """Be an agent in a private folder, which is gone afterwards; gives the exit code."""
    if settings.worker_folder:
        os.umask(0)  # the worker may be another user in a container of its own
    with private_folder() as private:
        return await CallAgent(settings, private, environment).run()
