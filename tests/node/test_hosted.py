"""Hosted Runs: the process of one Run speaks for others."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator

from node.control import Control, Node, gone, node, order, play, shell

from portico.domain.frames import LaunchOrder, Message, Observation, Report
from portico.domain.framing import MAX_FRAME, encode
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.runs import EndCause, Form, Outcome, RunSpec
from portico.node.hosted import MOST_NOTES
from portico.node.reporting import Outbox

HOST = """
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["PORTICO_HOST_SOCKET"])
def say(**word): s.sendall(json.dumps(word).encode() + b"\\n")
say(t="hello", run=os.environ["PORTICO_RUN_ID"], token=int(os.environ["PORTICO_RUN_TOKEN"]))
for line in s.makefile():
    print(line, end="", flush=True)
    word = json.loads(line)
    if word["t"] == "launch":
        say(t="started", run=word["run"])
        say(t="healthy", run=word["run"], healthy=True)
        if word["labels"].get("quick"):
            say(t="ended", run=word["run"], exit_code=6, message="done", output=word["payload"])
    elif word["t"] == "stop":
        say(t="ended", run=word["run"], cause="stopped", message=word["reason"])
"""


def hosted(run: str, host: str = "host", **labels: str) -> LaunchOrder:
    spec = RunSpec(form=Form.HOSTED, payload=b"task")
    return LaunchOrder(run=run, token=1, spec=spec, grace=Micros(SECOND), host=host, labels=labels)


def test_a_host_is_given_runs_and_speaks_for_them() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            host = order("host", sys.executable, "-S", "-c", HOST, hosts=True)
            control.launch(
                host, hosted("quick", quick="yes"), hosted("slow"), hosted("left"), hosted("stray", "nobody")
            )
            quick = await control.outcome("quick")
            assert (quick.cause, quick.exit_code, quick.output) == (EndCause.EXITED, 6, b"task")
            assert (await control.outcome("stray")).cause is EndCause.LAUNCH_FAILED
            await control.runs("slow", "left")
            await control.until(lambda: control.health.get("left") == [True])
            control.stop("slow", grace=3)
            slow = await control.outcome("slow")
            assert (slow.cause, slow.message) == (EndCause.STOPPED, "cancelled")
            lines = (await control.ask("read", "host", "stdout")).data.decode().splitlines()
            stop = json.loads(lines[-1])
            assert (stop["t"], stop["grace"]) == ("stop", 3_000_000)
            assert base64.b64decode(json.loads(lines[0])["payload"]) == b"task"
            os.kill(control.started["host"].pid, signal.SIGKILL)
            left = await control.outcome("left")
            assert (left.cause, left.message) == (EndCause.LOST, "its host ended")

    play(story())


def test_hosted_runs_survive_the_agent() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("host", "sleep 100", hosts=True), hosted("h"))
            await control.runs("host")
            path = str(site.directory / "host.sock")
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b'{"t":"hello","run":"host","token":1}\n')
            assert json.loads(await reader.readline())["run"] == "h"
            writer.write(b'{"t":"started","run":"h"}\n')
            await control.runs("h")
            await site.kill_agent()
            facts = {fact.run: fact for fact in control.registers[-1].runs}
            assert facts["h"].running
            writer.close()
            control.stop("h")
            await control.ask("usage")
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b'{"t":"hello","run":"host","token":1}\n')
            words = [json.loads(await reader.readline()) for _ in range(3)]
            assert [word["t"] for word in words] == ["launch", "stop", "welcome"]
            assert words[0]["started"]
            writer.write(b'{"t":"ended","run":"h","exit_code":0}\n')
            assert (await control.outcome("h")).exit_code == 0
            writer.close()

    play(story())


def test_a_wrong_word_costs_the_connection_only() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("host", "sleep 100", hosts=True), shell("plain", "sleep 100"))
            await control.runs("host", "plain")
            path = str(site.directory / "host.sock")
            for words, answer in (
                (b"noise\n", []),
                (b'{"t":"hello","run":"host","token":2}\n', ["refused"]),
                (b'{"t":"hello","run":"plain","token":1}\n', ["refused"]),
                (b'{"t":"started","run":"host"}\n', []),
                (b'{"t":"hello","run":"host","token":1}\n' * 2, ["welcome"]),
            ):
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write(words)
                assert [json.loads(line)["t"] for line in (await reader.read()).splitlines()] == answer
                writer.close()
            control.stop("host")
            assert (await control.outcome("host")).cause is EndCause.STOPPED
            await gone(control.started["host"].pid)

    play(story())


def test_a_stop_before_the_host_is_there_ends_at_once() -> None:
    async def story() -> None:
        async with node() as site:
            control = site.control
            control.launch(shell("host", "sleep 100", hosts=True), hosted("h"))
            await control.runs("host")
            control.stop("h")
            assert (await control.outcome("h")).cause is EndCause.STOPPED

    play(story())


class Host:
    """A host's connection, spoken by the test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, site: Node) -> Host:
        return cls(*await asyncio.open_unix_connection(str(site.directory / "host.sock")))

    def say(self, **word: object) -> None:
        self.writer.write(json.dumps(word).encode() + b"\n")

    async def hello(self) -> list[str]:
        """Say hello; gives the kinds of words before the welcome."""
        self.say(t="hello", run="host", token=1)
        kinds: list[str] = []
        while (word := await self.word())["t"] != "welcome":
            kinds.append(str(word["t"]))
        return kinds

    async def word(self) -> dict[str, object]:
        word: dict[str, object] = json.loads(await self.reader.readline())
        return word

    def note(self, run: str, number: int, payload: bytes) -> None:
        self.say(t="note", run=run, number=number, payload=base64.b64encode(payload).decode())


@contextlib.asynccontextmanager
async def hosting(*runs: str) -> AsyncIterator[tuple[Node, Host]]:
    """A node with a host that hosts these Runs."""
    async with node() as site:
        site.control.launch(shell("host", "sleep 100", hosts=True), *(hosted(run) for run in runs))
        await site.control.runs("host")
        host = await Host.connect(site)
        try:
            assert await host.hello() == ["launch"] * len(runs)
            yield site, host
        finally:
            host.writer.close()


def notes(control: Control, run: str) -> list[tuple[int, bytes]]:
    return [(said.number, said.note) for said in control.said if said.run == run and said.note]


def test_notes_come_in_order_and_are_noted_once_they_are_durable() -> None:
    async def story() -> None:
        async with hosting("h", "other") as (site, host):
            control = site.control
            control.acknowledging = False
            host.note("h", 7, b"first")
            host.say(t="started", run="h")
            host.note("h", 8, b"second")
            host.note("h", 8, b"second")
            host.say(t="ended", run="h", exit_code=0, output="b3V0")
            host.note("h", 9, b"late")
            await control.until(
                lambda: [said.number for report in control.reports for said in report.observations][-1:] == [9]
            )
            assert control.said == [said for said in control.said if said.run == "host"]
            control.acknowledging = True
            control.acknowledge()
            words = [await host.word() for _ in range(3)]
            assert words == [{"t": "noted", "run": "h", "number": number} for number in (7, 8, 9)]
            said = [one for one in control.said if one.run == "h"]
            assert [(one.note, one.started, one.outcome is not None) for one in said] == [
                (b"first", False, False),
                (b"", True, False),
                (b"second", False, False),
                (b"", False, True),
                (b"late", False, False),
            ]
            assert control.outcomes["h"].output == b"out"
            host.note("h", 10, b"control knows the end")
            assert await host.word() == {"t": "noted", "run": "h", "number": 10}
            host.note("host", 1, b"not mine to say")
            host.note("other", 1, b"mine")
            assert (await host.word())["run"] == "other"
            assert notes(control, "host") == []

    play(story())


def test_a_note_lost_with_the_agent_is_said_again() -> None:
    async def story() -> None:
        async with hosting("h") as (site, host):
            control = site.control
            control.acknowledging = False
            host.note("h", 7, b"first")
            await control.until(lambda: any(one.note for report in control.reports for one in report.observations))
            await site.kill_agent()
            control.acknowledging = True
            assert notes(control, "h") == []
            await control.ask("usage")
            host.writer.close()
            again = await Host.connect(site)
            assert await again.hello() == ["launch"]
            again.note("h", 7, b"first")
            assert await again.word() == {"t": "noted", "run": "h", "number": 7}
            assert notes(control, "h") == [(7, b"first")]
            again.writer.close()

    play(story())


def test_words_from_control_reach_the_host_that_is_there() -> None:
    async def story() -> None:
        async with hosting() as (site, host):
            site.control.send(Message("nobody", b"lost"))
            site.control.send(Message("host", b"hear"))
            assert await host.word() == {"t": "message", "payload": base64.b64encode(b"hear").decode()}

    play(story())


def test_the_newest_hello_wins() -> None:
    async def story() -> None:
        async with hosting("h") as (site, host):
            other = await Host.connect(site)
            assert await other.hello() == ["launch"]
            assert await host.reader.read() == b""
            other.say(t="started", run="h")
            await site.control.runs("h")
            other.writer.close()

    play(story())


def test_the_last_words_of_a_host_that_dies_are_heard() -> None:
    async def story() -> None:
        async with hosting("told", "untold") as (site, host):
            host.say(t="ended", run="told", exit_code=3)
            os.kill(site.control.started["host"].pid, signal.SIGKILL)
            assert (await site.control.outcome("told")).exit_code == 3
            assert (await site.control.outcome("untold")).message == "its host ended"
            assert (await host.word())["t"] == "refused"

    play(story())


def test_too_many_notes_cost_the_connection() -> None:
    async def story() -> None:
        async with hosting("h") as (site, host):
            site.control.acknowledging = False
            for number in range(MOST_NOTES + 1):
                host.note("h", number, b"n")
            assert await host.reader.read() == b""

    play(story())


def test_an_agent_killed_between_the_ends_of_host_and_hosted_is_made_up_for() -> None:
    async def story() -> None:
        async with hosting("h") as (site, host):
            host.say(t="started", run="h")
            await site.control.runs("h")
            os.kill(site.control.started["host"].pid, signal.SIGKILL)
            await site.control.outcome("host")
            await site.kill_agent()
            assert (await site.control.outcome("h")).message == "its host ended"

    play(story())


def test_large_notes_leave_in_reports_of_their_own() -> None:
    reports: list[Report] = []
    outbox = Outbox(reports.append, lambda later: later())
    notes = [Observation("h", 1, Instant(1), note=bytes(3 << 20), number=number) for number in range(5)]
    for note in notes:
        outbox.add(note)
    outbox.add(Observation("h", 1, Instant(1), outcome=Outcome(EndCause.EXITED, 0, output=bytes(9 << 20))))
    outbox.resume(0)
    assert [len(report.observations) for report in reports] == [2, 2, 1, 1]
    assert [said.number for report in reports for said in report.observations] == [0, 1, 2, 3, 4, 0]
    assert all(len(encode(report)) < MAX_FRAME for report in reports)
