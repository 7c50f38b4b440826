from __future__ import annotations

import pytest

from portico.domain.identity import Instant, Micros
from portico.domain.runs import EndCause, StopOrder, StopReason
from portico.node.cgroup_contract import CgroupFacts
from portico.node.outcomes import judge
from portico.node.processes import Death

STOP = StopOrder(StopReason.PREEMPTED, Instant(1), Micros(1), "for a better one")
BLAME = (EndCause.OUT_OF_DISK, "used 2 of 1 bytes")


@pytest.mark.parametrize(
    ("code", "kills", "stop", "blame", "cause", "words"),
    [
        (0, 0, None, None, EndCause.EXITED, "status 0"),
        (3, 0, None, None, EndCause.EXITED, "status 3"),
        (-9, 0, None, None, EndCause.SIGNALLED, "SIGKILL"),
        (-63, 0, None, None, EndCause.SIGNALLED, "63"),
        (-9, 1, None, None, EndCause.OUT_OF_MEMORY, "memory"),
        (137, 1, None, None, EndCause.OUT_OF_MEMORY, "memory"),
        (0, 1, None, None, EndCause.EXITED, "status 0"),
        (-15, 0, STOP, None, EndCause.STOPPED, "for a better one"),
        (0, 0, STOP, None, EndCause.STOPPED, "preempted"),
        (-15, 1, STOP, BLAME, EndCause.OUT_OF_DISK, "used 2"),
    ],
)
def test_the_cause_is_what_happened(
    code: int, kills: int, stop: StopOrder | None, blame: tuple[EndCause, str] | None, cause: EndCause, words: str
) -> None:
    outcome = judge(Death(1, code, 7, 8), CgroupFacts(oom_kills=kills), stop, blame, b"out")
    assert outcome.cause is cause
    assert words in outcome.message
    assert (outcome.exit_code, outcome.signal) == ((code, None) if code >= 0 else (None, -code))
    assert (outcome.output, outcome.cpu_micros, outcome.peak_memory) == (b"out", 7, 8)


def test_the_cgroup_counts_better_than_the_process() -> None:
    outcome = judge(Death(1, 0, 7, 8), CgroupFacts(peak_memory=100, cpu_micros=200), None, None, b"")
    assert (outcome.peak_memory, outcome.cpu_micros) == (100, 200)
