"""Each call on jobs through both ways in: what it does, and what it refuses."""

import uuid

import pytest
from clients.titus.descriptors import batch, service
from clients.titus.waiting import finished, started, states

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(90)]

NOBODY = str(uuid.UUID(int=7))
SIZES = {"min": 0, "max": 3, "desired": 0}


@pytest.fixture
def made(door):
    """Create jobs that are killed with the test."""
    jobs = []

    def create(descriptor):
        jobs.append(door.create(descriptor))
        return jobs[-1]

    yield create
    for job in jobs:
        if door.job(job)["status"]["state"] == "Accepted":
            door.kill_job(job)


@pytest.fixture
def idle(made):
    """Give a service job without tasks."""
    return made(service(desired=0, most=3))


@pytest.fixture
def piece(made):
    """Give a batch job that goes on."""
    return made(batch("exec sleep 600"))


def capacity(door, job):
    return door.job(job)["jobDescriptor"]["service"]["capacity"]


def test_a_job_is_created_with_what_was_left_out(door, made):
    descriptor = service(
        desired=0, attributes={"team": "blue", "titus.sanitization.x": "y"}, container={"resources": {}}
    )
    job = door.job(made(descriptor))
    assert (job["status"]["state"], job["status"]["reasonMessage"]) == (
        "Accepted",
        "New Job created. Next tasks will be launched.",
    )
    told = job["jobDescriptor"]
    resources = told["container"]["resources"]
    assert (resources["cpu"], resources["memoryMB"], resources["diskMB"]) == (1, 512, 10_000)
    assert (resources["networkMbps"], resources["shmSizeMB"]) == (128, 64)
    assert told["container"]["securityProfile"]["securityGroups"] == ["sg-default"]
    assert told["capacityGroup"] == "DEFAULT"
    assert told["disruptionBudget"]["selfManaged"]["relocationTimeMs"] == "60000"
    attributes = told["attributes"]
    assert (attributes["team"], attributes["titus.cell"], attributes["titus.stack"]) == ("blue", "cell1", "test")
    assert "titus.sanitization.x" not in attributes
    assert int(job["version"]["timestamp"]) > 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda told: told.pop("owner"), "owner.teamEmail"),
        (lambda told: told.update(applicationName=""), "applicationName"),
        (lambda told: told["container"]["image"].update(name="not an image"), "container.image.name"),
        (lambda told: told["container"]["resources"].update(cpu=97), "container.containerResources.cpu"),
        (lambda told: told["batch"].update(size=0), "extensions.size"),
        (lambda told: told["batch"].update(runtimeLimitSec=1), "extensions.runtimeLimitMs"),
    ],
)
def test_what_a_job_breaks_is_named(remote, rest, change, field):
    told = batch()
    change(told)
    with pytest.raises(Exception, match=field.replace(".", r"\.")) as over_grpc:
        remote.rpc("CreateJob", told, **{"X-Titus-Debug": "true"})
    with pytest.raises(Exception, match=field.replace(".", r"\.")) as over_rest:
        rest.ask("POST", "/v3/jobs", told, debug="true")
    for caught, code in ((over_grpc, "INVALID_ARGUMENT"), (over_rest, 400)):
        assert caught.value.code == code
        assert field in caught.value.violations
    assert over_grpc.value.trailer == over_grpc.value.details


def test_a_job_without_a_retry_policy_is_refused(door):
    told = batch()
    told["batch"].pop("retryPolicy")
    with door.refuses("INVALID_ARGUMENT", 400):
        door.create(told)


def test_a_sequence_is_taken_once(door, made):
    group = {"stack": "prod", "detail": "x", "sequence": "001"}
    first = made(service(desired=0, application="seq", group=group))
    with door.refuses("INVALID_ARGUMENT", 400, first):
        door.create(service(desired=0, application="seq", group=group))
    door.kill_job(first)
    finished(door, first)
    made(service(desired=0, application="seq", group=group))


def test_the_caller_is_kept(remote, grpc):
    headers = {"X-Titus-CallerId": "alice", "X-Titus-CallerType": "User", "X-Titus-CallReason": "trial"}
    job = remote.rpc("CreateJob", service(desired=0), **headers)["id"]
    attributes = grpc.job(job)["jobDescriptor"]["attributes"]
    assert (attributes["titus.createdBy"], attributes["titus.callReason"]) == ("alice", "trial")
    grpc.kill_job(job)


def test_capacity_as_a_whole(door, idle, piece):
    before = door.job(idle)["version"]
    door.capacity(idle, min=0, max=5, desired=0)
    changed = door.job(idle)
    assert changed["jobDescriptor"]["service"]["capacity"] == {"min": 0, "max": 5, "desired": 0}
    assert int(changed["version"]["timestamp"]) > int(before["timestamp"])
    door.capacity(idle, min=0, max=5, desired=0)
    assert door.job(idle)["version"] == changed["version"]
    with door.refuses("INVALID_ARGUMENT", 400, "Current Capacity{"):
        door.capacity(idle, min=3, max=2, desired=1)
    with door.refuses("INVALID_ARGUMENT", 400):
        door.capacity(piece, **SIZES)
    with door.refuses("NOT_FOUND", 404):
        door.capacity(NOBODY, **SIZES)
    with door.refuses("INVALID_ARGUMENT", 400):
        door.capacity("no-uuid", **SIZES)


def test_parts_of_capacity(door, idle):
    door.part_of_capacity(idle, max=7)
    assert capacity(door, idle) == {"min": 0, "max": 7, "desired": 0}
    door.part_of_capacity(idle, min=2)
    assert capacity(door, idle) == {"min": 2, "max": 7, "desired": 2}
    door.part_of_capacity(idle, min=0, max=1)
    assert capacity(door, idle) == {"min": 0, "max": 1, "desired": 1}
    with door.refuses("INVALID_ARGUMENT", 400):
        door.part_of_capacity(idle, desired=9)
    with door.refuses("NOT_FOUND", 404):
        door.part_of_capacity(NOBODY, desired=1)


def test_processes_forbid_changes(door, idle, piece):
    door.processes(idle, disableIncreaseDesired=True)
    with door.refuses("INVALID_ARGUMENT", 400, "disableIncreaseDesired true"):
        door.capacity(idle, min=0, max=3, desired=1)
    door.processes(idle, disableDecreaseDesired=True)
    door.capacity(idle, min=0, max=3, desired=1)
    with door.refuses("INVALID_ARGUMENT", 400, "disableDecreaseDesired true"):
        door.capacity(idle, **SIZES)
    door.processes(idle)
    door.capacity(idle, **SIZES)
    with door.refuses("INVALID_ARGUMENT", 400):
        door.processes(piece, disableDecreaseDesired=True)
    with door.refuses("NOT_FOUND", 404):
        door.processes(NOBODY)


def test_status_switches(door, idle, piece):
    door.enable(idle, on=False)
    off = door.job(idle)
    assert off["jobDescriptor"]["service"]["enabled"] is False
    door.enable(idle, on=False)
    assert door.job(idle)["version"] == off["version"]
    door.enable(idle, on=True)
    assert door.job(idle)["jobDescriptor"]["service"]["enabled"] is True
    with door.refuses("INVALID_ARGUMENT", 400):
        door.enable(piece, on=False)
    with door.refuses("NOT_FOUND", 404):
        door.enable(NOBODY, on=True)


def test_budgets_are_replaced(door, idle, piece):
    budget = {"availabilityPercentageLimit": {"percentageOfHealthyContainers": 50.0}, "rateUnlimited": {}}
    for job in (idle, piece):
        door.budget(job, budget)
        told = door.job(job)["jobDescriptor"]["disruptionBudget"]
        assert told["availabilityPercentageLimit"] == {"percentageOfHealthyContainers": 50.0}
    with door.refuses("INVALID_ARGUMENT", 400, "percentageOfHealthyContainers"):
        door.budget(idle, {"availabilityPercentageLimit": {"percentageOfHealthyContainers": 101}})
    with door.refuses("NOT_FOUND", 404):
        door.budget(NOBODY, budget)


def test_attributes_are_merged_and_removed(door, idle):
    door.put_job_attributes(idle, {"a": "1", "b": "2"})
    door.put_job_attributes(idle, {"b": "3"})
    door.drop_job_attributes(idle, "a", "never-there")
    attributes = door.job(idle)["jobDescriptor"]["attributes"]
    assert ("a" in attributes, attributes["b"]) == (False, "3")
    with door.refuses("NOT_FOUND", 404):
        door.put_job_attributes(NOBODY, {"a": "1"})
    with door.refuses("NOT_FOUND", 404):
        door.drop_job_attributes(NOBODY, "a")


def test_a_job_is_killed_with_its_tasks(door, made):
    job = made(service(desired=2))
    tasks = started(door, job, 2)
    door.kill_job(job)
    over = finished(door, job)
    assert states(over) == [("Accepted", "normal"), ("KillInitiated", "killed"), ("Finished", "normal")]
    for task in tasks:
        assert states(door.task(task["id"]))[-2:] == [("KillInitiated", "killed"), ("Finished", "killed")]
    for refused in (
        lambda: door.kill_job(job),
        lambda: door.capacity(job, **SIZES),
        lambda: door.enable(job, on=False),
        lambda: door.put_job_attributes(job, {"a": "1"}),
    ):
        with door.refuses("NOT_FOUND", 404):
            refused()
    with door.refuses("NOT_FOUND", 404, NOBODY):
        door.kill_job(NOBODY)


def test_a_job_that_is_ending_is_not_killed_again(door, made):
    stubborn = "trap '' TERM; while :; do sleep 0.1; done"
    job = made(service(stubborn, desired=1, container={"attributes": {"titusParameter.agent.killWaitSeconds": "2"}}))
    started(door, job, 1)
    door.kill_job(job)
    with door.refuses("FAILED_PRECONDITION", 409):
        door.kill_job(job)
    with door.refuses("FAILED_PRECONDITION", 409):
        door.capacity(job, **SIZES)
    assert finished(door, job)["status"]["reasonCode"] == "normal"


def test_jobs_are_found_page_by_page(door, made):
    jobs = [made(service(desired=0, application="pages", attributes={"number": str(n)})) for n in range(5)]
    page = door.jobs(2, appName="pages")
    assert [job["id"] for job in page["items"]] == jobs[:2]
    told = page["pagination"]
    assert (told["hasMore"], told["totalPages"], told["totalItems"], told["cursorPosition"]) == (True, 3, 5, 1)
    page = door.jobs(2, cursor=told["cursor"], appName="pages")
    assert [job["id"] for job in page["items"]] == jobs[2:4]
    page = door.jobs(2, 2, appName="pages")
    assert [job["id"] for job in page["items"]] == jobs[4:]
    assert not page["pagination"]["hasMore"]
    assert door.jobs(2, 9, appName="pages")["items"] == []
    only = door.jobs(9, fields=("jobDescriptor.attributes.number",), appName="pages")["items"]
    assert [job["jobDescriptor"]["attributes"] for job in only] == [{"number": str(n)} for n in range(5)]
    assert only[0]["id"] == jobs[0]
    assert not only[0]["jobDescriptor"]["applicationName"]


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({"owner": "other@example.org"}, 1),
        ({"imageName": "portico/host"}, 2),
        ({"imageName": "acme/none"}, 0),
        ({"imageTag": "latest"}, 2),
        ({"capacityGroup": "special"}, 1),
        ({"jobGroupStack": "s", "jobGroupDetail": "d", "jobGroupSequence": "q"}, 1),
        ({"jobType": "SERVICE"}, 1),
        ({"jobType": "batch"}, 1),
        ({"attributes": "colour:red"}, 1),
        ({"attributes": "colour:red,size:big", "attributes.op": "or"}, 2),
        ({"labels": "colour:red,size:big", "labels.op": "and"}, 0),
        ({"attributes": "colour"}, 1),
        ({"jobState": "accepted"}, 2),
        ({"jobState": "Finished"}, 0),
        ({"taskStates": "Started"}, 1),
        ({"owner": ""}, 2),
    ],
)
def test_jobs_are_found_by_every_criterion(door, rest, criteria, count):
    if not rest.jobs(appName="criteria")["items"]:
        group = {"stack": "s", "detail": "d", "sequence": "q"}
        one = service(desired=1, application="criteria", attributes={"colour": "red"}, group=group)
        two = batch("exec sleep 600", application="criteria", attributes={"size": "big"})
        two |= {"owner": {"teamEmail": "other@example.org"}, "capacityGroup": "special"}
        two["container"]["resources"]["gpu"] = 1  # there is none, so that its task waits
        started(rest, rest.create(one), 1)
        rest.create(two)
    assert len(door.jobs(appName="criteria", **criteria)["items"]) == count


def test_wrong_questions_are_refused(door, remote):
    with door.refuses("INVALID_ARGUMENT", 400):
        door.jobs(0)
    with door.refuses("INVALID_ARGUMENT", 400):
        door.jobs(2, -1)
    with door.refuses("INVALID_ARGUMENT", 400):
        door.jobs(2, cursor="nonsense")
    with door.refuses("INVALID_ARGUMENT", 400, "shoeSize"):
        door.jobs(shoeSize="44")
    with door.refuses("INVALID_ARGUMENT", 400):
        door.jobs(jobState="Asleep")
    with door.refuses("INVALID_ARGUMENT", 400):
        door.job("no-uuid")
    with door.refuses("NOT_FOUND", 404):
        door.job(NOBODY)


def test_a_page_must_be_given(remote):
    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        remote.rpc("FindJobs", {})


def test_gzip_is_had_for_the_asking(rest):
    status, headers, body = rest.exchange("GET", "/api/v3/jobs", headers={"X-Titus-Compression": "gzip"})
    assert (status, headers["Content-Encoding"], body[:2]) == (200, "gzip", b"\x1f\x8b")


def test_bodies_that_do_not_read(rest, idle_rest):
    status, _, body = rest.exchange("POST", "/api/v3/jobs", {"shoeSize": 44})
    assert (status, b"Unrecognized field(s) [shoeSize]" in body) == (400, True)
    assert rest.exchange("POST", "/api/v3/jobs", b"{")[0] == 400
    assert rest.exchange("GET", "/api/v3/nowhere")[0] == 404
    assert rest.exchange("PUT", f"/api/v3/jobs/{idle_rest}/attributes", {"jobId": NOBODY})[0] == 400
    assert rest.exchange("DELETE", f"/api/v3/jobs/{idle_rest}/attributes")[0] == 400


@pytest.fixture
def idle_rest(rest):
    job = rest.create(service(desired=0))
    yield job
    rest.kill_job(job)
