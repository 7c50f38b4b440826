"""The command that looks at this machine: what Portico needs here, what would make it better."""

from __future__ import annotations

import errno
import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from portico.cli import rendering, words
from portico.cli.failures import SUCCESS, Failed
from portico.cli.options import COMMON, data_directory

OLDEST_PYTHON = (3, 11)
_PORTS = ((50_051, "--grpc-port"), (8_080, "--http-port"), (5_050, "--mesos-port"), (5_051, "--agent-port"))
_SLICE = "portico-doctor"


class Finding(msgspec.Struct, frozen=True):
    """What a check saw. A `hint` is how to make it better; `needed` means that Portico does not work without."""

    check: str
    seen: str
    hint: str = ""
    needed: bool = False

    @property
    def state(self) -> str:
        """Give one word for it."""
        if not self.hint:
            return "ok"
        return "missing" if self.needed else "hint"


class _Tool(msgspec.Struct, frozen=True):
    name: str
    package: str
    purpose: str


_TOOLS = (
    _Tool("prlimit", "util-linux", "limits of open files and processes"),
    _Tool("setpriv", "util-linux", "kinds that run as another user"),
    _Tool("bwrap", "bubblewrap", "mounts and the like on the host's own root, the image portico/host"),
    _Tool("skopeo", "skopeo", "copying images"),
    _Tool("umoci", "umoci", "unpacking images"),
)
_RUNTIMES = ("crun", "runc")
_NETWORK_PLUGIN = "bridge"


def doctor(
    *,
    data_dir: Annotated[Path | None, Parameter(group=COMMON)] = None,
    json: Annotated[bool, Parameter(negative=(), group=COMMON, help="Print one JSON object per line.")] = False,
) -> int:
    """Look at this machine and say what would help; exit code 1 when Portico cannot run here.

    Parameters
    ----------
    data_dir
        The data directory that is to be used [default: ~/.local/share/portico].
    """
    findings = [*check_python(), *check_directory(data_directory(data_dir)), *check_ports(), *check_cgroups()]
    findings += [*check_tools(), *check_containers(), *check_optional()]
    if json:
        rendering.objects(
            {"id": found.check, "state": found.state, "seen": found.seen, "hint": found.hint} for found in findings
        )
    else:
        _show(findings)
    return Failed.code if any(found.needed and found.hint for found in findings) else SUCCESS


def _show(findings: list[Finding]) -> None:
    colours = {"ok": "green", "hint": "yellow", "missing": "red"}
    columns = (
        rendering.Column("check"),
        rendering.Column("state"),
        rendering.Column("seen", rigid=False, wrap=True),
        rendering.Column("what helps", rigid=False, wrap=True),
    )
    rows = [
        (found.check, rendering.Cell(found.state, colours[found.state]), found.seen, found.hint) for found in findings
    ]
    rendering.table(columns, rows, "nothing was looked at")


def check_python() -> Iterator[Finding]:
    """Look at the interpreter and the system."""
    version = platform.python_version()
    enough = sys.version_info >= OLDEST_PYTHON
    yield Finding("python", version, "" if enough else "apt install python3.11", needed=True)
    on_linux = sys.platform == "linux"
    yield Finding("system", platform.platform(), "" if on_linux else "Portico runs Linux processes only", needed=True)


def check_directory(directory: Path) -> Iterator[Finding]:
    """Look whether the data directory can be written, or made."""
    places = (directory.absolute(), *directory.absolute().parents)
    existing = next(path for path in places if os.path.exists(path))  # noqa: PTH110 — False where we may not look
    if not existing.is_dir():
        hint = f"choose another one with --data-dir: {existing} is no directory"
    elif not os.access(existing, os.W_OK | os.X_OK):
        hint = f"choose another one with --data-dir, or: sudo chown $USER {existing}"
    else:
        hint = ""
    free = words.size(shutil.disk_usage(existing).free)
    yield Finding("data directory", f"{directory}, {free} free", hint, needed=True)


def check_ports() -> Iterator[Finding]:
    """Look whether the default ports can be had."""
    for port, flag in _PORTS:
        problem = _port_problem(port)
        hint = f"another port: portico up {flag} 0 takes any free one" if problem else ""
        yield Finding(f"port {port}", problem or "free", hint)


def _port_problem(port: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return "in use" if error.errno == errno.EADDRINUSE else str(error.strerror)
    return ""


def check_cgroups() -> Iterator[Finding]:
    """Look at the control groups this user may write."""
    from portico.node.cgroups import detect  # noqa: PLC0415 — help must not wait for it

    found = detect(slice_name=_SLICE)
    try:
        names = ", ".join(sorted(found.controllers)) or "no controller"
        seen = names if found.version == "none" else f"{found.version}: {names}"
        hint = ""
        if found.warnings:
            hint = " ".join(found.warnings) + " Run as root, or: systemd-run --user --scope -p Delegate=yes portico up"
        yield Finding("cgroups", seen, hint)
    finally:
        found.close()


def check_tools() -> Iterator[Finding]:
    """Look for the programs that some features use."""
    for tool in _TOOLS:
        path = shutil.which(tool.name)
        hint = "" if path else f"for {tool.purpose}: apt install {tool.package}"
        yield Finding(tool.name, path or "not installed", hint)


def check_containers() -> Iterator[Finding]:
    """Look whether images can be run: by whom, by which runtime, and with networks of their own."""
    root = os.geteuid() == 0
    hint = "" if root else "for images other than portico/host: run as root"
    yield Finding("containers", "as root" if root else "not as root", hint)
    runtime = next(filter(None, map(shutil.which, _RUNTIMES)), None)
    yield Finding("runtime", runtime or "not installed", "" if runtime else "for containers: apt install crun, or runc")
    yield _network_plugins()


def _network_plugins() -> Finding:
    from portico.node.containers.networks import DEFAULT_PATH  # noqa: PLC0415 — help must not wait for it

    found = shutil.which(_NETWORK_PLUGIN, path=os.environ.get("CNI_PATH") or DEFAULT_PATH)
    hint = "" if found else "for containers with networks of their own: apt install containernetworking-plugins"
    return Finding("networks", str(Path(found).parent) if found else "no CNI plugins", hint)


def check_optional() -> Iterator[Finding]:
    """Say which well-known companions are not needed."""
    ray = importlib.util.find_spec("ray") is not None
    yield Finding("ray", "installed" if ray else "not installed, and not needed on one machine")
    redis = shutil.which("redis-server")
    yield Finding("redis", f"{redis or 'not installed'}, and not needed")
