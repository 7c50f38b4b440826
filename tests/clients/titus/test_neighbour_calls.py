"""The services beside the jobs', through both ways in where there are two."""

import uuid

import pytest
from clients.titus.descriptors import FOREVER, batch, service
from clients.titus.doors import refusal
from clients.titus.waiting import finished, started, states, task_finished

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]

NOBODY = str(uuid.UUID(int=7))
TRACKING = {
    "targetPolicyDescriptor": {
        "targetValue": 50.0,
        "scaleOutCooldownSec": 10,
        "scaleInCooldownSec": 10,
        "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "disableScaleIn": False,
    }
}


@pytest.fixture
def job(grpc):
    made = grpc.create(
        service(desired=1, budget={"unhealthyTasksLimit": {"limitOfUnhealthyContainers": 1}, "rateUnlimited": {}})
    )
    yield made
    grpc.kill_job(made)


# ---- load balancers ---------------------------------------------------------------------------------------------


def test_load_balancers_over_grpc(remote, grpc, job):
    one = {"jobId": job, "loadBalancerId": {"id": "lb-1"}}
    remote.rpc("LoadBalancerService.AddLoadBalancer", one)
    told = remote.rpc("LoadBalancerService.GetJobLoadBalancers", {"id": job})
    assert told == {"jobId": job, "loadBalancers": [{"id": "lb-1"}]}
    every = remote.rpc("LoadBalancerService.GetAllLoadBalancers", {"page": {"pageSize": 5}})
    assert told in every["jobLoadBalancers"]
    remote.rpc("LoadBalancerService.RemoveLoadBalancer", one)
    assert remote.rpc("LoadBalancerService.GetJobLoadBalancers", {"id": job})["loadBalancers"] == []
    with refusal("INVALID_ARGUMENT"):
        remote.rpc("LoadBalancerService.AddLoadBalancer", {**one, "jobId": NOBODY})
    piece = grpc.create(batch(FOREVER))
    with refusal("INVALID_ARGUMENT"):
        remote.rpc("LoadBalancerService.AddLoadBalancer", {**one, "jobId": piece})
    grpc.kill_job(piece)


def test_load_balancers_over_rest(rest, job):
    one = {"jobId": job, "loadBalancerId": "lb-2"}
    assert rest.ask("POST", "/v3/loadBalancers", None, 204, **one) is None
    told = {"jobId": job, "loadBalancers": [{"id": "lb-2"}]}
    assert rest.ask("GET", f"/v3/loadBalancers/{job}") == told
    assert told in rest.ask("GET", "/v3/loadBalancers")["jobLoadBalancers"]
    assert rest.ask("DELETE", "/v3/loadBalancers", **one) is None
    assert rest.ask("GET", f"/v3/loadBalancers/{job}")["loadBalancers"] == []


# ---- scaling policies -------------------------------------------------------------------------------------------


def test_scaling_policies_over_grpc(remote, job):
    identity = remote.rpc("AutoScalingService.SetAutoScalingPolicy", {"jobId": job, "scalingPolicy": TRACKING})
    (told,) = remote.rpc("AutoScalingService.GetJobScalingPolicies", {"id": job})["items"]
    assert told["id"] == identity
    assert told["policyState"]["state"] in ("Pending", "Applied")
    assert remote.rpc("AutoScalingService.GetScalingPolicy", identity)["items"][0]["jobId"] == job
    assert identity in [each["id"] for each in remote.rpc("AutoScalingService.GetAllScalingPolicies")["items"]]
    remote.rpc("AutoScalingService.UpdateAutoScalingPolicy", {"policyId": identity, "scalingPolicy": TRACKING})
    remote.rpc("AutoScalingService.DeleteAutoScalingPolicy", {"id": identity})
    assert remote.rpc("AutoScalingService.GetJobScalingPolicies", {"id": NOBODY})["items"] == []


def test_scaling_policies_over_rest(rest, job):
    identity = rest.ask("POST", "/v3/autoscaling/scalingPolicy", {"jobId": job, "scalingPolicy": TRACKING})
    (told,) = rest.ask("GET", f"/v3/autoscaling/scalingPolicies/{job}")["items"]
    assert told["id"] == identity
    assert rest.ask("GET", f"/v3/autoscaling/scalingPolicy/{identity['id']}")["items"][0]["jobId"] == job
    rest.ask("PUT", "/v3/autoscaling/scalingPolicy", {"policyId": identity, "scalingPolicy": TRACKING})
    rest.ask("DELETE", f"/v3/autoscaling/scalingPolicy/{identity['id']}")
    (gone,) = rest.ask("GET", f"/v3/autoscaling/scalingPolicy/{identity['id']}")["items"]
    assert gone["policyState"]["state"] in ("Deleting", "Deleted")


# ---- scheduling results -----------------------------------------------------------------------------------------


def test_scheduling_results(remote, rest, grpc, job):
    (task,) = started(grpc, job, 1)
    wanted = {"taskId": task["id"]}
    assert "success" in remote.rpc("SchedulerService.GetSchedulingResult", wanted)
    assert "success" in rest.ask("GET", f"/v3/scheduler/results/{task['id']}")
    big = batch()
    big["container"]["resources"]["gpu"] = 1
    waits = grpc.create(big)
    (stuck,) = grpc.tasks(jobIds=waits)["items"]
    stream = remote.stream("SchedulerService.ObserveSchedulingResults", {"taskId": stuck["id"]})
    failed = stream.until(lambda one: "failures" in one)
    assert failed["failures"]["failures"][0]["failureCount"] > 0
    stream.cancel()
    with refusal("NOT_FOUND"):
        remote.rpc("SchedulerService.GetSchedulingResult", {"taskId": NOBODY})
    with refusal(404):
        rest.ask("GET", f"/v3/scheduler/results/{NOBODY}")
    grpc.kill_job(waits)


# ---- the cell ---------------------------------------------------------------------------------------------------


def test_health(remote, rest):
    for told in (remote.rpc("Health.Check"), rest.ask("GET", "/v3/status")):
        assert told["status"] == "SERVING"
        (only,) = told["details"]
        assert (only["details"]["leader"], only["details"]["cell"]) == (True, "cell1")


def test_supervisor(remote, rest):
    (only,) = remote.rpc("SupervisorService.GetMasterInstances")["instances"]
    assert only["status"]["state"] == "LeaderActivated"
    identity = only["instanceId"]
    assert remote.rpc("SupervisorService.GetMasterInstance", {"instanceId": identity})["instanceId"] == identity
    assert rest.ask("GET", "/v3/supervisor/instances")["instances"][0]["instanceId"] == identity
    assert rest.ask("GET", f"/v3/supervisor/instances/{identity}")["instanceId"] == identity
    assert rest.ask("GET", "/v3/supervisor/instances/leader")["instanceId"] == identity
    with refusal("NOT_FOUND"):
        remote.rpc("SupervisorService.GetMasterInstance", {"instanceId": "nobody"})


def test_cluster_membership(remote, rest):
    (only,) = remote.rpc("ClusterMembershipService.GetMembers", {})["revisions"]
    identity = only["current"]["memberId"]
    assert remote.rpc("ClusterMembershipService.GetMember", {"id": identity})["current"]["memberId"] == identity
    assert rest.ask("GET", f"/v3/clustermembership/members/{identity}")["current"]["memberId"] == identity
    remote.rpc("ClusterMembershipService.UpdateMemberLabels", {"memberId": identity, "labels": {"a": "1"}})
    (only,) = rest.ask("GET", "/v3/clustermembership/members")["revisions"]
    assert only["current"]["labels"] == {"titus.cell": "cell1", "titus.stack": "test", "a": "1"}
    remote.rpc("ClusterMembershipService.DeleteMemberLabels", {"memberId": identity, "keys": ["a"]})
    assert "a" not in remote.rpc("ClusterMembershipService.GetMember", {"id": identity})["current"]["labels"]
    with refusal("NOT_FOUND"):
        remote.rpc("ClusterMembershipService.GetMember", {"id": "nobody"})


ONE_SERVER = "this cell has one server"
SELECTORS = "system selectors are not served"
FEDERATION = "served by a federation of cells only"
MACHINES = "machines are not managed through this API"
NETWORK = "addresses and security groups belong to the network of a cloud"
NOT_SERVED = [
    ("SupervisorService.StopBeingLeader", ONE_SERVER),
    ("ClusterMembershipService.StopBeingLeader", ONE_SERVER),
    *(
        (f"SchedulerService.{name}", SELECTORS)
        for name in (
            "GetSystemSelectors",
            "GetSystemSelector",
            "CreateSystemSelector",
            "UpdateSystemSelector",
            "DeleteSystemSelector",
        )
    ),
    *(
        (f"FederatedCapacityGroupService.{name}", FEDERATION)
        for name in (
            "CreateFederatedCapacityGroup",
            "UpdateFederatedCapacity",
            "DeleteFederatedCapacityGroup",
            "GetFederatedCapacityGroup",
        )
    ),
    *(
        (f"AgentManagementService.{name}", MACHINES)
        for name in (
            "GetInstanceGroups",
            "GetInstanceGroup",
            "GetAgentInstance",
            "FindAgentInstances",
            "UpdateInstanceGroupTier",
            "UpdateInstanceGroupLifecycleState",
            "UpdateInstanceGroupAttributes",
            "DeleteInstanceGroupAttributes",
            "UpdateAgentInstanceAttributes",
            "DeleteAgentInstanceAttributes",
        )
    ),
    ("JobActivityHistoryService.ViewScalingActivities", "scaling activities are not kept apart"),
    *(
        (name, NETWORK)
        for name in (
            "UserIPService.AllocateAddress",
            "UserIPService.GetAllocation",
            "UserIPService.DeallocateAddress",
            "ValidatorIPService.ValidateAllocation",
            "ValidatorIPService.ValidateAllocationParameters",
            "IPService.AllocateStaticIPAddress",
            "IPService.SetPool",
            "IPService.CreateTag",
            "IPService.DeleteTag",
            "IPService.UpdateTag",
            "IPService.GetStaticIPAddress",
            "IPService.GetStaticIPAddresses",
            "TitusAgentVPCInformationService.ListBranchToTrunkENIMapping",
            "TitusAgentSecurityGroupService.ResetSecurityGroup",
        )
    ),
]


@pytest.mark.parametrize(("name", "reason"), NOT_SERVED, ids=[name for name, _ in NOT_SERVED])
def test_what_is_not_served_is_said(remote, name, reason):
    with refusal("UNIMPLEMENTED", reason):
        remote.rpc(name)


@pytest.mark.parametrize(
    "name",
    [
        "AgentManagementService.ObserveAgents",
    ],
)
def test_a_stream_that_is_not_served_says_so_with_its_first_message(remote, name):
    ended = remote.stream(name, {}).next()
    assert ended["end"] == "UNIMPLEMENTED"
    assert "is not served by this cell" in ended["details"]


def test_the_only_member_stays_enabled_and_tells_its_changes(remote):
    stream = remote.stream("ClusterMembershipService.Events", {})
    (only,) = stream.next()["snapshot"]["revisions"]
    identity = only["current"]["memberId"]
    told = remote.rpc("ClusterMembershipService.EnableMember", {"memberId": identity, "enabled": True})
    assert (told["current"]["memberId"], told["current"]["enabled"]) == (identity, True)
    with refusal("UNIMPLEMENTED", ONE_SERVER):
        remote.rpc("ClusterMembershipService.EnableMember", {"memberId": identity, "enabled": False})
    with refusal("NOT_FOUND"):
        remote.rpc("ClusterMembershipService.EnableMember", {"memberId": "nobody", "enabled": True})
    remote.rpc("ClusterMembershipService.UpdateMemberLabels", {"memberId": identity, "labels": {"b": "2"}})
    update = stream.next()["memberUpdated"]["revision"]
    assert update["current"]["labels"]["b"] == "2"
    remote.rpc("ClusterMembershipService.DeleteMemberLabels", {"memberId": identity, "keys": ["b"]})
    assert "b" not in stream.next()["memberUpdated"]["revision"]["current"]["labels"]
    stream.cancel()


# ---- capacity groups --------------------------------------------------------------------------------------------

GROUPS = "/v2/management/applications"
GROUP = {
    "appName": "blue",
    "tier": "Critical",
    "instanceCPU": 2,
    "instanceMemoryMB": 1024,
    "instanceDiskMB": 10_000,
    "instanceNetworkMbs": 128,
    "instanceGPU": 0,
    "instanceCount": 3,
}


def test_capacity_groups(rest, grpc):
    assert "DEFAULT" in [each["appName"] for each in rest.ask("GET", GROUPS)]
    rest.ask("POST", GROUPS, GROUP, 201)
    with refusal(409):
        rest.ask("POST", GROUPS, GROUP)
    told = rest.ask("GET", f"{GROUPS}/blue", extended="true")
    assert {name: told[name] for name in GROUP} == GROUP
    assert "reservationUsage" in told
    job = grpc.create(service(desired=1, capacityGroup="blue"))
    (task,) = started(grpc, job, 1)
    assert (task["taskContext"]["task.tier"], grpc.job(job)["jobDescriptor"]["capacityGroup"]) == ("Critical", "blue")
    assert rest.ask("GET", f"{GROUPS}/blue", extended="true")["reservationUsage"]["cpu"] == 1
    assert rest.ask("PUT", f"{GROUPS}/blue", GROUP | {"instanceCount": 4}, 204) is None
    assert rest.ask("GET", f"{GROUPS}/blue")["instanceCount"] == 4
    grpc.kill_job(job)
    assert rest.ask("DELETE", f"{GROUPS}/blue", None, 204) is None
    for method, path, body, status in (
        ("GET", f"{GROUPS}/blue", None, 404),
        ("PUT", f"{GROUPS}/blue", GROUP, 404),
        ("DELETE", f"{GROUPS}/blue", None, 404),
        ("DELETE", f"{GROUPS}/DEFAULT", None, 400),
        ("POST", GROUPS, GROUP | {"instanceCPU": 0}, 400),
    ):
        with refusal(status):
            rest.ask(method, path, body)


@pytest.mark.parametrize("path", ["/api/v2/resource/consumption", "/api/v2/leader", "/api/v2/status", "/health"])
def test_pages_of_the_operator(rest, path):
    status, _, body = rest.exchange("GET", path)
    assert (status, bool(body)) == (200, True)


# ---- evictions --------------------------------------------------------------------------------------------------


def test_quotas(remote, rest, grpc, job):
    (task,) = started(grpc, job, 1)
    for reference, path, least in (
        ({"system": {}}, "system", 1),
        ({"tier": "Flex"}, "tiers/Flex", 1),
        ({"capacityGroup": "DEFAULT"}, "capacityGroups/DEFAULT", 1),
        ({"jobId": job}, f"jobs/{job}", 1),
        ({"taskId": task["id"]}, f"tasks/{task['id']}", 1),
    ):
        told = remote.rpc("EvictionService.GetEvictionQuota", reference)
        assert told["quota"] >= least
        assert rest.ask("GET", f"/v3/eviction/quotas/{path}") == told
    for reference, path in (
        ({"capacityGroup": "nobody"}, "capacityGroups/nobody"),
        ({"jobId": NOBODY}, f"jobs/{NOBODY}"),
        ({"taskId": NOBODY}, f"tasks/{NOBODY}"),
    ):
        with refusal("NOT_FOUND"):
            remote.rpc("EvictionService.GetEvictionQuota", reference)
        with refusal(404):
            rest.ask("GET", f"/v3/eviction/quotas/{path}")
    with refusal("INVALID_ARGUMENT"):
        remote.rpc("EvictionService.GetEvictionQuota", {})


def test_a_task_is_evicted_and_replaced(remote, rest, grpc, job):
    stream = remote.stream("EvictionService.ObserveEvents", {"includeSnapshot": True})
    assert stream.snapshot()
    (first,) = started(grpc, job, 1)
    told = remote.rpc("EvictionService.TerminateTask", {"taskId": first["id"], "reason": "trial"})
    assert told == {"allowed": True, "reasonCode": "normal", "reasonMessage": "Terminating"}
    heard = stream.until(lambda one: "taskTerminationEvent" in one)["taskTerminationEvent"]
    assert (heard["taskId"], heard["approved"], heard["reason"]) == (first["id"], True, "trial")
    assert states(task_finished(grpc, first["id"]))[-2:] == [("KillInitiated", "evicted"), ("Finished", "killed")]
    (second,) = started(grpc, job, 1)
    assert second["taskContext"]["task.evictionResubmitNumber"] == "1"
    assert rest.ask("DELETE", f"/v3/eviction/tasks/{second['id']}", reason="again")["allowed"] is True
    for gone in (first["id"], NOBODY):
        with refusal("NOT_FOUND"):
            remote.rpc("EvictionService.TerminateTask", {"taskId": gone})
    with refusal(404):
        rest.ask("DELETE", f"/v3/eviction/tasks/{NOBODY}")
    started(grpc, job, 1)
    stream.cancel()


def test_no_quota_no_eviction(remote, rest, grpc):
    budget = {"relocationLimit": {"limit": 1}, "ratePerInterval": {"intervalMs": 3_600_000, "limitPerInterval": 1}}
    job = grpc.create(service(desired=2, budget=budget))
    first, second = started(grpc, job, 2)
    remote.rpc("EvictionService.TerminateTask", {"taskId": first["id"]})
    with refusal("FAILED_PRECONDITION", f"No job quota: jobId={job}"):
        remote.rpc("EvictionService.TerminateTask", {"taskId": second["id"]})
    with refusal(409):
        rest.ask("DELETE", f"/v3/eviction/tasks/{second['id']}")
    grpc.kill_job(job)
    finished(grpc, job)


def test_no_node_is_drained_so_that_nothing_is_planned(remote, rest):
    query = {"page": {"pageSize": 5}}
    assert remote.rpc("TaskRelocationService.GetCurrentTaskRelocationPlans", query) == {"plans": []}
    assert remote.rpc("TaskRelocationService.GetLatestTaskRelocationResults", query) == {"results": []}
    assert rest.ask("GET", "/v3/relocation/plans") == {"plans": []}
    assert rest.ask("GET", "/v3/relocation/executions") == {"results": []}
    with refusal("NOT_FOUND"):
        remote.rpc("TaskRelocationService.GetTaskRelocationResult", {"id": NOBODY})
    with refusal(404):
        rest.ask("GET", f"/v3/relocation/executions/{NOBODY}")
    with refusal(404):
        rest.ask("GET", f"/v3/relocation/plans/{NOBODY}")
