"""Random kills of a Mesos master and its agent under a framework's tasks: each ends once, none is lost without a word.

`CRASH_SEED=n` repeats the choices of a run that printed seed n.
"""

from __future__ import annotations

import pytest
from crash.test_crash import crash

SCENARIO = "mesos_scenario.py"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_few_kills_while_tasks_are_under_way(tmp_path):
    crash(tmp_path, SCENARIO, 10)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_fifty_kills_while_tasks_are_under_way(tmp_path):
    crash(tmp_path, SCENARIO, 50)
