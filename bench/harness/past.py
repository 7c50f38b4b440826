"""A server's past for the benchmarks that need one: a data directory with a million finished instances, made once."""

from __future__ import annotations

from pathlib import Path

from harness.figures import Scale
from harness.loading import load

FINISHED = 1_000_000
KIND = "past"
CONFIG = f"""
[kinds.{KIND}]
command = ["/bin/true"]

[kinds.sleeper]
command = ["/bin/sleep", "600"]
concurrency = 1
"""


def config_of(scale: Scale) -> Path:
    """Write the configuration that names the kinds of the past."""
    path = Path(scale.folder) / "past.toml"
    path.write_text(CONFIG)
    return path


def directory_of(scale: Scale) -> tuple[Path, list[str]]:
    """Give the data directory, and the uuids of what is in it; the first caller of a run waits for it to be made."""
    data, names = Path(scale.folder) / "past", Path(scale.folder) / "past.uuids"
    if not names.exists():
        names.write_text("\n".join(load(data, KIND, scale.of(FINISHED))))
    return data, names.read_text().split()
