"""Starting a switchboard beside a container's process, which has its ends of the pipes or the terminal.

Promises: the ends on our side are closed in the agent, whatever happens; the switchboard outlives the agent and ends
with the container's process.
"""

from __future__ import annotations

import os

from portico.node.spawn_call import SpawnCall
from portico.node.switchboard import BESIDE, prefix


class Beside:
    """What a container that can be attached to is started with; nothing at all for any other one."""

    def __init__(self, attach: str, window: tuple[int, int] = (0, 0)) -> None:
        self.wanted = bool(attach)
        self.tty = attach.startswith("tty")
        self._attach = attach
        self._window = window
        self.theirs: tuple[int, ...] = ()
        """Standard input, output and errors of the container's process, unless it has a terminal."""
        self._ours: tuple[int, ...] = ()
        if self.wanted and not self.tty:
            (stdin, taken), (out, stdout), (err, stderr) = os.pipe(), os.pipe(), os.pipe()
            self.theirs, self._ours = (stdin, stdout, stderr), (taken, out, err)

    def start(self, run: str, sandbox: str, pid: int, terminal: int = -1) -> None:
        """Start the switchboard; `terminal` is the outer end of the process's, which stays the caller's to close."""
        command = [*prefix(self._attach, sandbox, self._window), BESIDE, str(pid)]
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            files = (terminal, null, null) if self.tty else self._ours
            call = SpawnCall(command[0], command, {"PORTICO_RUN_ID": run}, "/", files)
            _, number = call.make()
        finally:
            os.close(null)
        if number:
            raise OSError(number, os.strerror(number))

    def close(self) -> None:
        """Let go of all ends."""
        for end in (*self.theirs, *self._ours):
            os.close(end)
        self.theirs = self._ours = ()
