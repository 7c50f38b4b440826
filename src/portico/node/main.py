"""Entry of the two node processes. Each imports only its own half, the keeper as little as can be.

    python -m portico.node keeper --directory DIR [--detach]
    python -m portico.node agent --directory DIR [--pipe FD]

DIR/node.json says what the node is (see `config`).
"""

from __future__ import annotations

import os
import sys

USAGE = 64


def main(arguments: list[str]) -> int:
    """Be what the first argument says; gives the exit code."""
    try:
        role, options = _read(arguments)
    except ValueError as error:
        sys.stderr.write(f"{error}\nusage: python -m portico.node keeper|agent --directory DIR\n")
        return USAGE
    directory = os.path.realpath(options["--directory"])
    if role == "keeper":
        from portico.node import keeper  # noqa: PLC0415 — neither half pays for the other's imports

        return keeper.detach(directory) if "--detach" in options else keeper.keep(directory)
    from portico.node import agent  # noqa: PLC0415 — as above

    return agent.main(directory, int(options["--pipe"]) if "--pipe" in options else None)


def _read(arguments: list[str]) -> tuple[str, dict[str, str]]:
    """Read the command line by hand: a parser would be the keeper's largest import."""
    if not arguments or arguments[0] not in ("keeper", "agent"):
        raise ValueError("the first argument is keeper or agent")
    options: dict[str, str] = {}
    rest = iter(arguments[1:])
    for name in rest:
        if name == "--detach":
            options[name] = ""
        elif name in ("--directory", "--pipe"):
            options[name] = next(rest, "")
        else:
            raise ValueError(f"unknown option {name}")
    if not options.get("--directory"):
        raise ValueError("--directory is missing")
    return arguments[0], options
