"""The demo: starts Portico in a temporary directory, runs work through each door, shows it, stops everything.

Ends with exit code 0 only if everything ended as expected, what is to fail by failing. Leaves nothing behind.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import armonik_tasks
import image
import tasks
import titus_jobs
from board import Board, Job
from screen import Screen
from server import running

from portico.cli.connection import Quiet, Server, endpoints
from portico.cli.failures import Failed
from portico.cli.options import Target

FOLDER = Path(__file__).resolve().parent
SECONDS = 25.0
"""After this long what has not ended counts as not as expected; for each door."""

CRON_KIND = "heartbeat"
FIRINGS = 2


def main() -> int:
    """Run the demo; gives the exit code."""
    screen, begun = Screen(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="portico-demo-") as made:
        scratch = Path(made)
        settings, hint = containers(scratch / "image")
        with running(FOLDER, scratch, settings | workers()) as data:
            well = [
                run_jobs(data, scratch, screen),
                run_tasks(data, screen, image.NAME if settings else ""),
                run_titus(data, scratch, screen),
                run_armonik(data, screen),
            ]
            off = warnings(data)
    for line in (*off, *([hint] if hint else [])):
        screen.say(line, "yellow")
    conclude(screen, time.monotonic() - begun)
    return 0 if all(well) else 1


def jobs(scratch: Path) -> list[Job]:
    """Give what is scheduled, and how it is to end."""
    return [
        Job("hello", ["World"], "succeeded"),
        Job("words", ["LICENSE"], "succeeded"),
        Job("flaky", [str(scratch / "tried")], "succeeded", attempts=2),
        Job("broken", [], "failed"),
        Job("primes", ["100000"], "succeeded"),
        Job("nap", ["1.5"], "succeeded"),
        Job("divide", ["22", "7"], "succeeded"),
        Job("divide", ["1", "0"], "failed"),
    ]


def containers(folder: Path) -> tuple[dict[str, str], str]:
    """Make an image for the server to serve; gives the setting that says so, or none and what would help."""
    obstacle = image.obstacle()
    if obstacle:
        return {}, f"No task in an image: {obstacle}. To see one, as root on a Debian: make containers demo"
    return {"PORTICO_IMAGES": f"{{ {json.dumps(image.NAME)} = {json.dumps(image.lay_out(folder))} }}"}, ""


def warnings(data: Path) -> list[str]:
    """Say what is off on this machine, or for this user, and where more of it is told."""
    with Server(Target(data_dir=data)) as server:
        told = sorted({warning for node in server.get("nodes") for warning in node["warnings"]})
    return [f"{warning} What helps: .venv/bin/portico doctor" for warning in told]


def workers() -> dict[str, str]:
    """Let the worker of the ArmoniK partition run in the interpreter that runs the demo, wherever that is."""
    command = [sys.executable, str(FOLDER / "word_worker.py")]
    return {"PORTICO_DOORS__ARMONIK__PARTITIONS__DEFAULT__WORKER": json.dumps(command)}


def run_jobs(data: Path, scratch: Path, screen: Screen) -> bool:
    """Run commands and functions as kinds of job.v1; gives whether all went as it should."""
    screen.begin("job.v1: commands and Python functions")
    begun = time.monotonic()
    board = Board(screen, jobs(scratch), CRON_KIND, FIRINGS)
    with Server(Target(data_dir=data)) as server:
        revision = server.get("overview")["revision"]
        board.take(server.get("instances", kind=CRON_KIND))
        for job in board.jobs:
            board.scheduled(job, server.post("kinds", job.kind, "schedule", body={"arguments": job.arguments}))
        with board.shown(), bounded():
            for event in server.events({"table": "instances", "after": revision}, SECONDS):
                board.take([event["record"]])
                if board.over or time.monotonic() - begun > SECONDS:
                    break
    board.summarise()
    return board.as_expected


@contextmanager
def bounded() -> Iterator[None]:
    """Let a stream without news end the watching: what is missing then is told in the summary."""
    try:
        yield
    except Quiet:
        return


def run_tasks(data: Path, screen: Screen, boxed_in: str) -> bool:
    """Run tasks as a Mesos framework; gives whether all went as it should."""
    master = endpoints(data)["mesos_master"]
    screen.say()
    screen.begin(f"Mesos: a framework takes an offer of the master at {master}")
    return tasks.play(master, screen, boxed_in, SECONDS)


def run_titus(data: Path, scratch: Path, screen: Screen) -> bool:
    """Run batch and service jobs as a user of Titus; gives whether all went as it should."""
    gateway = endpoints(data)["titus_rest"]
    screen.say()
    screen.begin(f"Titus: batch and service jobs through the gateway at {gateway}")
    return titus_jobs.play(gateway, screen, str(scratch / "tried-by-titus"), SECONDS)


def run_armonik(data: Path, screen: Screen) -> bool:
    """Run tasks that depend on each other as a client of ArmoniK; gives whether all went as it should."""
    address = str(endpoints(data)["armonik"])
    screen.say()
    screen.begin(f"ArmoniK: a session with tasks for the workers of a partition, at {address}")
    return armonik_tasks.play(address, screen, SECONDS)


def conclude(screen: Screen, seconds: float) -> None:
    """Say how to go on."""
    screen.say()
    screen.say(f"All of it took {seconds:.1f} s and has been stopped again. To look further:")
    for command in (
        ".venv/bin/portico up --config demo/portico.toml",
        ".venv/bin/portico schedule hello World",
        ".venv/bin/portico kinds",
        ".venv/bin/portico instances",
        ".venv/bin/portico sessions",
        "curl -s http://127.0.0.1:5050/master/state-summary",
        "curl -s http://127.0.0.1:8080/api/v3/jobs",
        ".venv/bin/portico --help",
    ):
        screen.say(f"    {command}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
