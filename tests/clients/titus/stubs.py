"""Stubs that the client's own process imports: generated from the contracts, under names that are not the server's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONTRACTS = Path(__file__).parents[3] / "protos" / "titus"
PLACE = "portico/wire/titus/"
"""Where the contracts think they are; a client has them in a folder of its own."""


def generate(directory):
    """Generate the Python stubs of all contracts into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in CONTRACTS.glob("*.proto"))
    for name in names:
        (directory / name).write_text((CONTRACTS / name).read_text().replace(f'"{PLACE}', '"'))
    command = [sys.executable, "-W", "ignore", "-m", "grpc_tools.protoc", "-I", str(directory)]
    command += [f"--python_out={directory}", f"--grpc_python_out={directory}", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return directory
