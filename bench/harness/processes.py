"""Processes a benchmark starts: each is remembered by its pid and ended by whoever started it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PEERS = Path(__file__).resolve().parents[1] / "peers"
PATIENCE = 20


class DidNotStart(Exception):
    """A process ended, or said something else, before it was ready."""


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    *,
    talks: bool = True,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run a process for the length of a block; it ends with SIGTERM, and SIGKILL where that does not help.

    Its standard input stays open as long as the block lasts. What it says is read from a pipe when it `talks`, else
    it goes to `log`, as errors do.
    """
    with log.open("a") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if talks else errors,
            stderr=errors,
            text=True,
            env=environment,
            cwd=cwd,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End a process and wait until it is gone."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def first_line(process: subprocess.Popen[str], log: Path, beginning: str = "") -> str:
    """Wait for the first line of output that begins so."""
    for line in lines_of(process):
        if line.startswith(beginning):
            return line.strip()
    tail = "\n".join(log.read_text().splitlines()[-20:])
    message = f"{process.args!r} ended before it was ready; the end of {log}:\n{tail}"
    raise DidNotStart(message)


def lines_of(process: subprocess.Popen[str]) -> IO[str]:
    """Give the output of a process that was started with a pipe."""
    assert process.stdout is not None
    return process.stdout


def answer(script: str, *arguments: str, python: str = sys.executable) -> Any:
    """Run one of the peers to its end and read the JSON it prints."""
    done = subprocess.run(
        [python, str(PEERS / script), *arguments], check=True, stdout=subprocess.PIPE, text=True, cwd=PEERS
    )
    return json.loads(done.stdout)
