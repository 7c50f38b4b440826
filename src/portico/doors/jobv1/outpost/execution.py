"""Carrying out one call: bind the arguments, run the function, write down what came of it.

Promises a CallEnd whatever user code does short of ending the process. Texts that do not fit are permanent
failures; what user code raises is not, unless it raises `portico.Permanent`. Runs in the main thread only.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Mapping
from types import CoroutineType, TracebackType

from portico.domain.errors import Invalid
from portico.domain.frames import CallEnd, Invoke
from portico.domain.identity import Instant
from portico.doors.jobv1.outpost import results
from portico.doors.jobv1.outpost.discovery import Loaded
from portico.kinds import Context, Permanent

_ERROR_BYTES = 8 << 10
_FRAMES = 12


def now() -> Instant:
    """Give the present instant."""
    return Instant(time.time_ns() // 1000)


class Executor:
    """Runs functions one at a time; coroutines on one event loop that lives as long as the process."""

    def __init__(self, kinds: Mapping[str, Loaded]) -> None:
        self._kinds = kinds
        self._runner = asyncio.Runner()

    def close(self) -> None:
        """End what coroutines have left behind on the event loop."""
        self._runner.close()

    def carry_out(self, invoke: Invoke, begun_at: Instant) -> CallEnd:
        """Run one call to its end, in success or failure."""
        loaded = self._kinds.get(invoke.function)
        if loaded is None:
            return _failed(invoke, begun_at, f"kind {invoke.function} is not loaded in this worker", permanent=False)
        binder = loaded.binder
        context = Context(invoke.call, invoke.function, invoke.lease) if binder.wants_context else None
        try:
            values = binder.bind(invoke.arguments, context)
        except Exception as error:  # noqa: BLE001 — enumerations and records of user code may raise anything
            return _failed(invoke, begun_at, _unfit(error), permanent=True)
        try:
            if binder.injected:
                value = loaded.function(*values, **binder.keywords(context))
            else:
                value = loaded.function(*values)
            if type(value) is CoroutineType:
                value = self._runner.run(value)
        except BaseException as error:  # noqa: BLE001 — SystemExit and the like end the call, not the worker
            return _failed(invoke, begun_at, _told(error), permanent=isinstance(error, Permanent))
        try:
            texts = results.texts(value)
        except Exception as error:  # noqa: BLE001 — writing a value down may run user code
            return _failed(invoke, begun_at, _unfit(error), permanent=True)
        return CallEnd(invoke.call, invoke.lease, begun_at, now(), texts)


def _failed(invoke: Invoke, begun_at: Instant, message: str, *, permanent: bool) -> CallEnd:
    return CallEnd(invoke.call, invoke.lease, begun_at, now(), (), _bounded(message), permanent)


def _unfit(error: Exception) -> str:
    return str(error) if isinstance(error, Invalid) else _headline(error)


def _told(error: BaseException) -> str:
    """Give `Type: message` and the innermost frames of user code."""
    frames = _user_frames(error.__traceback__)
    lines = traceback.format_list(traceback.extract_tb(frames, limit=-_FRAMES)) if frames is not None else []
    return _headline(error) + ("\n" + "".join(lines).rstrip() if lines else "")


def _user_frames(trace: TracebackType | None) -> TracebackType | None:
    """Skip the frames of this file and of the event loop, which stand above user code."""
    skipped = (__file__, asyncio.runners.__file__, asyncio.base_events.__file__)
    while trace is not None and trace.tb_frame.f_code.co_filename in skipped:
        trace = trace.tb_next
    return trace


def _headline(error: BaseException) -> str:
    name = type(error).__name__
    try:
        message = str(error)
    except Exception as failure:  # noqa: BLE001 — an exception of user code that cannot even be shown
        message = f"(its message cannot be shown: {type(failure).__name__})"
    return f"{name}: {message}" if message else name


def _bounded(message: str) -> str:
    """Cut the middle out of a long message: its head names the error, its tail the place."""
    data = message.encode(errors="backslashreplace")
    if len(data) <= _ERROR_BYTES:
        return data.decode()
    half = _ERROR_BYTES // 2 - 8
    return f"{data[:half].decode(errors='ignore')}\n[…]\n{data[-half:].decode(errors='ignore')}"
