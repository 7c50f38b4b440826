"""Benchmarks that are programs of their own and print one JSON object per line: read here, not repeated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.figures import Figure, Scale, at_most

HERE = Path(__file__).parent


def run(_: Scale) -> list[Figure]:
    """Run the placement benchmark; it measures the deciding code alone and takes the same few seconds at any scale."""
    done = subprocess.run([sys.executable, str(HERE / "placement.py")], check=True, stdout=subprocess.PIPE, text=True)
    return [_figure(json.loads(line)) for line in done.stdout.splitlines()]


def _figure(line: dict[str, Any]) -> Figure:
    name, unit, value = line["name"].replace("_", " "), line["unit"], line["value"]
    if line["goal"]:
        return Figure(name=name, unit=unit, portico=(value,), goal=at_most(line["goal"]))
    return Figure(name=name, unit=unit, portico=(value * line["ratio"],), peer=(value,), peer_name="plain Python")
