"""Ray as a peer: in an environment of its own, two worker processes, nothing but its tasks."""

from __future__ import annotations

import subprocess
import sys
import venv

from harness.machine import ROOT
from harness.processes import answer

ENVIRONMENT = ROOT / "build" / "bench" / "ray"
PINS = ("ray==2.60.0",)
WORKERS = 2


def ray_rate(count: int) -> float:
    """Give how many of its remote functions with a KiB in and out it carries out a second."""
    _install()
    python = str(ENVIRONMENT / "bin" / "python")
    return float(answer("ray_tasks.py", str(count), str(WORKERS), python=python)["per_second"])


def _install() -> None:
    """Make the environment, once."""
    if (ENVIRONMENT / "lib").exists() and list(ENVIRONMENT.glob("lib/*/site-packages/ray")):
        return
    venv.create(ENVIRONMENT)
    pip = [sys.executable, "-m", "pip", "--python", str(ENVIRONMENT / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, *PINS], check=True)
