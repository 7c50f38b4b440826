"""Hosted Runs: no process of their own; the process of another Run, their host, reports them.

A host, or whoever knows its token and speaks for it, connects to PORTICO_HOST_SOCKET and speaks lines of JSON (see
`host_words`). It says `{"t":"hello","run":…,"token":…}` with the PORTICO_RUN_ID and PORTICO_RUN_TOKEN of the host, and
then is sent, and may be sent again after each hello,

    {"t":"launch","run":…,"token":…,"payload":base64,"labels":{…},"ports":[[first,last]…],"started":bool}
    {"t":"stop","run":…,"reason":…,"message":…,"grace":microseconds}

then, once after each hello, `{"t":"welcome"}` when everything it hosts has been told, and at any time

    {"t":"noted","run":…,"number":…}    {"t":"message","payload":base64}

It answers with any of

    {"t":"started","run":…}    {"t":"healthy","run":…,"healthy":bool}
    {"t":"note","run":…,"number":…,"payload":base64}
    {"t":"ended","run":…,"cause":…,"exit_code":…,"signal":…,"message":…,"output":base64}

A note reaches control in order with what else is said of its Run, and is `noted` once it is durable there. Until then
the host keeps it and says it again, with its number, after its next hello: the agent may have been killed meanwhile.
So a note may arrive twice, which control must see by what is in it. A hello of what is no live host here is answered
`{"t":"refused","message":…}`, and so is a host whose Run ends; then the connection is closed.

Promises: orders wait until the host is there; the newest hello wins; the end of the host ends what it hosts; a host
speaks for its own Runs only; a wrong line, or more than MOST_NOTES that are not noted, costs the connection.
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
from portico.node.host_words import (
    LONGEST_LINE,
    Healthy,
    Hello,
    HostedEnd,
    HostLaunch,
    HostMessage,
    HostNoted,
    HostRefused,
    HostStop,
    HostWelcome,
    Note,
    Started,
    ToHost,
    decode,
    encode,
)
from portico.node.journal import Handle
from portico.node.outcomes import lost
from portico.node.site import Site, now

log = logging.getLogger("portico.node")

MOST_NOTES = 20_000
"""Notes of one host that are not durable yet."""
LAST_WORDS = 0.25
"""Seconds for which a host is heard after the end of its Run: what it said before may be on its way."""
_HELLO_PATIENCE = 10.0


class Hosts:
    """The hosts that are connected, and what they host."""

    def __init__(self, site: Site, endings: Endings, path: Path) -> None:
        self._site = site
        self._endings = endings
        self._path = path
        self._connected: dict[str, asyncio.StreamWriter] = {}
        self._notes: dict[str, dict[tuple[str, int], None]] = {}  # by host: run and number, until durable
        self._host_of: dict[tuple[str, int], str] = {}
        endings.listeners.append(self._ended)

    async def run(self) -> None:
        """Listen until cancelled."""
        self._part_with_the_dead()
        self._path.parent.mkdir(mode=0o755, exist_ok=True)
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
            _write(writer, _launch(charge))

    def stop(self, charge: Charge) -> bool:
        """Tell the host to end a hosted Run; False when the host never heard of it."""
        writer = self._connected.get(charge.order.host)
        if writer is not None:
            _write(writer, _stop(charge))
            return True
        return charge.stage is Stage.RUNNING

    def _part_with_the_dead(self) -> None:
        """End what was hosted by Runs that are gone, which an earlier agent did not get to do."""
        charges = self._site.charges
        for host in {charge.order.host for charge in charges.live() if charge.order.host}:
            found = charges.get(host)
            if found is None or not found.live:
                self._endings.finish((charge, lost("its host ended")) for charge in charges.hosted(host))

    def message(self, run: str, payload: bytes) -> None:
        """Give a host words from control, if it is there."""
        writer = self._connected.get(run)
        if writer is not None:
            _write(writer, HostMessage(payload))

    def durable(self, run: str, number: int) -> None:
        """Tell the host that control has a note for good."""
        host = self._host_of.pop((run, number), None)
        if host is None:
            return
        notes = self._notes[host]
        del notes[run, number]
        if not notes:
            del self._notes[host]
        writer = self._connected.get(host)
        if writer is not None:
            _write(writer, HostNoted(run, number))

    def _ended(self, host: Charge) -> None:
        """End what the ended Run hosted, once its last words had time to be heard."""
        if host.run in self._connected:
            self._site.loop.call_later(LAST_WORDS, self._part, host)
        else:
            self._part(host)

    def _part(self, host: Charge) -> None:
        orphans = self._site.charges.hosted(host.run)
        if orphans:
            self._endings.finish((charge, lost("its host ended")) for charge in orphans)
        for key in self._notes.pop(host.run, ()):
            del self._host_of[key]
        writer = self._connected.pop(host.run, None)
        if writer is not None:
            _write(writer, HostRefused("its run has ended"))
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host: Charge | None = None
        try:
            async with asyncio.timeout(_HELLO_PATIENCE):
                host = self._greet(await reader.readline(), writer)
            self._welcome(host, writer)
            while line := await reader.readline():
                if self._connected.get(host.run) is not writer:
                    return  # it has said hello anew
                self._hear(host, line, writer)
        except (msgspec.DecodeError, LookupError, ValueError, TimeoutError, ConnectionError) as error:
            log.warning("connection of host %s ended: %s", host.run if host else "unknown", error)
        finally:
            if host is not None and self._connected.get(host.run) is writer:
                del self._connected[host.run]
            writer.close()

    def _greet(self, line: bytes, writer: asyncio.StreamWriter) -> Charge:
        hello = decode(line)
        if not isinstance(hello, Hello):
            raise ValueError("the first line must be a hello")  # noqa: TRY004 — wrong words, not a wrong type
        host = self._site.charges.get(hello.run)
        if host is None or not host.live or host.token != hello.token or not host.order.spec.hosts:
            reason = f"{hello.run} with token {hello.token} is no host on this node"
            _write(writer, HostRefused(reason))
            raise LookupError(reason)
        return host

    def _welcome(self, host: Charge, writer: asyncio.StreamWriter) -> None:
        former = self._connected.get(host.run)
        if former is not None:
            former.close()
        self._connected[host.run] = writer
        for charge in self._site.charges.hosted(host.run):
            _write(writer, _launch(charge))
            if charge.stop is not None:
                _write(writer, _stop(charge))
        _write(writer, HostWelcome())

    def _hear(self, host: Charge, line: bytes, writer: asyncio.StreamWriter) -> None:
        word = decode(line)
        if isinstance(word, Hello):
            raise ValueError("hello was said before")  # noqa: TRY004 — wrong words, not a wrong type
        charge = self._site.charges.get(word.run)
        if isinstance(word, Note):
            self._note(host, charge, word, writer)
            return
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

    def _note(self, host: Charge, charge: Charge | None, note: Note, writer: asyncio.StreamWriter) -> None:
        """Pass a note on, once as long as it is under way; of a Run whose end control knows there is no more to say."""
        if charge is None or charge.stage is Stage.KEPT:
            _write(writer, HostNoted(note.run, note.number))
            return
        key = (note.run, note.number)
        if charge.order.host != host.run or key in self._host_of:
            return
        notes = self._notes.setdefault(host.run, {})
        if len(notes) >= MOST_NOTES:
            raise ValueError(f"more than {MOST_NOTES} notes are under way")
        notes[key] = None
        self._host_of[key] = host.run
        said = Observation(charge.run, charge.token, now(), note=note.payload, number=note.number)
        self._site.outbox.add(said)

    def started(self, charge: Charge) -> None:
        """Take note that a hosted Run runs, once."""
        if charge.stage is not Stage.PREPARING:
            return
        charge.stage, charge.started_at = Stage.RUNNING, now()
        self._site.journal.append((Handle(charge.run, charge.token, 0, 0, charge.started_at),))
        self._site.report_started(charge)


def _launch(charge: Charge) -> HostLaunch:
    order = charge.order
    started = charge.stage is Stage.RUNNING
    return HostLaunch(order.run, order.token, order.spec.payload, order.labels, order.ports, started)


def _stop(charge: Charge) -> HostStop:
    order = charge.stop
    assert order is not None
    return HostStop(charge.run, str(order.reason), order.message, order.grace)


def _write(writer: asyncio.StreamWriter, word: ToHost) -> None:
    writer.write(encode(word))


def socket_path(path: Path) -> str:
    """Give a name for the socket that fits the 107 bytes of an address, by way of its open directory if need be."""
    text = str(path)
    if len(os.fsencode(text)) <= 107:
        return text
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    return f"/proc/self/fd/{directory}/{path.name}"
