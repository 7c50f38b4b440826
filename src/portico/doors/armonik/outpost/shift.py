"""The shift: Calls are carried out one after another, for as long as there is a worker.

While one runs, the end of the one before is told, its folder removed, and the next one's data brought: what must happen
between two Calls is one message to the worker. Promises that nothing begins while control cannot be spoken to, and that
a worker which may still be busy with one Call gets no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

from portico.domain.calls.frames import Verdict
from portico.domain.calls.naming import Kind, Naming
from portico.domain.errors import Exhausted, NotFound
from portico.domain.identity import SECOND
from portico.doors.armonik.outpost.bench import Bench
from portico.doors.armonik.outpost.calling import WorkerRun
from portico.doors.armonik.outpost.concluding import Conclusion
from portico.doors.armonik.outpost.desk import Desk
from portico.doors.armonik.outpost.held import Held, Outcome, Stop
from portico.doors.armonik.outpost.keeping import FRESH_SECONDS, WorkerKeeper
from portico.doors.armonik.outpost.preparing import Preparation, now
from portico.doors.armonik.outpost.quick import QuickRun
from portico.doors.armonik.outpost.settings import Settings
from portico.doors.armonik.outpost.words import options_message
from portico.wire.armonik.objects_pb2 import Configuration
from portico.wire.armonik.worker_pb2 import ProcessRequest

BRIEF = 0.02
"""Seconds after which a running Call is told as begun; of a shorter one only the end is told."""
MOST_UPLOADS = 2
"""Calls whose outputs may be under way to control while the next one runs."""

_FAR = 365.0 * 24 * 3600
"""Seconds from which on there is no deadline: for gRPC the ten thousand years that some clients ask for are over."""

_ROOM_CHECK = 1.0
"""Seconds between two looks at the folder of a running Call."""
_ROOM_CHECK_PART = 9
"""How many times longer than a look the pause behind it is at least."""

log = logging.getLogger("portico.armonik")


class Shift:
    """One worker's Calls."""

    def __init__(
        self,
        settings: Settings,
        keeper: WorkerKeeper,
        desk: Desk,
        bench: Bench,
        preparation: Preparation,
        conclusion: Conclusion,
        ready: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._configuration = Configuration(data_chunk_max_size=settings.chunk_bytes)
        self._keeper = keeper
        self._desk = desk
        self._bench = bench
        self._preparation = preparation
        self._conclusion = conclusion
        self._line_ready = ready
        self._run: WorkerRun | None = None
        self._done: Held | None = None  # its worker is done with it; concluded while the next one runs
        self._uploads: dict[asyncio.Task[None], Held] = {}
        self._leaving = False
        desk.stop_running = self.stop
        keeper.on_death = desk.wake.set

    async def run(self) -> None:
        """Work until told to leave; raises WorkerGone when there is no worker to be had."""
        while not self._leaving:
            held = self._next()
            if held is None:
                await self._rest()
            elif await self._is_ready(held):
                del self._desk.queue[held.assignment.call]
                await self._carry_out(held)
        self._conclude()

    def leave(self) -> None:
        """Begin nothing more."""
        self._leaving = True
        self._desk.close()

    def stop(self, stop: Stop) -> None:
        """Stop the running Call, if its worker is not done with it."""
        held = self._desk.running
        if held is not None and held.stop is None and self._run is not None:
            held.stop = stop
            self._run.cancel()

    async def give_up_uploads(self, seconds: float) -> None:
        """Let uploads end within so many seconds, and return the Calls of those that do not."""
        if self._uploads:
            _, late = await asyncio.wait(list(self._uploads), timeout=seconds)
            for task in late:
                held = self._uploads[task]
                task.cancel()
                self._desk.yield_(held)
                self._desk.clear(held)
        self._desk.tell()

    # ---- between Calls ---------------------------------------------------------------------------------------------

    def _next(self) -> Held | None:
        if not self._line_ready.is_set():
            return None
        return next(iter(self._desk.queue.values()), None)

    async def _rest(self) -> None:
        """Wait until there is something to do; look after the worker now and then."""
        self._conclude()
        self._desk.wake.clear()
        try:
            async with asyncio.timeout(FRESH_SECONDS):
                await self._desk.wake.wait()
        except TimeoutError:
            await self._keeper.ready()
        else:
            if self._keeper.gone:
                await self._keeper.ready()

    async def _is_ready(self, held: Held) -> bool:
        """Tell whether a Call can begin now; if not, do or await what is missing."""
        self._prepare(held)
        if held.preparing is not None and not held.preparing.done():
            self._conclude()
            await asyncio.wait([held.preparing])
        elif held.outcome is not None:
            del self._desk.queue[held.assignment.call]
            self._end(held)
        elif len(self._uploads) >= MOST_UPLOADS:
            self._conclude()
            await asyncio.wait(list(self._uploads), return_when=asyncio.FIRST_COMPLETED)
        elif not self._keeper.fresh:
            self._conclude()
            await self._keeper.ready()
        else:
            return True
        return False

    def _prepare(self, held: Held) -> None:
        """Bring a Call's data, or begin to."""
        if held.prepared or held.preparing is not None:
            return
        if not self._preparation.at_once(held, self._naming):
            held.preparing = asyncio.get_running_loop().create_task(self._preparation.fetch(held, self._naming))

    # ---- one Call --------------------------------------------------------------------------------------------------

    async def _carry_out(self, held: Held) -> None:
        """Let the worker carry out a Call; its outcome is concluded while the next one runs, or before resting."""
        desk = self._desk
        desk.running = held
        self._bench.arm(held)
        held.started_at = now()
        run = self._run = self._keeper.process(self._request(held), self._seconds(held))
        self._hand_over(held, run)
        begun = asyncio.get_running_loop().call_later(BRIEF, desk.begin, held)
        try:
            await asyncio.sleep(0)  # the message to the worker leaves before anything else is done
            self._conclude()
            following = self._next()
            if following is not None:
                self._prepare(following)
            if held.outcome is None:
                with self._watched(held):
                    held.outcome = await self._answer(held, run)
        finally:
            begun.cancel()
            self._bench.disarm()
            self._run = None
        held.processed_at = now()
        await self._look_after(held, run)
        desk.running = None
        if held.stop is Stop.YIELDED and held.outcome.verdict is Verdict.CANCELLED:
            desk.yield_(held)
            desk.tell()
            self._desk.clear(held)
        else:
            desk.concluding[held.assignment.call] = held
            self._done = held

    def _hand_over(self, held: Held, run: WorkerRun) -> None:
        """Send the small data along to a worker that takes them so. To any other a message leaves only when the loop
        turns: until then there is time to make files of them."""
        room = held.room
        assert room is not None
        self._preparation.in_hand = isinstance(run, QuickRun)
        if isinstance(run, QuickRun):
            run.send(room.in_hand)
        else:
            try:
                room.lay_down()
            except Exhausted as error:
                run.cancel()
                held.outcome = Outcome(Verdict.FAILED, str(error))
        room.entered = True

    async def _answer(self, held: Held, run: WorkerRun) -> Outcome:
        """Wait for the worker's answer and read it."""
        try:
            outcome, brought = await run.outcome()
            if brought and outcome.verdict is Verdict.OK:
                self._bench.bring(held, brought)
            if isinstance(run, QuickRun):
                self._take_over(held, run, outcome)
        except (NotFound, Exhausted) as error:
            return Outcome(Verdict.FAILED, str(error))
        except asyncio.CancelledError:
            if held.stop is None:
                run.cancel()
                raise
            if held.stop is Stop.OVERFULL:
                return Outcome(
                    Verdict.FAILED, f"The task's folder held more than its {self._settings.folder_limit} bytes"
                )
            return Outcome(Verdict.CANCELLED, "Cancelled")
        return outcome

    def _take_over(self, held: Held, run: QuickRun, outcome: Outcome) -> None:
        """Keep what came with a worker's answer."""
        assert held.room is not None
        held.room.entered = run.entered
        if run.data and outcome.verdict is Verdict.OK:
            self._bench.put(held, run.data)

    async def _look_after(self, held: Held, run: WorkerRun) -> None:
        """Make sure that the worker is not busy with a Call that is over."""
        outcome = held.outcome
        assert outcome is not None
        if outcome.verdict in {Verdict.OK, Verdict.ERROR}:
            self._keeper.answered()
        elif outcome.verdict is Verdict.TIMEOUT or held.stop is Stop.YIELDED:
            await self._keeper.kill()
        elif held.stop is not None:
            await self._keeper.settle(run, self._settings.cancel_grace)
        elif run.lost:
            await self._keeper.forget()
        else:
            self._keeper.answered()

    @contextlib.contextmanager
    def _watched(self, held: Held) -> Iterator[None]:
        """Where folders have a limit, look at the running Call's every now and then, once it is no brief one."""
        if not self._settings.folder_limit:
            yield
            return
        loop = asyncio.get_running_loop()
        watching: list[asyncio.Task[None]] = []
        timer = loop.call_later(BRIEF, lambda: watching.append(loop.create_task(self._watch_room(held))))
        try:
            yield
        finally:
            timer.cancel()
            for task in watching:
                task.cancel()

    async def _watch_room(self, held: Held) -> None:
        """Stop a Call whose folder holds too much; a folder that takes long to look at is looked at less often."""
        assert held.room is not None
        time = asyncio.get_running_loop().time
        began = time()
        while not await asyncio.to_thread(held.room.overfull):
            await asyncio.sleep(max(_ROOM_CHECK, _ROOM_CHECK_PART * (time() - began)))
            began = time()
        self.stop(Stop.OVERFULL)

    # ---- after it --------------------------------------------------------------------------------------------------

    def _conclude(self) -> None:
        """Tell the end of the Call whose worker is done with it, now or when its outputs are uploaded."""
        held, self._done = self._done, None
        if held is None:
            self._desk.tell_soon()
        elif self._conclusion.at_once(held):
            self._end(held)
        else:
            task = asyncio.get_running_loop().create_task(self._upload(held))
            self._uploads[task] = held
            task.add_done_callback(self._uploads.pop)

    async def _upload(self, held: Held) -> None:
        await self._conclusion.upload(held)
        self._end(held)

    def _end(self, held: Held) -> None:
        self._desk.end(held)
        self._desk.tell_soon()
        self._desk.clear(held)

    # ---- words -----------------------------------------------------------------------------------------------------

    @property
    def _naming(self) -> Naming:
        naming = self._bench.naming
        assert naming is not None
        return naming

    def _request(self, held: Held) -> ProcessRequest:
        assignment, naming = held.assignment, self._naming
        assert held.room is not None
        return ProcessRequest(
            communication_token=held.token,
            session_id=naming.text(Kind.SESSION, assignment.session),
            task_id=assignment.id,
            task_options=options_message(assignment.options),
            expected_output_keys=[naming.text(Kind.RESULT, number) for number in assignment.outputs],
            payload_id=naming.text(Kind.RESULT, assignment.payload.number),
            data_dependencies=[naming.text(Kind.RESULT, datum.number) for datum in assignment.dependencies],
            data_folder=held.room.seen,
            configuration=self._configuration,
        )

    @staticmethod
    def _seconds(held: Held) -> float | None:
        """Give how long a task may take; None is without end."""
        seconds = held.assignment.options.max_duration / SECOND
        return seconds if 0 < seconds < _FAR else None
