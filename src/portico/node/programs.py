"""Finding the program of a Run and what it is started with.

Promises: the search follows the Run's own PATH and working directory, never the agent's; what cannot be started is said
in a sentence its owner understands. Of the agent's environment a Run sees PATH, LANG, LC_ALL and TZ only.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from portico.domain.errors import Invalid
from portico.domain.frames import LaunchOrder
from portico.domain.resources import Ports

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")
_CACHE_LIMIT = 256


class Programs:
    """Looks programs up, and remembers where bare names were found."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], str] = {}

    def resolve(self, name: str, path: str, directory: str) -> str:
        """Give the file to execute; raises Invalid when there is none."""
        if "/" in name:
            target = name if name.startswith("/") else f"{directory}/{name}"
            if not os.access(target, os.X_OK) or target.endswith("/"):
                check_executable(target, name)
            return target
        known = self._found.get((name, path))
        if known is not None and os.access(known, os.X_OK):
            return known
        found = _search(name, path, directory)
        if len(self._found) >= _CACHE_LIMIT:
            self._found.clear()
        if found.startswith("/"):
            self._found[name, path] = found
        return found


def _search(name: str, path: str, directory: str) -> str:
    unfit = ""
    for place in path.split(os.pathsep):
        target = f"{place}/{name}" if place.startswith("/") else f"{directory}/{place}/{name}"
        if not os.path.isfile(target):  # noqa: PTH113 — a folder that may not be looked into holds nothing for us
            continue
        if os.access(target, os.X_OK):
            return target
        unfit = unfit or target
    if unfit:
        raise Invalid(f"not executable: {unfit}")
    raise Invalid(f"no such program: {name} (PATH is {path})")


def check_executable(target: str, name: str) -> None:
    """Raise Invalid unless the file can be executed."""
    try:
        mode = Path(target).stat().st_mode
    except FileNotFoundError as error:
        raise Invalid(f"no such program: {name}") from error
    except OSError as error:
        raise Invalid(f"program {name}: {error.strerror}") from error
    if stat.S_ISDIR(mode) or not os.access(target, os.X_OK):
        raise Invalid(f"not executable: {name}")


def inherited_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Pick what Runs see of the agent's own environment."""
    picked = {name: environment[name] for name in PASSED_ON if name in environment}
    picked.setdefault("PATH", DEFAULT_PATH)
    picked.setdefault("LANG", "C.UTF-8")
    return picked


def run_environment(
    order: LaunchOrder, sandbox: str, node: str, inherited: Mapping[str, str], host_socket: str
) -> dict[str, str]:
    """Give a Run's environment: its own variables over ours.

    Ours are HOME and PORTICO_SANDBOX (the sandbox), PORTICO_RUN_ID, PORTICO_RUN_TOKEN, PORTICO_NODE, PORT0… and PORTS
    (comma separated) when it has ports, and PORTICO_HOST_SOCKET when it hosts other Runs.
    """
    environment = {
        **inherited,
        "HOME": sandbox,
        "PORTICO_SANDBOX": sandbox,
        "PORTICO_RUN_ID": order.run,
        "PORTICO_RUN_TOKEN": str(order.token),
        "PORTICO_NODE": node,
    }
    if order.ports:
        environment.update(_port_variables(order.ports))
    if order.spec.hosts:
        environment["PORTICO_HOST_SOCKET"] = host_socket
    for name in order.spec.folder_names:
        environment[name] = sandbox
    if order.spec.environment:
        environment.update(order.spec.environment)
    return environment


def _port_variables(ports: Ports) -> dict[str, str]:
    numbers = [str(port) for first, last in ports for port in range(first, last + 1)]
    variables = {f"PORT{index}": number for index, number in enumerate(numbers)}
    variables["PORTS"] = ",".join(numbers)
    return variables
