"""A few seeds on every run; `make sim` runs ten thousand, and looks for every planted bug."""

from __future__ import annotations

import pytest
from simulation.plants import PLANTS
from simulation.world import World, run_world

from portico.domain.jobs import JobState
from portico.domain.runs import RunState

SEEDS = 30
MOST_SEEDS = 1000


@pytest.mark.timeout(120)
@pytest.mark.parametrize("batch", range(3))
def test_seeded_schedules_keep_every_promise(batch):
    for seed in range(batch * SEEDS // 3, (batch + 1) * SEEDS // 3):
        run_world(seed)


def test_a_schedule_is_as_long_and_as_hard_as_promised():
    world = World(7)
    world.run()
    assert world.operations >= 200
    assert len(world.nodes) >= 3
    assert sum(world.faults_made.values()) >= 5
    assert len(world.answered) > 50


def test_bidders_take_part():
    world = World(2)
    world.run()
    assert len(world.bidders.launched) > 20
    assert world.bidders.stale > 0


def test_a_door_has_jobs_of_both_sorts_and_hears_of_everything():
    heard = set()
    for seed in (1, 3, 6, 8, 10):
        world = World(seed)
        world.run()
        heard |= world.door.heard
    assert heard >= {"moved", "preparing", "pause", *JobState, *RunState} - {
        JobState.ACTIVE,
        RunState.ADMITTED,
        RunState.PLACED,
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_planted_bugs_are_found(plant):
    with plant():
        for seed in range(MOST_SEEDS):
            try:
                run_world(seed)
            except Exception:
                return
    pytest.fail(f"{plant.__name__} was not found in {MOST_SEEDS} seeds")
