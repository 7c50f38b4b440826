"""Hosted Runs: no process of their own; the process of another Run, their host, reports them.

A host connects to PORTICO_HOST_SOCKET and speaks lines of JSON. It says `{"t":"hello","run":…,"token":…}` with its own
PORTICO_RUN_ID and PORTICO_RUN_TOKEN, and then is sent, and may be sent again after each hello,

    {"t":"launch","run":…,"token":…,"payload":base64,"labels":{…},"ports":[[first,last]…]}
    {"t":"stop","run":…,"reason":…,"message":…,"grace":microseconds}

and answers with any of

    {"t":"started","run":…}    {"t":"healthy","run":…,"healthy":bool}
    {"t":"ended","run":…,"cause":…,"exit_code":…,"signal":…,"message":…,"output":base64}

Promises: orders wait until the host is there; the end of the host ends what it hosts; a host speaks for its own Runs
only; a wrong line costs the connection.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import msgspec

from portico.domain.frames import Observation
from portico.domain.runs import EndCause, Outcome
from portico.node.charges import Charge, Stage
from portico.node.ending import Endings
from portico.node.journal import Handle
from portico.node.outcomes import lost
from portico.node.site import Site, now

log = logging.getLogger("portico.node")

LONGEST_LINE = 1 << 20
_HELLO_PATIENCE = 10.0


class Hello(msgspec.Struct, frozen=True, tag_field="t", tag="hello"):
    """Who is the host."""

    run: str
    token: int


class Started(msgspec.Struct, frozen=True, tag_field="t", tag="started"):
    """A hosted Run runs."""

    run: str


class Healthy(msgspec.Struct, frozen=True, tag_field="t", tag="healthy"):
    """A hosted Run's health has changed."""

    run: str
    healthy: bool


class HostedEnd(msgspec.Struct, frozen=True, tag_field="t", tag="ended"):
    """A hosted Run has ended."""

    run: str
    cause: EndCause = EndCause.EXITED
    exit_code: int | None = None
    signal: int | None = None
    message: str = ""
    output: bytes = b""


class HostLaunch(msgspec.Struct, frozen=True, tag_field="t", tag="launch"):
    """Start a hosted Run."""

    run: str
    token: int
    payload: bytes
    labels: dict[str, str]
    ports: tuple[tuple[int, int], ...]


class HostStop(msgspec.Struct, frozen=True, tag_field="t", tag="stop"):
    """End a hosted Run."""

    run: str
    reason: str
    message: str
    grace: int


FromHost = Hello | Started | Healthy | HostedEnd
_decoder = msgspec.json.Decoder(FromHost)
_encoder = msgspec.json.Encoder()


class Hosts:
    """The hosts that are connected, and what they host."""

    def __init__(self, site: Site, endings: Endings, path: Path) -> None:
        self._site = site
        self._endings = endings
        self._path = path
        self._connected: dict[str, asyncio.StreamWriter] = {}
        endings.listeners.append(self._ended)

    async def run(self) -> None:
        """Listen until cancelled."""
        self._path.unlink(missing_ok=True)
        place = socket_path(self._path)
        try:
            server = await asyncio.start_unix_server(self._serve, place, limit=LONGEST_LINE)
        finally:
            if place != str(self._path):
                os.close(int(Path(place).parent.name))
        self._path.chmod(0o666)  # a Run may have a user of its own; its token says who it is
        try:
            await server.serve_forever()
        finally:
            for writer in self._connected.values():
                writer.close()

    def launch(self, charge: Charge) -> None:
        """Hand a hosted Run to its host, now or when that connects; without a host it cannot start."""
        host = self._site.charges.get(charge.order.host)
        if host is None or not host.live:
            outcome = Outcome(EndCause.LAUNCH_FAILED, message=f"its host {charge.order.host} is not on this node")
            self._endings.finish(((charge, outcome),))
            return
        writer = self._connected.get(host.run)
        if writer is not None:
            self._send_launch(writer, charge)

    def stop(self, charge: Charge) -> bool:
        """Tell the host to end a hosted Run; False when the host never heard of it."""
        writer = self._connected.get(charge.order.host)
        if writer is not None:
            self._send_stop(writer, charge)
            return True
        return charge.stage is Stage.RUNNING

    def _ended(self, host: Charge) -> None:
        """End what the ended Run hosted."""
        orphans = self._site.charges.hosted(host.run)
        if orphans:
            self._endings.finish((charge, lost("its host ended")) for charge in orphans)
        writer = self._connected.pop(host.run, None)
        if writer is not None:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host: Charge | None = None
        try:
            async with asyncio.timeout(_HELLO_PATIENCE):
                host = self._greet(await reader.readline())
            self._welcome(host, writer)
            while line := await reader.readline():
                self._hear(host, line)
        except (msgspec.DecodeError, LookupError, ValueError, TimeoutError, ConnectionError) as error:
            log.warning("connection of host %s ended: %s", host.run if host else "unknown", error)
        finally:
            if host is not None and self._connected.get(host.run) is writer:
                del self._connected[host.run]
            writer.close()

    def _greet(self, line: bytes) -> Charge:
        hello = _decoder.decode(line)
        if not isinstance(hello, Hello):
            raise ValueError("the first line must be a hello")  # noqa: TRY004 — wrong words, not a wrong type
        host = self._site.charges.get(hello.run)
        if host is None or not host.live or host.token != hello.token or not host.order.spec.hosts:
            raise LookupError(f"{hello.run} with token {hello.token} is no host on this node")
        return host

    def _welcome(self, host: Charge, writer: asyncio.StreamWriter) -> None:
        self._connected[host.run] = writer
        for charge in self._site.charges.hosted(host.run):
            self._send_launch(writer, charge)
            if charge.stop is not None:
                self._send_stop(writer, charge)

    def _hear(self, host: Charge, line: bytes) -> None:
        word = _decoder.decode(line)
        if isinstance(word, Hello):
            raise ValueError("hello was said before")  # noqa: TRY004 — wrong words, not a wrong type
        charge = self._site.charges.get(word.run)
        if charge is None or not charge.live or charge.order.host != host.run:
            return  # told twice, or no affair of this host
        match word:
            case Started():
                self.started(charge)
            case Healthy():
                self._site.outbox.add(Observation(charge.run, charge.token, now(), healthy=word.healthy))
            case HostedEnd():
                self.started(charge)
                outcome = Outcome(word.cause, word.exit_code, word.signal, word.message, word.output)
                self._endings.finish(((charge, outcome),))

    def started(self, charge: Charge) -> None:
        """Take note that a hosted Run runs, once."""
        if charge.stage is not Stage.PREPARING:
            return
        charge.stage, charge.started_at = Stage.RUNNING, now()
        self._site.journal.append((Handle(charge.run, charge.token, 0, 0, charge.started_at),))
        self._site.report_started(charge)

    def _send_launch(self, writer: asyncio.StreamWriter, charge: Charge) -> None:
        order = charge.order
        _write(writer, HostLaunch(order.run, order.token, order.spec.payload, order.labels, order.ports))

    def _send_stop(self, writer: asyncio.StreamWriter, charge: Charge) -> None:
        order = charge.stop
        assert order is not None
        _write(writer, HostStop(charge.run, str(order.reason), order.message, order.grace))


def _write(writer: asyncio.StreamWriter, word: HostLaunch | HostStop) -> None:
    writer.write(_encoder.encode(word) + b"\n")


def socket_path(path: Path) -> str:
    """Give a name for the socket that fits the 107 bytes of an address, by way of its open directory if need be."""
    text = str(path)
    if len(os.fsencode(text)) <= 107:
        return text
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{directory}/{path.name}"
