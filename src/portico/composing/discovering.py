"""Finding kinds that are Python functions, in a process of their own: user code never runs in the server."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import entry_points

import msgspec

from portico.domain.errors import Invalid, PorticoError
from portico.doors.jobv1.outpost.discovery import ENTRY_POINTS, Document
from portico.settings import PythonSettings

PATIENCE = 60.0


async def discover(settings: PythonSettings) -> Document:
    """Load the configured modules elsewhere and list their kinds; raises Invalid with every problem found."""
    if not settings.modules and not entry_points(group=ENTRY_POINTS):
        return Document((), ())
    command = [sys.executable, "-m", "portico.doors.jobv1.outpost.discovery"]
    command += ["--path", *(str(path) for path in settings.path), "--modules", *settings.modules]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(PATIENCE):
            printed, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Invalid(f"[python] modules: loading them took longer than {PATIENCE:g} s") from error
    try:
        document = msgspec.json.decode(printed, type=Document)
    except msgspec.DecodeError as error:
        raise PorticoError(f"[python] modules: discovery ended with code {process.returncode}") from error
    if document.errors:
        problems = "\n".join(
            f"[python] modules: {error.message}\n{error.traceback}".rstrip() for error in document.errors
        )
        raise Invalid(problems)
    return document
