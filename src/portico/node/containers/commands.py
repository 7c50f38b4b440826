"""What a container runs, with which environment and where: the rules of image and Run together. Pure."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from portico.domain.containers import Container
from portico.domain.errors import Invalid
from portico.domain.frames import LaunchOrder
from portico.domain.runs import RunSpec
from portico.node.containers.image_config import ImageConfig, variables
from portico.node.programs import DEFAULT_PATH, run_environment


def command(container: Container, spec: RunSpec, image: ImageConfig) -> tuple[str, ...]:
    """Give what to run; raises Invalid when neither Run nor image says it.

    The entry point is the container's when given, else the image's; the arguments are the Run's when it has some, else
    the image's own, but only behind its own entry point.
    """
    replaced = container.entrypoint is not None
    first = container.entrypoint if container.entrypoint is not None else image.entrypoint
    rest = spec.argv or (() if replaced else image.cmd)
    if not (*first, *rest) or not (*first, *rest)[0]:
        raise Invalid(f"neither the Run nor the image {container.image!r} names a command", "argv")
    return (*first, *rest)


def environment(
    order: LaunchOrder, container: Container, image: ImageConfig, home: str, place: tuple[str, str, str]
) -> dict[str, str]:
    """Give the variables: the image's, over them ours, over them the Run's; `place` is node, host socket and sandbox.

    HOME is the user's in the image, as there it is where programs look for their files.
    """
    own = variables(image)
    inherited = {"PATH": own.get("PATH", DEFAULT_PATH)}
    ours = run_environment(order, container.sandbox_target, place[0], inherited, place[1])
    ours["HOME"] = order.spec.environment.get("HOME") or own.get("HOME") or home
    if container.hostname:
        ours.setdefault("HOSTNAME", container.hostname)
    ours.update(dict.fromkeys(order.spec.folder_names, place[2]))
    if container.tty:
        ours.setdefault("TERM", own.get("TERM", "xterm"))
    return {**own, **ours}


def working_directory(container: Container, spec: RunSpec, image: ImageConfig) -> str:
    """Give where it runs: as the Run says (from the sandbox if relative), else as the image says, else the sandbox."""
    if spec.working_directory:
        wanted = spec.working_directory
        return wanted if wanted.startswith("/") else f"{container.sandbox_target}/{wanted}"
    directory = image.working_dir
    if not directory or directory == "/":
        return container.sandbox_target
    return directory if directory.startswith("/") else f"/{directory}"


def stop_signal(container: Container, image: ImageConfig) -> int:
    """Give the number of the signal that asks for the end; raises Invalid for a name that is none."""
    wanted = container.stop_signal or image.stop_signal
    if not wanted:
        return int(signal.SIGTERM)
    if wanted.isascii() and wanted.isdecimal() and 0 < int(wanted) < signal.NSIG:
        return int(wanted)
    found = _SIGNALS.get(wanted.upper().removeprefix("SIG"))
    if found is None:
        raise Invalid(f"there is no signal {wanted[:40]!r}", "stop_signal")
    return found


_SIGNALS: Mapping[str, int] = {one.name.removeprefix("SIG"): int(one) for one in signal.Signals}
