"""Hosted Runs: the process of one Run speaks for others."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys

from node.control import gone, node, order, play, shell

from portico.domain.frames import LaunchOrder
from portico.domain.identity import SECOND, Micros
from portico.domain.runs import EndCause, Form, RunSpec

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
    else:
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
            words = [json.loads(await reader.readline())["t"] for _ in range(2)]
            assert words == ["launch", "stop"]
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
            for words in (
                b"noise\n",
                b'{"t":"hello","run":"host","token":2}\n',
                b'{"t":"hello","run":"plain","token":1}\n',
                b'{"t":"started","run":"host"}\n',
                b'{"t":"hello","run":"host","token":1}\n{"t":"hello","run":"host","token":1}\n',
            ):
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write(words)
                assert await reader.read() == b""
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
