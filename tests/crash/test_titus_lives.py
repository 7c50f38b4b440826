"""Random kills under Titus jobs that are made, scaled, moved and killed: every promise is kept, and told without a gap.

`CRASH_SEED=n` repeats the choices of a run that printed seed n; `CRASH_VICTIMS="node keeper"` kills these instead of the
server and its agent.
"""

from __future__ import annotations

import pytest
from crash.test_crash import crash

SCENARIO = "titus_lives.py"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_few_kills_under_changing_titus_jobs(tmp_path):
    crash(tmp_path, SCENARIO, 4)


@pytest.mark.long
@pytest.mark.timeout(480)
def test_forty_kills_under_changing_titus_jobs(tmp_path):
    crash(tmp_path, SCENARIO, 40)
