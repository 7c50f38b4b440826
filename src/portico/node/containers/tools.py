"""Programs of others that do what we do not: found on PATH, run to their end, quoted when they fail.

Promises: a program that is missing is named, with what it is for; one that is broken off is killed and waited for.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from collections.abc import Mapping, Sequence

from portico.domain.errors import PorticoError, Unavailable

PATIENCE = 600.0
"""Seconds that a program may take."""

_MESSAGE = re.compile(r'msg="((?:[^"\\]|\\.)*)"')
_LONGEST = 500


class ToolFailed(PorticoError):
    """A program ended with an error; the message quotes it, `output` is what it wrote besides."""

    def __init__(self, message: str, output: bytes = b"") -> None:
        super().__init__(message)
        self.output = output


def find_tool(name: str, purpose: str, path: str | None = None) -> str:
    """Give the program's file; raises Unavailable when it is not installed."""
    found = shutil.which(name, path=path)
    if found is None:
        raise Unavailable(f"{purpose} needs {name!r}, which is not installed on this machine")
    return found


async def run_tool(
    argv: Sequence[str], patience: float = PATIENCE, *, given: bytes = b"", environment: Mapping[str, str] | None = None
) -> bytes:
    """Run a program to its end and give its output; raises ToolFailed when it fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE if given else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=None if environment is None else {**os.environ, **environment},
    )
    try:
        async with asyncio.timeout(patience):
            output, errors = await process.communicate(given or None)
    except TimeoutError as error:
        raise ToolFailed(f"{argv[0]} took longer than {patience:g} s") from error
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise ToolFailed(said(errors) or f"{argv[0]} ended with {process.returncode}", output)
    return output


def said(errors: bytes) -> str:
    """Give the last thing a program said, without the dress of its log."""
    lines = [line for line in errors.decode(errors="replace").splitlines() if line.strip()]
    if not lines:
        return ""
    quoted = _MESSAGE.search(lines[-1])
    text = quoted.group(1).replace('\\"', '"').replace("\\n", " ") if quoted else lines[-1].strip()
    return text[:_LONGEST]
