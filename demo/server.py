"""A server for the length of the demo: started in the background, stopped with all that it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from portico.cli.failures import Failed

PORTICO = [sys.executable, "-m", "portico.cli"]
ANY_PORT = ["--grpc-port", "0", "--http-port", "0", "--mesos-port", "0", "--agent-port", "0"]
STOP_SECONDS = 60.0


@contextmanager
def running(folder: Path, scratch: Path, settings: Mapping[str, str]) -> Iterator[Path]:
    """Run a server with `folder`/portico.toml and PORTICO_… variables; gives its data directory once it is ready.

    Variables of the person who runs the demo do not count.
    """
    data, log = scratch / "data", scratch / "server.log"
    command = [*PORTICO, "up", "--config", str(folder / "portico.toml"), "--data-dir", str(data), *ANY_PORT]
    with log.open("wb") as written:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=written,
            env={name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")} | dict(settings),
            start_new_session=True,
        )
    try:
        _await_ready(server)
        yield data
    except Failed as error:
        raise Failed(f"{error}\nThe server's log:\n{log.read_text(errors='replace')}") from error
    finally:
        _stop(server, data)


def _await_ready(server: subprocess.Popen[bytes]) -> None:
    assert server.stdout is not None
    with server.stdout:
        if not server.stdout.readline().startswith(b"ready"):
            raise Failed("the server did not start")


def _stop(server: subprocess.Popen[bytes], data: Path) -> None:
    """Stop the server with its Runs; should that fail, at least end the process."""
    stopping = subprocess.run(
        [*PORTICO, "down", "--data-dir", str(data)], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if server.poll() is None and stopping.returncode:
        server.terminate()
        sys.stderr.write(stopping.stderr.decode(errors="replace"))
    server.wait(STOP_SECONDS)
