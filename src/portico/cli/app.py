"""The program `portico`: its commands, and how errors become exit codes.

Commands are loaded when they are called, so that help and completion start fast.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from portico import __version__
from portico.cli.failures import INTERRUPTED, SUCCESS, Failed, Misused
from portico.cli.options import Asked, Target

SERVER = Group("Server", sort_key=1)
WORK = Group("Work", sort_key=2)
CLUSTER = Group("Cluster", sort_key=3)
MACHINE = Group("This program", sort_key=4)

_COMMANDS: tuple[tuple[str, str, Group, str], ...] = (
    ("up", "serving:up", SERVER, "Start the server, in the foreground."),
    ("down", "serving:down", SERVER, "Stop the server and everything it runs."),
    ("status", "serving:status", SERVER, "Show the server at a glance."),
    ("events", "changes:events", SERVER, "Show changes in the order in which they were committed."),
    ("backup", "serving:backup", SERVER, "Copy the server's state to a file while it runs."),
    ("bench", "benchmarking:bench", SERVER, "Run instances of a kind through the server and measure them."),
    ("kinds", "instances:kinds", WORK, "List the kinds that can be scheduled."),
    ("schedule", "instances:schedule", WORK, "Schedule an instance of a kind and follow it to its end."),
    ("instances", "instances:instances", WORK, "List instances."),
    ("instance", "instances:instance", WORK, "Show one instance in full."),
    ("cancel", "instances:cancel", WORK, "Cancel instances that have not ended."),
    ("sessions", "sessions:sessions", WORK, "List ArmoniK sessions with their tasks."),
    ("attach", "attaching:attach", WORK, "Let a worker take tasks of an ArmoniK partition."),
    ("runs", "runs:runs", WORK, "List Runs."),
    ("run", "runs:run", WORK, "Show one Run in full."),
    ("stop", "runs:stop", WORK, "Stop one Run."),
    ("logs", "runs:logs", WORK, "Print what a Run has written."),
    ("files", "runs:files", WORK, "List the files in a Run's sandbox."),
    ("nodes", "serving:nodes", CLUSTER, "List the nodes with what is free on them."),
    ("drain", "serving:drain", CLUSTER, "Close a node to new work, or open it again."),
    ("pools", "serving:pools", CLUSTER, "Show the tree of pools with their use."),
    ("doctor", "doctor:doctor", MACHINE, "Look at this machine and say what would help."),
)


def build(chosen: str = "") -> App:
    """Make the parser. Each command's short help stands in for its docstring, except for the one that is chosen."""
    app = App(
        name="portico",
        help="One job control plane behind six front doors.",
        version=__version__,
        help_format="plaintext",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    app["--help"].group = MACHINE
    app["--version"].group = MACHINE
    for name, place, group, short in _COMMANDS:
        app.command(f"portico.cli.{place}", name=name, group=group, help=None if name == chosen else short)
    app.command(version, group=MACHINE)
    app.command(completion, group=MACHINE)
    return app


_Unused = Annotated[Target, Parameter(show=False)]
"""Every command takes --data-dir, also one that needs no server, so that scripts may always give it."""


def completion(shell: Literal["bash", "zsh", "fish"], /, *, target: _Unused = Target()) -> None:  # noqa: ARG001, B008 — as above
    """Print the completion script of a shell.

    Parameters
    ----------
    shell
        For bash: portico completion bash > ~/.local/share/bash-completion/completions/portico
    """
    sys.stdout.write(build().generate_completion(shell=shell))


def version(*, target: Annotated[Asked, Parameter(show=False)] = Asked()) -> None:  # noqa: B008 — a frozen value
    """Print the version."""
    if target.json:
        from portico.cli import rendering  # noqa: PLC0415 — help and completion must not wait for it

        rendering.objects([{"id": "portico", "version": __version__}])
    else:
        sys.stdout.write(f"portico {__version__}\n")


def main() -> None:
    """Run the program and end with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code."""
    try:
        answer = build(arguments[0] if arguments else "")(arguments, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        sys.stderr.write(f"portico: {error}\n")
        return Misused.code
    except Failed as error:
        sys.stdout.flush()
        sys.stderr.write(_named(str(error)))
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return SUCCESS
    return answer if isinstance(answer, int) else SUCCESS


def _named(text: str) -> str:
    """Begin with the program's name, unless each line begins with a file's."""
    return f"{text}\n" if "\n" in text else f"portico: {text}\n"


def _forget_stdout() -> None:
    """Let what is still buffered for the closed pipe go nowhere, so that the interpreter ends without complaint."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
