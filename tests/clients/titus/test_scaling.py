"""A service that scaling policies make larger while its tasks are busy, and smaller when they are idle."""

from __future__ import annotations

import pytest
from clients.titus.conftest import TITUS, live, node
from clients.titus.descriptors import service
from clients.titus.doors import refusal
from clients.titus.waiting import started
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(120)]

SHORT = '"titus.autoscaling" = "500ms"\n'


@pytest.fixture(scope="module")
def server():
    yield from live(TITUS + SHORT + node("n1"))


def tracking(target):
    return {
        "targetPolicyDescriptor": {
            "targetValue": target,
            "scaleOutCooldownSec": 1,
            "scaleInCooldownSec": 1,
            "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
            "disableScaleIn": False,
        }
    }


def desired(door, job):
    return door.job(job)["jobDescriptor"]["service"]["capacity"]["desired"]


def test_a_busy_service_grows_and_shrinks_again(remote, grpc, tmp_path):
    gate = tmp_path / "gate"
    job = grpc.create(service(f"while [ ! -e {gate} ]; do :; done; exec sleep 600", desired=1, least=1, most=2))
    started(grpc, job, 1)
    policy = remote.rpc("AutoScalingService.SetAutoScalingPolicy", {"jobId": job, "scalingPolicy": tracking(10.0)})

    def state():
        return remote.rpc("AutoScalingService.GetScalingPolicy", policy)["items"][0]["policyState"]["state"]

    until(lambda: state() == "Applied", "a policy in force")
    until(lambda: desired(grpc, job) == 2, "a larger service", 30)
    started(grpc, job, 2)
    gate.touch()
    until(lambda: desired(grpc, job) == 1, "a smaller service", 40)
    assert grpc.job(job)["jobDescriptor"]["attributes"]["titus.createdBy"] == "titus-autoscaling"
    remote.rpc("AutoScalingService.DeleteAutoScalingPolicy", {"id": policy})
    until(lambda: state() == "Deleted", "a policy that is gone")
    grpc.kill_job(job)


def test_a_disabled_service_stays_as_it_is(remote, grpc):
    job = grpc.create(service(desired=2, least=0, most=2))
    grpc.enable(job, on=False)
    started(grpc, job, 2)
    remote.rpc("AutoScalingService.SetAutoScalingPolicy", {"jobId": job, "scalingPolicy": tracking(50.0)})
    other = grpc.create(service(desired=2, least=1, most=2))
    started(grpc, other, 2)
    remote.rpc("AutoScalingService.SetAutoScalingPolicy", {"jobId": other, "scalingPolicy": tracking(50.0)})
    until(lambda: desired(grpc, other) == 1, "a smaller service", 40)
    assert desired(grpc, job) == 2
    grpc.enable(job, on=True)
    until(lambda: desired(grpc, job) < 2, "a smaller service", 40)
    for each in (job, other):
        grpc.kill_job(each)


def test_a_policy_that_does_not_read_is_refused(remote, grpc):
    job = grpc.create(service(desired=0))
    with refusal("INVALID_ARGUMENT"):
        remote.rpc("AutoScalingService.SetAutoScalingPolicy", {"jobId": job, "scalingPolicy": {}})
    with refusal("NOT_FOUND"):
        remote.rpc("AutoScalingService.DeleteAutoScalingPolicy", {"id": {"id": "nobody"}})
    grpc.kill_job(job)
