"""Switchboards around shell scripts, and those who call them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from portico.node.switchboard import prefix
from portico.node.switchboard_lines import (
    ERRORS,
    GREETING,
    HEAD,
    HELLO,
    OUTPUT,
    OVER,
    READER,
    REFUSED,
    SOCKET,
    TAKEN,
    WRITER,
)


class Caller:
    """One connection to a switchboard."""

    def __init__(self, sandbox: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        try:
            self.socket.connect(str(sandbox / SOCKET))
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")
        assert self.hear() == (HELLO, GREETING)

    def say(self, kind: bytes, data: bytes = b"") -> None:
        self.socket.sendall(HEAD.pack(kind, len(data)) + data)

    def hear(self) -> tuple[bytes, bytes]:
        head = self.file.read(HEAD.size)
        if len(head) < HEAD.size:
            return b"", b""
        kind, length = HEAD.unpack(head)
        return kind, self.file.read(length)

    def as_(self, role: bytes, data: bytes = b"") -> Caller:
        self.say(role, data)
        assert self.hear() == (TAKEN, b"")
        return self

    def refused(self, role: bytes) -> bytes:
        self.say(role)
        kind, reason = self.hear()
        assert kind == REFUSED
        return reason

    def rest(self) -> tuple[bytes, bytes, bool]:
        """Hear it out: output, errors, and whether it was told that it is over."""
        heard = {OUTPUT: bytearray(), ERRORS: bytearray()}
        while True:
            kind, data = self.hear()
            if kind in heard:
                heard[kind] += data
            else:
                return bytes(heard[OUTPUT]), bytes(heard[ERRORS]), kind == OVER

    def until(self, wanted: bytes) -> bytes:
        """Hear until something was said."""
        heard = b""
        while wanted not in heard:
            kind, data = self.hear()
            assert kind in (OUTPUT, ERRORS), (kind, heard)
            heard += data
        return heard

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Board:
    """A switchboard around a shell script, as the agent would start it."""

    def __init__(self, sandbox: Path, attach: str, script: str, program: tuple[str, ...] = ()) -> None:
        self.sandbox = sandbox
        self._callers: list[Caller] = []
        command = list(program or prefix(attach, str(sandbox)))
        with (sandbox / "stdout").open("ab") as out, (sandbox / "stderr").open("ab") as err:
            self.process = subprocess.Popen(
                [*command, "/bin/sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=sandbox,
                start_new_session=True,
            )
        while not (sandbox / SOCKET).exists() and self.process.poll() is None:
            os.sched_yield()

    def call(self) -> Caller:
        while True:
            try:
                caller = Caller(self.sandbox)
            except ConnectionRefusedError:  # bound and not listening yet
                continue
            self._callers.append(caller)
            return caller

    def reader(self) -> Caller:
        return self.call().as_(READER)

    def writer(self) -> Caller:
        return self.call().as_(WRITER)

    def end(self) -> int:
        return self.process.wait(10)

    @property
    def out(self) -> bytes:
        return (self.sandbox / "stdout").read_bytes()

    @property
    def err(self) -> bytes:
        return (self.sandbox / "stderr").read_bytes()

    def close(self) -> None:
        for caller in self._callers:
            caller.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Boards:
    def __init__(self, place: Path) -> None:
        self._place = place
        self.made: list[Board] = []

    def __call__(self, attach: str, script: str, program: tuple[str, ...] = ()) -> Board:
        sandbox = self._place / str(len(self.made))
        sandbox.mkdir()
        self.made.append(Board(sandbox, attach, script, program))
        return self.made[-1]
