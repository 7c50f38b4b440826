"""Capacity updates: what is set, what follows, what is refused, and who is noted."""

import asyncio

import pytest
from doors.titus.extension.stage import ALICE, Stage, batch, service
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.doors.titus.callers import Caller
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import commands
from portico.doors.titus.extension.capacities import updated
from portico.doors.titus.extension.views import Capacity
from portico.doors.titus.inbound.limits import Limits

BOB = Caller(id="bob", reason="growth")


def story(play):
    """Run an async test."""
    asyncio.run(play())


async def refused(stage, *capacity):
    with pytest.raises(TitusError) as caught:
        await stage.capacity(*capacity)
    return caught.value


@pytest.mark.parametrize(
    ("given_values", "expected"),
    [
        ((1, 9, 5), (1, 5, 9)),
        ((None, None, 7), (2, 7, 8)),
        ((6, None, None), (6, 6, 8)),
        ((None, 3, None), (2, 3, 3)),
        ((1, None, None), (1, 4, 8)),
        ((None, 20, None), (2, 4, 20)),
        ((5, 6, None), (5, 5, 6)),
    ],
)
def test_given_parts_replace_and_the_desired_size_follows(given_values, expected):
    async def play():
        stage = Stage()
        job = await stage.create(service(4, minimum=2, maximum=8))
        minimum, maximum, desired = given_values
        await stage.do(commands.UpdateCapacity(job, minimum, maximum, desired, BOB))
        capacity = stage.standing.views[job].capacity
        assert (capacity.minimum, capacity.desired, capacity.maximum) == expected
        written = stage.descriptor(job).service.capacity
        assert (written.min, written.desired, written.max) == expected
        assert stage.plane.state.jobs[job].size == expected[1]
        attributes = stage.descriptor(job).attributes
        assert (attributes["titus.createdBy"], attributes["titus.callReason"]) == ("bob", "growth")

    story(play)


@settings(deadline=None)
@given(
    bounds=st.tuples(*[st.integers(0, 9)] * 3).map(sorted),
    given_values=st.tuples(*[st.none() | st.integers(0, 9)] * 3),
)
def test_a_desired_size_that_is_not_given_lies_between_good_bounds(bounds, given_values):
    present = Capacity(*bounds)
    minimum, maximum, desired = given_values
    wanted = updated(present, commands.UpdateCapacity("", minimum, maximum, desired, ALICE))
    if wanted.minimum <= wanted.maximum and desired is None:
        assert wanted.minimum <= wanted.desired <= wanted.maximum
    if desired is not None:
        assert wanted.desired == desired


def test_an_update_that_changes_nothing_makes_no_event():
    async def play():
        stage = Stage()
        job = await stage.create(service(4, minimum=2, maximum=8))
        await stage.events()
        await stage.do(commands.UpdateCapacity(job, 2, 8, 4, BOB))
        assert await stage.events() == []
        assert stage.descriptor(job).attributes["titus.createdBy"] == "alice"

    story(play)


@pytest.mark.parametrize("capacity", [(5, 4, 8), (0, 9, 8), (-1, 4, 8), (0, 4, -5), (0, 11_000, 11_000)])
def test_a_wrong_order_is_refused_with_the_present_capacity(capacity):
    async def play():
        stage = Stage()
        job = await stage.create(service(4, minimum=2, maximum=8))
        error = await refused(stage, job, *capacity)
        assert error.code is Code.INVALID_ARGUMENT
        assert str(error).startswith("Current Capacity{min=2, desired=4, max=8}. Invalid Argument")
        assert error.violations
        assert stage.standing.views[job].capacity == Capacity(2, 4, 8)

    story(play)


def test_directions_can_be_forbidden():
    async def play():
        stage = Stage()
        job = await stage.create(service(4, minimum=2, maximum=8))
        await stage.do(commands.UpdateProcesses(job, disable_increase=True, disable_decrease=False, caller=ALICE))
        assert (await refused(stage, job, None, 5)).code is Code.INVALID_DESIRED_CAPACITY
        await stage.capacity(job, desired=3)
        await stage.do(commands.UpdateProcesses(job, disable_increase=False, disable_decrease=True, caller=ALICE))
        assert (await refused(stage, job, None, 2)).code is Code.INVALID_DESIRED_CAPACITY
        await stage.capacity(job, desired=5)
        await stage.capacity(job, minimum=1)

    story(play)


def test_a_maximum_is_bounded_by_addresses_and_volumes():
    async def play():
        stage = Stage(limits=Limits())
        descriptor = service(1, maximum=2)
        for number in range(2):
            signed = descriptor.container.resources.signedAddressAllocations.add()
            signed.addressAllocation.uuid = f"ip{number}"
        job = await stage.create(descriptor)
        assert (await refused(stage, job, None, None, 3)).code is Code.INVALID_MAX_CAPACITY

    story(play)


def test_batch_jobs_ending_jobs_and_unknown_ones_are_refused():
    async def play():
        stage = Stage()
        await stage.node()
        assert (await refused(stage, "nope", 1, 1, 1)).code is Code.JOB_NOT_FOUND
        job = await stage.create(batch(1))
        assert (await refused(stage, job, 1, 1, 1)).code is Code.NOT_SERVICE_JOB
        job = await stage.create(service(1))
        await stage.started(stage.tasks(job)[0].id)
        await stage.do(commands.KillJob(job, ALICE))
        assert (await refused(stage, job, 1, 1, 1)).code is Code.JOB_TERMINATING

    story(play)
