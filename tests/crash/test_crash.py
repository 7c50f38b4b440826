"""Random kills under continuous load: nothing is lost, nothing runs twice at once, nothing is left behind.

`CRASH_SEED=n` repeats the choices of a run that printed seed n; `CRASH_VICTIMS="agent worker"` kills only these.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = "scenario.py"
TESTS = Path(__file__).parents[1]
ALONE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
AS_USER = ("unshare", "--user", "--map-root-user", *ALONE[1:])
INIT = ("sh", "-c", '"$@"; exit $?', "init")
"""The shell collects the orphans, as the first process of a machine does."""


def seclusion():
    """Give the command before a command that gives it process numbers of its own."""
    for prefix in (ALONE, AS_USER):
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return (*prefix, *INIT)
    pytest.skip("no PID namespace can be made here, and random kills must not reach beyond the test")


def crash(tmp_path, scenario, *words):
    """Play a scenario of this folder with these words, a seed and what is to be killed."""
    seed = int(os.environ.get("CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
    command = [*seclusion(), sys.executable, "-W", "ignore", str(TESTS / "crash" / scenario), str(tmp_path)]
    command += [*map(str, words), str(seed), *os.environ.get("CRASH_VICTIMS", "").split()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    with (tmp_path / "log").open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False)
    told = (tmp_path / "log").read_text()
    print(told)
    assert done.returncode == 0, f"seed {seed}: CRASH_SEED={seed} repeats the choices\n{told[-20000:]}"


@pytest.mark.timeout(180)
def test_a_few_kills_under_load(tmp_path):
    crash(tmp_path, SCENARIO, 8, 15)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_hundred_kills_under_load(tmp_path):
    crash(tmp_path, SCENARIO, 100, 600)
