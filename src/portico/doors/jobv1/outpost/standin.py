"""The stand-in: attends the link while user code keeps the main thread busy.

The desk is a lock; whoever holds it uses link and ledger. The main thread gives it up for the time of each call, and
most calls are over before the stand-in looks up, so that tiny calls never pay for a change of threads. It promises
that a call that takes long leaves the link unattended for little more than PATIENCE, and that the main thread gets
the desk back as soon as its call is over.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable

log = logging.getLogger("portico.worker")

PATIENCE = 0.02
"""Seconds for which a call may run before the stand-in takes the desk; half of the longest wait."""

_LOOKS_BEFORE_REST = 10
_DEFECT = 70  # EX_SOFTWARE of sysexits


class StandIn:
    """`cover` attends the link once and returns when something came or the bell (a file descriptor) rang."""

    def __init__(self, desk: threading.Lock, cover: Callable[[int], None]) -> None:
        self._desk = desk
        self._cover = cover
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._needed = threading.Event()
        self._step = 0  # odd while user code runs; a different number for each call
        self._thread = threading.Thread(target=self._guarded, name="portico-link", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def leave(self) -> None:
        """The main thread, holding the desk, goes away to run user code."""
        self._step += 1
        self._desk.release()
        if not self._needed.is_set():
            self._needed.set()

    def resume(self) -> None:
        """The main thread is back and takes the desk."""
        self._step += 1
        if not self._desk.acquire(blocking=False):
            os.eventfd_write(self._bell, 1)
            self._desk.acquire()

    def _guarded(self) -> None:
        try:
            self._watch()
        except BaseException:
            # Without a stand-in the link would be deaf during each long call: better a worker that is started again.
            log.exception("a defect has ended the stand-in, and with it this worker")
            os._exit(_DEFECT)

    def _watch(self) -> None:
        quiet = 0
        while True:
            step = self._step
            time.sleep(PATIENCE)
            if step % 2 and step == self._step:
                self._relieve(step)
            quiet = quiet + 1 if step == self._step else 0
            if quiet > _LOOKS_BEFORE_REST:
                quiet = 0
                self._needed.clear()
                if self._step == step:  # else a call began before it could see that it must wake us
                    self._needed.wait()

    def _relieve(self, step: int) -> None:
        with self._desk:
            while self._step == step:
                self._cover(self._bell)
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._bell)
