"""The programs that make containers: `crun`, which takes a fifth of the time, or `runc`.

Both are told to start the container and leave it, so that its first process becomes the agent's own child, and after
the agent the keeper's. crun leaves control groups alone, so that the Run's own holds; runc insists on a group inside
it, and on one in every other hierarchy, which it removes when told that the container is gone. Promises: what else a
runtime keeps lies in the bundle and goes with it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import msgspec

from portico.domain.errors import Unavailable

_LARGEST = 1 << 16
_ALL_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class Runtime(msgspec.Struct, frozen=True):
    """One runtime by its file."""

    kind: str
    path: str

    def start(self, bundle: Path, name: str, console: str) -> tuple[str, ...]:
        """Give the command that starts a bundle's container and ends; `console` is a socket, or empty."""
        places = (f"--pid-file={bundle}/pid", f"--bundle={bundle}", *_terminal(console))
        return (*self._begin(bundle), "run", "--detach", *places, name)

    def join(self, bundle: Path, name: str, process: Path, console: str) -> tuple[str, ...]:
        """Give the command that starts a further process, described in `process`/process.json, in a container."""
        described = (f"--process={process}/process.json", f"--pid-file={process}/pid")
        return (*self._begin(bundle, process), "exec", "--detach", *described, *_terminal(console), name)

    def look(self, bundle: Path, name: str, directory: str, user: str) -> tuple[str, ...]:
        """Give the beginning of a command that runs in a container, is waited for, and gives its exit code."""
        return (*self._begin(bundle), "exec", "--cwd", directory, "--user", user, name)

    def delete(self, bundle: Path, name: str) -> tuple[str, ...]:
        """Give the command that clears up behind a dead container; none when nothing is outside its bundle."""
        return () if self.kind == "crun" else (*self._begin(bundle), "delete", "--force", name)

    def _begin(self, bundle: Path, place: Path | None = None) -> tuple[str, ...]:
        own = ("--cgroup-manager=disabled",) if self.kind == "crun" else ()
        return (self.path, *own, f"--log={place or bundle}/log", "--log-format=json", f"--root={bundle}/runtime")


def _terminal(console: str) -> tuple[str, ...]:
    return (f"--console-socket={console}",) if console else ()


def find_runtime() -> Runtime:
    """Give the faster runtime that is installed; raises Unavailable without any."""
    for kind in ("crun", "runc"):
        path = shutil.which(kind)
        if path is not None:
            return Runtime(kind, path)
    raise Unavailable("containers need 'crun' or 'runc', and neither is installed on this machine")


def sealed(runtime: Runtime) -> Runtime:
    """Give the same runtime out of memory that nobody can write to, for as long as this process lives.

    crun, whose file could be written to by way of a container, makes such a copy of itself at every start, and starts
    anew from that; from this copy it goes right on. Raises OSError.
    """
    if runtime.kind != "crun":
        return runtime
    program = Path(runtime.path).read_bytes()
    handle = os.memfd_create(runtime.kind, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(handle), "wb") as copy:
        copy.write(program)
    fcntl.fcntl(handle, fcntl.F_ADD_SEALS, _ALL_SEALS)
    return Runtime(runtime.kind, f"/proc/{os.getpid()}/fd/{handle}")


class _Line(msgspec.Struct, frozen=True):
    msg: str = ""
    level: str = ""


def complaint(log: Path) -> str:
    """Give the last error in a runtime's log; empty when it left none."""
    try:
        with log.open("rb") as lines:
            text = lines.read(_LARGEST)
    except FileNotFoundError:
        return ""
    last = ""
    for line in text.splitlines():
        try:
            entry = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError:
            continue
        if entry.level in ("error", "fatal"):
            last = entry.msg
    return last
