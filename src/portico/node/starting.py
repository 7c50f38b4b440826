"""Starting a node from outside: one detached keeper per directory.

Promises: a node that runs is left alone; a keeper that was started outlives the process that started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from portico.domain.errors import Unavailable
from portico.node.config import NodeConfig, write_config
from portico.node.locking import KEEPER_LOCK, lock_holder

_PATIENCE = 10.0


def keeper_alive(directory: Path) -> int | None:
    """Give the pid of the directory's keeper; None when there is none."""
    return lock_holder(str(directory / KEEPER_LOCK))


def start_keeper(directory: Path, config: NodeConfig) -> int:
    """Make sure that the directory has a keeper and give its pid; raises Unavailable when it does not come up.

    Blocks for about a tenth of a second when one has to be started. The configuration is written in any case; a node
    that runs already reads it when its agent starts anew.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_config(directory, config)
    alive = keeper_alive(directory)
    if alive is not None:
        return alive
    command = [sys.executable, "-m", "portico.node", "keeper", "--directory", str(directory), "--detach"]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False, env=dict(os.environ)
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"no keeper came up in {directory} in {_PATIENCE:g} s") from error
    alive = int(ended.stdout) if ended.stdout.strip().isdigit() else keeper_alive(directory)
    if alive is None:
        raise Unavailable(f"no keeper came up in {directory}: {ended.stderr.decode(errors='replace').strip()}")
    return alive
