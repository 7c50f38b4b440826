"""Random kills of a Mesos master and its agent under a framework's tasks: each ends once, none is lost without a word.

`CRASH_SEED=n` repeats the choices of a run that printed seed n.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from crash.test_crash import TESTS, seclusion


def crash(tmp_path, kills):
    seed = int(os.environ.get("CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
    scenario = str(TESTS / "crash" / "mesos_scenario.py")
    command = [*seclusion(), sys.executable, "-W", "ignore", scenario, str(tmp_path), str(kills), str(seed)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    with (tmp_path / "log").open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=environment, check=False)
    told = (tmp_path / "log").read_text()
    print(told)
    assert done.returncode == 0, f"seed {seed}: CRASH_SEED={seed} repeats the choices\n{told[-20000:]}"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_few_kills_while_tasks_are_under_way(tmp_path):
    crash(tmp_path, kills=10)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_fifty_kills_while_tasks_are_under_way(tmp_path):
    crash(tmp_path, kills=50)
