"""A task's way through its stages, told by its Run."""

from doors.titus.looking_stage import T0, job, task

from portico.domain.identity import Instant
from portico.domain.runs import Claim, Run, RunSpec, RunState
from portico.doors.titus.extension import stages


def test_a_node_whose_clock_is_fast_does_not_put_a_stage_into_the_future():
    launched = task(1, job(1), state="Launched")
    run = Run(
        id=launched.id,
        door="titus",
        pool="/titus/DEFAULT",
        spec=RunSpec(),
        amounts={},
        created_at=Instant(T0 * 1_000),
        state=RunState.LAUNCHING,
        claim=Claim("n1"),
        preparing_at=Instant((T0 + 3_600_000) * 1_000),
    )
    seen = stages.followed(launched, run, T0 + 10)
    assert (seen.status.state, seen.status.at) == ("StartInitiated", T0 + 10)
