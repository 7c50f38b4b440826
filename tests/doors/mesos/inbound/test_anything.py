"""Whatever comes is read or refused with a sentence, never a defect."""

import contextlib
from random import Random

from doors.mesos.inbound.building import AROUND, COMMAND, CUSTOM, DEFAULT, info
from doors.mesos.messages import build, fill
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.doors.mesos.extension.plans import LaunchGroup, Operation
from portico.doors.mesos.inbound import framework, maintenance, operations, operators, tasks
from portico.doors.mesos.resources import to_held, to_resources
from portico.wire.mesos import maintenance_pb2, quota_pb2
from portico.wire.mesos import mesos_pb2 as pb

seeds = st.integers(0, 2**32)
PARTS = ("command", "container", "health_check", "check", "kill_policy", "discovery", "labels")


def odd_task(seed, base):
    """Give a good task with some part of it replaced by anything of that type."""
    message, random = info(base), Random(seed)
    for part in random.sample(PARTS, 2):
        if part != "command" or message.HasField(part):
            message.ClearField(part)
            getattr(message, part).SetInParent()
            fill(random, getattr(message, part))
    if random.random() < 0.5:
        fill(random, message.resources.add())
    return message


@given(seeds, st.sampled_from([COMMAND, CUSTOM]))
def test_tasks(seed, base):
    plan = tasks.read_task(odd_task(seed, base), AROUND)
    assert plan.problem or plan.held.slices
    assert plan.task == "t"


@given(seeds)
def test_groups(seed):
    executor = info(DEFAULT, "", pb.ExecutorInfo)
    random = Random(seed)
    for part in random.sample(("command", "container", "labels", "discovery"), 1):
        fill(random, getattr(executor, part))
    group = tasks.read_group(executor, [odd_task(seed, COMMAND)], AROUND)
    assert group.problem or not group.tasks[0].problem


@given(seeds)
def test_operations(seed):
    found = operations.read_one(build(pb.Offer.Operation, seed), AROUND)
    assert isinstance(found, Operation | LaunchGroup)


@given(seeds)
def test_what_is_read_of_resources_can_be_written(seed):
    with contextlib.suppress(Invalid):
        held = to_held([build(pb.Resource, seed)], "n")
        assert to_held(to_resources(held.slices, held.ports, "r"), "n") == held


@given(seeds)
def test_frameworks(seed):
    with contextlib.suppress(Invalid):
        made = framework.draft(build(pb.FrameworkInfo, seed))
        assert made.failover_timeout >= 0


@given(seeds)
def test_operators(seed):
    with contextlib.suppress(Invalid):
        assert operators.quota(build(quota_pb2.QuotaRequest, seed), ()).guarantee
    with contextlib.suppress(Invalid):
        assert len(operators.weights([build(pb.WeightInfo, seed)])) == 1
    with contextlib.suppress(Invalid):
        assert maintenance.schedule(build(maintenance_pb2.Schedule, seed), ()) is not None
