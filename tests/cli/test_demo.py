"""The demo, as `make demo` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "demo" / "run.py"


@pytest.mark.slow
@pytest.mark.timeout(60)  # five seconds, on a busy machine twenty
def test_the_demo_ends_as_expected_and_leaves_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    scratch = tmp_path_factory.mktemp("t")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}
    environment["TMPDIR"] = str(scratch)
    ended = subprocess.run([sys.executable, str(DEMO)], env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "8 of 8 jobs ended as expected (6 succeeded, 2 failed), heartbeat fired 2 times" in ended.stdout
    assert list(scratch.iterdir()) == []
    assert not [line for line in _commands() if str(scratch) in line]


def _commands() -> list[str]:
    """Give the command lines of all processes."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(entry.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return found
