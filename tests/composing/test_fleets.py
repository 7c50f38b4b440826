from pathlib import Path

import msgspec
import pytest

from portico.composing.fleets import fleet_jobs, fleet_pools, partitions, pod_fleets
from portico.composing.jobs import WorkerPlace
from portico.control.calls.pods import FORM, PARTITION
from portico.domain.containers import Mount
from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Instant
from portico.domain.jobs import JobMode, Shrink
from portico.doors.armonik.outpost.settings import SocketType, read_settings
from portico.settings import ImageSource, PartitionSettings, PoolSettings, Settings

WORKER = ("python", "-m", "my_worker")


def settings(tmp_path, found, **more):
    return Settings(data_dir=tmp_path, partitions=found, **more)


def place(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    return WorkerPlace("unix:/tmp/link.sock", tmp_path / "secret", "UTC")


def one_job(tmp_path, found, **more):
    (job,) = fleet_jobs(settings(tmp_path, {"blue": found}, **more), place(tmp_path), Instant(5))
    return job


def beside(tmp_path, found, **more):
    (fleet,) = pod_fleets(settings(tmp_path, {"blue": found}, **more)).fleets
    return fleet.beside


def as_read(job, **more):
    """What the agent makes of its command line and environment."""
    spec = job.template.spec
    return read_settings(spec.argv[3:], spec.environment | more)


def test_every_partition_is_known_but_only_those_with_workers_have_a_fleet(tmp_path):
    found = settings(
        tmp_path,
        {
            "default": PartitionSettings(),
            "blue": PartitionSettings(worker=WORKER, pod_max=7, priority=3, parents=("default",)),
        },
    )
    assert [one.id for one in partitions(found)] == ["default", "blue"]
    blue = partitions(found)[1]
    assert (blue.pod_reserved, blue.pod_max, blue.priority, blue.parents) == (1, 7, 3, ("default",))
    assert [job.id for job in fleet_jobs(found, place(tmp_path), Instant(0))] == ["fleet/armonik/blue"]
    assert [fleet.job for fleet in pod_fleets(found).fleets] == ["fleet/armonik/blue"]
    assert [pool.id for pool in fleet_pools(found)] == ["/armonik/blue"]


def test_a_fleet_is_a_service_job_of_agents_that_start_their_worker(tmp_path):
    job = one_job(
        tmp_path,
        PartitionSettings(
            worker=WORKER,
            pod_reserved=2,
            pod_max=4,
            environment={"COLOUR": "blue"},
            grace=7 * SECOND,
            resources={"cpus": 2000, "mem": 64_000},
            stated=frozenset({"mem"}),
        ),
    )
    assert (job.mode, job.shrink, job.size, job.pool) == (JobMode.SERVICE, Shrink.SPREAD, 2, "/armonik/blue")
    assert job.template.labels[PARTITION] == "blue"
    assert job.template.amounts == {"cpus": 2000, "mem": 64_000}
    assert job.template.spec.limits.memory == 64 << 20
    assert job.template.grace > 7 * SECOND
    agent = as_read(job)
    assert (agent.partition, agent.link, agent.secret) == ("blue", "unix:/tmp/link.sock", "s3cret")
    assert (agent.command, agent.stop_grace) == (WORKER, 7.0)
    assert job.template.spec.environment["COLOUR"] == "blue"


@pytest.mark.parametrize("more", [{}, {"image": "acme/worker:1"}])
def test_agents_are_told_how_much_the_folder_of_a_task_may_hold(tmp_path, more):
    assert as_read(one_job(tmp_path, PartitionSettings(worker=WORKER, **more))).folder_limit == 10_000 << 20
    found = PartitionSettings(worker=WORKER, folder_limit=1_500, **more)
    assert as_read(one_job(tmp_path, found)).folder_limit == 3 << 19


def test_over_tcp_the_ports_of_the_run_are_used(tmp_path):
    job = one_job(tmp_path, PartitionSettings(worker=WORKER, socket="tcp"))
    spec = job.template.spec
    assert (job.template.port_count, spec.argv[:2]) == (2, ("/bin/sh", "-c"))
    agent = read_settings(
        spec.argv[6:],
        spec.environment
        | {"PORTICO_ARMONIK_WORKER_ADDRESS": "127.0.0.1:1", "PORTICO_ARMONIK_AGENT_ADDRESS": "127.0.0.1:2"},
    )
    assert (agent.worker_socket_type, agent.command) == (SocketType.TCP, WORKER)
    assert "$PORT0" in spec.argv[2]
    assert "$PORT1" in spec.argv[2]


def test_a_worker_with_an_image_is_a_container_beside_its_agent(tmp_path):
    found = PartitionSettings(worker=("--fast",), image="acme/worker:1", environment={"COLOUR": "blue"}, user="app")
    agent = as_read(one_job(tmp_path, found))
    assert agent.command == ()
    assert agent.worker_address == "cache/armonik_worker.sock"
    assert "COLOUR" not in one_job(tmp_path, found).template.spec.environment
    spec = beside(tmp_path, found)
    assert (spec.argv, spec.user, spec.container.image) == (("--fast",), "app", "acme/worker:1")
    assert spec.container.mounts == (Mount("/cache", "cache", create=True),)
    assert spec.environment["COLOUR"] == "blue"
    assert spec.environment["ComputePlane__WorkerChannel__Address"] == "/cache/armonik_worker.sock"
    assert spec.environment["ComputePlane__AgentChannel__Address"] == "/cache/armonik_agent.sock"


@pytest.mark.parametrize("image", ["portico/host", "portico/host:1", "mine:2"])
def test_an_image_that_is_the_hosts_own_root_is_a_process_of_the_agent(tmp_path, image):
    found = PartitionSettings(worker=WORKER, image=image)
    images = {"portico/host": ImageSource(scheme="host"), "mine:2": ImageSource(scheme="host")}
    assert as_read(one_job(tmp_path, found, images=images)).command == WORKER
    assert beside(tmp_path, found, images=images) is None


@pytest.mark.parametrize("image", ["mine:1", "other.example:5000/portico/host", "oci"])
def test_all_other_images_are_containers(tmp_path, image):
    images = {"mine:2": ImageSource(scheme="host"), "oci": ImageSource(scheme="oci", location="/x", tag="y")}
    assert beside(tmp_path, PartitionSettings(worker=WORKER, image=image), images=images) is not None


@pytest.mark.parametrize(
    ("found", "field"),
    [
        (PartitionSettings(image="acme/worker", socket="tcp"), "socket"),
        (PartitionSettings(worker=WORKER, user="app"), "user"),
        (PartitionSettings(image="portico/host"), "worker"),
    ],
)
def test_workers_that_cannot_be_had_stop_the_start(tmp_path, found, field):
    with pytest.raises(Invalid) as refused:
        one_job(tmp_path, found)
    assert refused.value.field == f"doors.armonik.partitions.blue.{field}"


def test_the_form_changes_with_what_pods_are_made_of_and_with_nothing_else(tmp_path):
    def form(found):
        return one_job(tmp_path, found).template.labels[FORM]

    first = PartitionSettings(worker=WORKER)
    assert form(first) == form(msgspec.structs.replace(first, pod_max=9, priority=4, pod_reserved=3))
    changed = [
        {"worker": ("other",)},
        {"environment": {"A": "b"}},
        {"image": "acme/worker"},
        {"socket": "tcp"},
        {"working_directory": Path("/srv")},
        {"resources": {"cpus": 1}},
        {"folder_limit": 1},
    ]
    forms = {form(msgspec.structs.replace(first, **change)) for change in changed}
    assert len(forms | {form(first)}) == len(changed) + 1


def test_a_pool_reserves_what_the_reserved_pods_take_unless_it_is_configured(tmp_path):
    found = {"blue": PartitionSettings(worker=WORKER, pod_reserved=3, pod_max=3, resources={"cpus": 500})}
    (pool,) = fleet_pools(settings(tmp_path, found))
    assert pool.reservation == {"cpus": 1500}
    assert fleet_pools(settings(tmp_path, found, pools={"/armonik/blue": PoolSettings()})) == []
