"""Looking at a Run from its own machine: by a command, an HTTP request, or a TCP connection.

Promises: a command and all it started are gone when the look is over, however it ends. The exit code comes through a
pipe, so that it is right whoever reaps the process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import assert_never
from urllib.parse import quote

from portico.domain.runs import CheckKind, HealthCheck, StatusCheck
from portico.node.accounts import other_account

# The shell waits for a line before it goes on: until then it is moved into the Run's cgroup.
_SCRIPT = 'read -r _ && { "$@" </dev/null >/dev/null; echo "$?"; }'
_URL_CHARACTERS = "/?#[]@!$&'()*+,;=:%~-._"
_STATUS_LIMIT = 4096
_WELL = {CheckKind.COMMAND: range(1), CheckKind.HTTP: range(200, 400), CheckKind.TCP: range(1, 2)}
"""What a look at a healthy Run sees."""

Look = HealthCheck | StatusCheck
_UNSEEN = (OSError, ValueError, OverflowError)
"""What cannot be looked at: it is not there, or no such command, path or port can be."""


class HostProbe:
    """Probes with the Run's environment, directory and user; commands join the cgroup files named by `join`.

    `join` are a v1 group's `tasks` files, or the one `cgroup.procs` of a v2 group. `prefix`
    goes before a command: it leads into the Run's container.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        cwd: Path,
        user: str = "",
        join: Sequence[str] = (),
        host: str = "127.0.0.1",
        prefix: Sequence[str] = (),
    ) -> None:
        self._environment = dict(environment)
        self._cwd = cwd
        self._account = other_account(user)
        self._join = tuple(join)
        self._host = host
        self._prefix = tuple(prefix)

    async def look(self, check: HealthCheck) -> bool:
        """Tell whether the command exits with 0, HTTP answers 200 to 399, or TCP connects."""
        return await self.see(check) in _WELL[check.kind]

    async def see(self, check: Look) -> int | None:
        """Give the exit code, the HTTP status, or 1 and 0 for whether TCP connects; None when there is none.

        A command that a signal ended has the exit code that shells give it, 128 and the signal's number.
        """
        match check.kind:
            case CheckKind.COMMAND:
                return await self._command(check.argv)
            case CheckKind.HTTP:
                return await _http(self._host, check)
            case CheckKind.TCP:
                return await _tcp(self._host, check.port)
            case _:
                assert_never(check.kind)

    async def _command(self, argv: Sequence[str]) -> int | None:
        if not argv:
            return None
        try:
            process = self._start(argv)
        except _UNSEEN:
            return None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            try:
                for path in self._join:
                    _write(path, b"%d" % process.pid)
                os.write(process.stdin.fileno(), b"\n")
            except OSError:
                # The Run's group is gone, or the shell: both mean that the Run is not well.
                return None
            code = (await _line(process.stdout.fileno())).strip()
            return int(code) if code.isdigit() else None
        finally:
            _end(process)

    def _start(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        account = self._account
        return subprocess.Popen(
            ("/bin/sh", "-c", _SCRIPT, "check", *self._prefix, *argv),
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._cwd,
            env=self._environment,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=account.groups if account else None,
            start_new_session=True,
        )


async def _http(host: str, check: Look) -> int | None:
    path = quote(check.path if check.path.startswith("/") else f"/{check.path}", safe=_URL_CHARACTERS)
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{check.port}\r\nUser-Agent: portico\r\nConnection: close\r\n\r\n"
    context = _unverified() if check.scheme == "https" else None
    try:
        reader, writer = await asyncio.open_connection(host, check.port, ssl=context, limit=_STATUS_LIMIT)
    except _UNSEEN:
        return None
    try:
        writer.write(request.encode("ascii"))
        return _status(await reader.readline())
    except (OSError, ValueError):
        # Broken off, or a first line beyond any status line.
        return None
    finally:
        writer.transport.abort()


def _status(line: bytes) -> int | None:
    protocol, _, rest = line.partition(b" ")
    return int(rest[:3]) if protocol.startswith(b"HTTP/") and rest[:3].isdigit() else None


async def _tcp(host: str, port: int) -> int:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except _UNSEEN:
        return 0
    writer.transport.abort()
    return 1


def _unverified() -> ssl.SSLContext:
    """A Run's own certificate is seldom one that anybody signed; the look is about life, not about trust."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _line(handle: int) -> bytes:
    """Read what there is once there is something."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(handle, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(handle)
    return os.read(handle, 64)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole group and let go of it; the shell leads it and lives, or is unreaped, until here."""
    # Gone to the last one, or nothing left in it that is ours to kill.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()


def _write(path: str, value: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, value)
    finally:
        os.close(handle)
