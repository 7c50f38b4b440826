"""The library does as it is told: asked of a process of its own, since it listens once only."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import os
from portico.grpc_polling import import_grpc_without_threads
import_grpc_without_threads()
import grpc
assert {kept!r} == os.environ.get("GRPC_EXPERIMENTS")
"""


def imported(kept=None):
    """Import the library and give what it says of names that it does not know."""
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_EXPERIMENTS"}
    if kept is not None:
        environment["GRPC_EXPERIMENTS"] = kept
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(kept=kept)], env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_the_library_knows_what_it_is_told_and_children_are_not_told():
    assert "Unknown experiment" not in imported()


def test_what_somebody_else_tells_it_is_respected():
    assert "Unknown experiment: nonsense" in imported("-nonsense")
