"""A real worker process opposite a control that does exactly what the test says."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import dedent

from portico.domain.frames import (
    Ack,
    CallEnd,
    CallKey,
    Calls,
    CallsReport,
    Frame,
    FromWorker,
    Invoke,
    Recall,
    WorkerHello,
    WorkerReady,
)
from portico.domain.framing import Splitter, decode, encode, from_peer

PATIENCE = 15.0


class Conversation:
    """One connection of the worker. Keeps all that was reported on it, and checks the numbers of the reports."""

    def __init__(self, link: socket.socket) -> None:
        link.settimeout(PATIENCE)
        self.link = link
        self._splitter = Splitter()
        self._frames: list[FromWorker] = []
        self.reports: list[CallsReport] = []
        self.hello = self._next()
        assert isinstance(self.hello, WorkerHello)

    def ready(self) -> Conversation:
        self.send(WorkerReady())
        return self

    def send(self, frame: Frame) -> None:
        self.link.sendall(encode(frame))

    def call(self, *invokes: Invoke) -> None:
        self.send(Calls(invokes))

    def recall(self, *calls: str) -> None:
        self.send(Recall(calls))

    def acknowledge(self) -> None:
        self.send(Ack(self.reports[-1].sequence))

    @property
    def begun(self) -> list[str]:
        return [key.call for report in self.reports for key in report.begun]

    @property
    def ended(self) -> list[CallEnd]:
        return [end for report in self.reports for end in report.ended]

    @property
    def returned(self) -> list[CallKey]:
        return [key for report in self.reports for key in report.returned]

    def until_begun(self, call: str) -> None:
        while call not in self.begun:
            self._report()

    def until_returned(self, count: int) -> list[CallKey]:
        while len(self.returned) < count:
            self._report()
        return self.returned

    def until_ended(self, count: int) -> list[CallEnd]:
        while len(self.ended) < count:
            self._report()
        return self.ended

    def outcome(self, invoke: Invoke) -> CallEnd:
        """Run one call to its end and acknowledge it."""
        known = len(self.ended)
        self.call(invoke)
        end = self.until_ended(known + 1)[-1]
        assert (end.call, end.lease) == (invoke.call, invoke.lease)
        self.acknowledge()
        return end

    def until_closed(self) -> None:
        """Read on until the worker's end of the connection is gone."""
        try:
            while True:
                self._report()
        except EOFError:
            return

    def drop(self) -> None:
        self.link.close()

    def _report(self) -> None:
        report = self._next()
        assert isinstance(report, CallsReport)
        assert report.sequence == len(self.reports) + 1
        assert len(report.begun) <= 1
        self.reports.append(report)

    def _next(self) -> FromWorker:
        while not self._frames:
            try:
                data = self.link.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                raise EOFError("the worker closed the connection")
            self._frames.extend(decode(from_peer, body) for body in self._splitter.feed(data))
        return self._frames.pop(0)


class Rig:
    """A folder, a listening socket, and a worker process with its kinds."""

    def __init__(self, folder: Path, *, tcp: bool = False) -> None:
        self.folder = folder
        self._tcp = tcp
        self._short = tempfile.TemporaryDirectory(prefix="portico-")  # Unix socket paths are limited to 107 bytes
        self.path = Path(self._short.name) / "link"
        self._server: socket.socket | None = None
        self._link = ""
        self._conversations: list[Conversation] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.listen()

    def listen(self) -> None:
        if self._tcp:
            self._server = socket.create_server(("127.0.0.1", 0))
            self._link = f"tcp:127.0.0.1:{self._server.getsockname()[1]}"
        else:
            self._server = socket.socket(socket.AF_UNIX)
            self._server.bind(str(self.path))
            self._server.listen()
            self._link = f"unix:{self.path}"
        self._server.settimeout(PATIENCE)

    def vanish(self) -> None:
        """Close the listening socket and every connection, as the end of the server does."""
        self._server.close()
        self.path.unlink(missing_ok=True)
        for conversation in self._conversations:
            conversation.drop()

    def start(self, source: str, **environment: str) -> subprocess.Popen[bytes]:
        (self.folder / "rig_kinds.py").write_text("import portico\n" + dedent(source))
        (self.folder / "secret").write_text("hush\n")
        told = {
            "PORTICO_WORKER_LINK": self._link,
            "PORTICO_RUN_ID": "run-1",
            "PORTICO_RUN_TOKEN": "7",
            "PORTICO_WORKER_FLEET": "python",
            "PORTICO_WORKER_SECRET_FILE": str(self.folder / "secret"),
            "PORTICO_WORKER_MODULES": "rig_kinds",
            "PORTICO_WORKER_PATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portico.doors.jobv1.outpost.worker"],
                env={**os.environ, **told, **environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        return self.process

    def accept(self) -> Conversation:
        link, _ = self._server.accept()
        conversation = Conversation(link)
        self._conversations.append(conversation)
        return conversation

    def serve(self, source: str) -> Conversation:
        """Start a worker and take it."""
        self.start(source)
        return self.accept().ready()

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE)

    def output(self, name: str) -> str:
        return (self.folder / name).read_text()

    def gate(self, name: str) -> Path:
        """Make a pipe: user code that opens it to read waits until `release`."""
        path = self.folder / name
        os.mkfifo(path)
        return path

    def release(self, name: str) -> None:
        (self.folder / name).write_text("go")

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(PATIENCE)
        self.vanish()
        self._short.cleanup()
