"""Random kills under a graph of ArmoniK tasks: every result is made, once, from the right ones, and nothing is left.

`CRASH_SEED=n` repeats the choices of a run that printed seed n; `CRASH_VICTIMS="worker"` kills only these.
"""

from __future__ import annotations

import pytest
from crash.test_crash import crash

SCENARIO = "armonik_scenario.py"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_ten_kills_under_a_small_graph(tmp_path):
    crash(tmp_path, SCENARIO, 2_000, 10)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_forty_kills_under_a_large_graph(tmp_path):
    crash(tmp_path, SCENARIO, 100_000, 40)
