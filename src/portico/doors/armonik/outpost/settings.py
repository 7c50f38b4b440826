"""What the agent is told by its arguments and its environment.

Every option has a variable `PORTICO_ARMONIK_<OPTION>`, which the argument overrides; the Run it is stands in
PORTICO_RUN_ID and PORTICO_RUN_TOKEN. What follows `--` is the worker's command.
"""

from __future__ import annotations

import argparse
import socket
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from portico.domain.errors import Invalid

PREFIX = "PORTICO_ARMONIK_"

FOLDER_LIMIT = 10_000 << 20


class SocketType(StrEnum):
    """Where a channel's server listens, in upstream's words."""

    UNIX = "unixdomainsocket"
    TCP = "tcp"


class Channel(msgspec.Struct, frozen=True):
    """One end of the worker protocol: a socket's path, or HOST:PORT with or without `http://` in front."""

    type: SocketType
    address: str

    @property
    def target(self) -> str:
        """The address as gRPC wants it."""
        if self.type is SocketType.UNIX:
            return f"unix:{self.address}"
        return self.address.removeprefix("http://").rstrip("/")


class Settings(msgspec.Struct, frozen=True):
    """Everything an agent must know; graces and checks in seconds, sizes in bytes, a limit of 0 is none.

    Addresses and folders that are empty are chosen by the agent, in a private folder. Without a `command` the worker
    was started by somebody else, who gives its channel.
    """

    link: str
    partition: str
    secret: str
    host: str
    pod: str
    run: str = ""
    token: int = 0
    command: tuple[str, ...] = ()
    shared_folder: str = ""
    worker_folder: str = ""
    worker_address: str = ""
    worker_socket_type: SocketType = SocketType.UNIX
    agent_address: str = ""
    agent_socket_type: SocketType = SocketType.UNIX
    message_batch_size: int = 1
    chunk_bytes: int = 2 << 20
    folder_limit: int = FOLDER_LIMIT
    finish_grace: float = 1.0
    stop_grace: float = 5.0
    cancel_grace: float = 1.0
    check_retries: int = 10
    check_delay: float = 2.0
    check_timeout: float = 5.0


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Read arguments, environment and the secret's file; Invalid names what is wrong."""
    words, command = _split(arguments)
    given = _parser(environment).parse_args(words)
    host = given.host or socket.gethostname()
    run = environment.get("PORTICO_RUN_ID", "")
    try:
        settings = Settings(
            link=_needed(given.link, "link"),
            partition=_needed(given.partition, "partition"),
            secret=_secret(given.secret_file),
            host=host,
            pod=given.pod or run or host,
            run=run,
            token=int(environment.get("PORTICO_RUN_TOKEN") or 0),
            command=tuple(command),
            **{name: kind(getattr(given, name)) for name, (kind, _, _) in _OPTIONS.items()},
        )
    except ValueError as error:
        raise Invalid(str(error)) from error
    _check(settings)
    return settings


_OPTIONS: dict[str, tuple[Callable[[str], Any], object, str]] = {
    "shared_folder": (str, "", "folder in which a folder is made for each task"),
    "worker_folder": (str, "", "the same folder as the worker sees it, where that is in a container of its own"),
    "worker_address": (str, "", "where the worker listens"),
    "worker_socket_type": (SocketType, SocketType.UNIX, "unixdomainsocket or tcp"),
    "agent_address": (str, "", "where the agent listens for its worker"),
    "agent_socket_type": (SocketType, SocketType.UNIX, "unixdomainsocket or tcp"),
    "message_batch_size": (int, 1, "told to the worker as ComputePlane__MessageBatchSize"),
    "chunk_bytes": (int, 2 << 20, "most bytes of data in one of the worker's messages"),
    "folder_limit": (int, FOLDER_LIMIT, "bytes that a task's folder may hold; 0: as much as the disk"),
    "finish_grace": (float, 1.0, "seconds that a running task is given when the agent is told to end"),
    "stop_grace": (float, 5.0, "seconds between the worker's SIGTERM and its SIGKILL"),
    "cancel_grace": (float, 1.0, "seconds in which a worker must answer again after its task was cancelled"),
    "check_retries": (int, 10, "health checks that may fail in a row"),
    "check_delay": (float, 2.0, "seconds between two checks, times the number of the try"),
    "check_timeout": (float, 5.0, "seconds a health check may take"),
}


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="portico-armonik-agent", description="Carries out the tasks of one partition with one worker."
    )
    named = {
        "link": ("", "unix:PATH or tcp:HOST:PORT, where control listens"),
        "secret_file": ("", "file with the secret that control asks for"),
        "partition": ("", "the partition whose tasks are carried out"),
        "pod": ("", "name of this agent; it is made unique"),
        "host": ("", "name of this machine"),
    }
    options = named | {name: (default, text) for name, (_, default, text) in _OPTIONS.items()}
    for name, (default, text) in options.items():
        known = environment.get(PREFIX + name.upper(), default)
        parser.add_argument("--" + name.replace("_", "-"), default=known, help=text)
    return parser


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Cut at the first `--`."""
    if "--" not in arguments:
        return arguments, ()
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def _check(settings: Settings) -> None:
    if not settings.command and not settings.worker_address:
        raise Invalid("neither a worker command after -- nor --worker-address is given", "worker_address")
    for side, socket_type in (("worker", settings.worker_socket_type), ("agent", settings.agent_socket_type)):
        if socket_type is SocketType.TCP and not getattr(settings, f"{side}_address"):
            raise Invalid(f"--{side}-address must be given with --{side}-socket-type tcp", f"{side}_address")
    for name in _OPTIONS:
        value = getattr(settings, name)
        if isinstance(value, int | float) and value < 0:
            raise Invalid(f"--{name.replace('_', '-')} must not be negative", name)


def _needed(value: str, name: str) -> str:
    if not value:
        raise Invalid(f"--{name} or {PREFIX}{name.upper()} must be given", name)
    return value


def _secret(file: str) -> str:
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Invalid(f"--secret-file: {error}", "secret_file") from error
