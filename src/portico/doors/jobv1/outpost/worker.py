"""The worker process: `python -m portico.doors.jobv1.outpost.worker`, told all by its environment.

    PORTICO_WORKER_LINK         unix:PATH or tcp:HOST:PORT, where control listens
    PORTICO_WORKER_FLEET        the fleet it belongs to
    PORTICO_WORKER_SECRET_FILE  file with the secret it shows
    PORTICO_WORKER_MODULES      modules to load, joined by the path separator or a JSON list
    PORTICO_WORKER_PATH         folders to search for them, likewise
    PORTICO_RUN_ID, PORTICO_RUN_TOKEN   the Run it is

Exit codes: 0 shut down, 1 a module cannot be loaded, 2 the environment is wrong, 3 control refused it. SIGTERM ends
it at once, since user code may hang.
"""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from portico.domain.errors import Invalid
from portico.doors.jobv1.outpost.discovery import Catalogue, load
from portico.doors.jobv1.outpost.execution import Executor
from portico.doors.jobv1.outpost.link import Address, Link, address
from portico.doors.jobv1.outpost.shift import Badge, Shift
from portico.giving_way import give_way

_LOAD_FAILED = 1
_USAGE = 2
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class Settings(msgspec.Struct, frozen=True):
    """What the environment says."""

    link: Address
    badge: Badge
    modules: tuple[str, ...]
    path: tuple[str, ...]


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the environment and the secret's file; Invalid names the variable."""
    try:
        link = address(_needed(environment, "PORTICO_WORKER_LINK"))
    except Invalid as error:
        raise Invalid(f"PORTICO_WORKER_LINK: {error}") from error
    badge = Badge(
        run=_needed(environment, "PORTICO_RUN_ID"),
        token=_token(environment),
        fleet=environment.get("PORTICO_WORKER_FLEET", ""),
        secret=_secret(environment.get("PORTICO_WORKER_SECRET_FILE", "")),
    )
    return Settings(
        link, badge, _list(environment, "PORTICO_WORKER_MODULES"), _list(environment, "PORTICO_WORKER_PATH")
    )


def main() -> int:
    """Load the kinds and work until told to stop; give the exit code."""
    try:
        settings = read_settings(os.environ)
    except Invalid as error:
        print(f"worker: {error}", file=sys.stderr)  # noqa: T201 — logging is not set up yet
        return _USAGE
    _write_lines_at_once()
    give_way()
    catalogue = load(settings.modules, settings.path)
    # After loading, so that a set-up of logging by user code wins.
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=_LOG_FORMAT)
    if catalogue.errors:
        _tell(catalogue)
        return _LOAD_FAILED
    # The plain dispositions end the process even while user code hangs outside the interpreter.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    executor = Executor(catalogue.kinds)
    code = Shift(settings.badge, Link(settings.link), executor).run()
    executor.close()
    return code


def _write_lines_at_once() -> None:
    """A worker that is killed must not take what user code has printed with it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


def _tell(catalogue: Catalogue) -> None:
    log = logging.getLogger("portico.worker")
    for error in catalogue.errors:
        log.error("%s%s", error.message, f"\n{error.traceback}" if error.traceback else "")


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise Invalid(f"{name} is not set", name)
    return value


def _token(environment: Mapping[str, str]) -> int:
    text = _needed(environment, "PORTICO_RUN_TOKEN")
    try:
        return int(text)
    except ValueError:
        raise Invalid(f"PORTICO_RUN_TOKEN: {text!r} is not an integer", "PORTICO_RUN_TOKEN") from None


def _secret(file: str) -> str:
    if not file:
        return ""
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise Invalid(f"PORTICO_WORKER_SECRET_FILE: {error}", "PORTICO_WORKER_SECRET_FILE") from error


def _list(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = environment.get(name, "")
    if not text.lstrip().startswith("["):
        return tuple(part for part in text.split(os.pathsep) if part)
    try:
        return msgspec.json.decode(text, type=tuple[str, ...])
    except msgspec.DecodeError as error:
        raise Invalid(f"{name}: not a JSON list of texts: {error}", name) from error


if __name__ == "__main__":
    sys.exit(main())
