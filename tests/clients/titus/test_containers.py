"""Tasks that are containers of real images: what they run, see and share."""

from __future__ import annotations

import os
import shutil

import pytest
from clients.titus.conftest import TITUS, live, node
from clients.titus.descriptors import FOREVER, batch, service
from clients.titus.doors import OverGrpc, OverRest
from clients.titus.waiting import archived, finished, started, states
from live.server import until

pytestmark = [pytest.mark.clients, pytest.mark.containers, pytest.mark.long, pytest.mark.timeout(120)]

TOOLS = ("crun", "skopeo", "umoci", "busybox")
PLAIN = "acme/plain:1"


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """Give a folder with images, and their digests by tag."""
    if os.geteuid() != 0:
        pytest.skip("containers need root")
    missing = [name for name in TOOLS if shutil.which(name) is None]
    assert not missing, f"{', '.join(missing)} not installed; `make containers` does it"
    from node.containers.images import make_layout

    folder = tmp_path_factory.mktemp("images") / "layout"
    path = ["PATH=/bin"]
    talks = {"Env": [*path, "COLOUR=red"], "Entrypoint": ["/bin/echo", "first"], "Cmd": ["image", "words"]}
    return folder, make_layout(folder, {"plain": {"Env": path}, "talks": talks})


@pytest.fixture(scope="module")
def server(tmp_path_factory, layout):
    sources = {f"acme/{tag}:1": f"oci:{layout[0]}:{tag}" for tag in ("plain", "talks", "gone")}
    sources["acme/silent"] = "registry:127.0.0.1:1/silent"
    images = "".join(f'"{name}" = "{source}"\n' for name, source in sources.items())
    files = tmp_path_factory.mktemp("efs")
    (files / "given").write_text("from outside\n")
    efs = f'[doors.titus.efs]\nfs-1 = "{files}"\n'
    yield from live(TITUS + f"[images]\n{images}" + node("n1") + efs)


def output(server, rest, task, name="stdout"):
    status, _, body = rest.exchange("GET", f"/titus/logs/{task}?f={name}")
    assert status == 200, body
    return body.decode()


@pytest.fixture
def run(grpc, rest, server):
    """Run a batch job of one task to its end; gives the task and its output."""

    def played(descriptor):
        job = grpc.create(descriptor)
        finished(grpc, job, 60)
        (task,) = archived(grpc, job)
        return task, output(server, rest, task["id"])

    return played


def boxed(script, image=PLAIN, **more):
    return batch(script, container={"image": image, **more})


def test_what_an_image_says_of_itself_holds(run):
    told = batch()
    told["container"] |= {"image": {"name": "acme/talks", "tag": "1"}, "entryPoint": [], "command": []}
    task, said = run(told)
    assert (states(task)[-1], said) == (("Finished", "normal"), "first image words\n")
    assert ("StartInitiated", "normal") in states(task) or ("Started", "normal") in states(task)
    told["container"]["command"] = ["other", "words"]
    assert run(told)[1] == "first other words\n"
    told["container"] |= {"entryPoint": ["/bin/sh", "-c"], "command": ["echo $COLOUR; exit 4"]}
    task, said = run(told)
    assert (states(task)[-1], said) == (("Finished", "failed"), "red\n")


def test_a_container_sees_its_own_world(run):
    script = "hostname >/dev/null; id -u; ls /; echo $TITUS_NUM_CPU; dd if=/dev/zero of=/dev/shm/x bs=1024 count=$((70*1024)); ls -l /dev/shm/x"
    task, said = run(boxed(script))
    words = said.split()
    assert words[0] == "0"
    assert "work" in words
    assert task["status"]["state"] == "Finished"
    size = next(int(word) for word in reversed(words) if word.isdecimal() and int(word) > 1 << 20)
    assert size == 64 << 20


def test_files_from_outside_are_mounted(run):
    mounts = [{"efsId": "fs-1", "mountPoint": "/data", "mountPerm": "RO"}]
    resources = {"cpu": 1, "memoryMB": 512, "diskMB": 10_000, "networkMbps": 128, "efsMounts": mounts}
    task, said = run(boxed("cat /data/given; touch /data/new || echo refused", resources=resources))
    assert (states(task)[-1], said) == (("Finished", "normal"), "from outside\nrefused\n")
    mounts[0]["mountPerm"] = "RW"
    _, said = run(boxed("touch /data/new && echo written", resources=resources))
    assert said == "written\n"


def test_containers_of_a_task_share_a_volume(grpc, rest, server):
    told = service("echo hello > /shared/word; " + FOREVER, container={"image": PLAIN})
    told["volumes"] = [
        {"name": "both", "sharedContainerVolumeSource": {"sourceContainer": "main", "sourcePath": "/shared"}}
    ]
    told["extraContainers"] = [
        {
            "name": "reader",
            "image": {"name": "acme/plain", "tag": "1"},
            "entryPoint": ["/bin/sh", "-c"],
            "command": ["while ! test -s /seen/word; do sleep 0.05; done; cp /seen/word /seen/copy; exec sleep 600"],
            "volumeMounts": [{"volumeName": "both", "mountPath": "/seen"}],
        }
    ]
    told["container"]["command"] = [
        "echo hello > /shared/word; while ! test -e /shared/copy; do sleep 0.05; done; echo shared; exec sleep 600"
    ]
    job = grpc.create(told)
    (task,) = started(grpc, job, 1)
    until(lambda: "stdout" in rest.exchange("GET", f"/titus/tasks/{task['id']}")[2].decode(), "a page")
    grpc.kill_job(job)
    finished(grpc, job)
    (task,) = archived(grpc, job)
    assert output(server, rest, task["id"]) == "shared\n"


def test_health_is_told(grpc, tmp_path):
    checks = {"portico.healthCheck.command": "test -e /tmp/well", "portico.healthCheck.intervalSeconds": "1"}
    script = "sleep 2; touch /tmp/well; " + FOREVER
    job = grpc.create(service(script, container={"image": PLAIN, "attributes": checks}))
    (task,) = started(grpc, job, 1)

    def told(health):
        states = grpc.task(task["id"])["status"]["containerState"]
        return [(one["containerName"], one["containerHealth"]) for one in states] == [("main", health)]

    until(lambda: told("Unhealthy"), "a task that is not well yet")
    until(lambda: told("Healthy"), "a healthy task")
    grpc.kill_job(job)


def test_an_image_that_is_not_there(grpc):
    job = grpc.create(batch(container={"image": "acme/nobody:9"}))
    job = finished(grpc, job, 60)
    (task,) = archived(grpc, job["id"])
    assert task["status"]["reasonCode"] == "invalidRequest"
    assert "acme/nobody" in task["status"]["reasonMessage"]


def test_an_image_is_settled_when_its_job_is_created(door, grpc, layout):
    job = door.create(boxed("exit 0"))
    found = door.job(job)["jobDescriptor"]["container"]["image"]
    assert (found["name"], found["tag"], found["digest"]) == ("acme/plain", "1", layout[1]["plain"])
    (task,) = archived(grpc, finished(grpc, job, 60)["id"])
    assert states(task)[-1] == ("Finished", "normal")
    with door.refuses("INVALID_ARGUMENT", 400, "container.image"):
        door.create(boxed("exit 0", "acme/gone:1"))


def test_a_job_whose_registry_is_silent_fails_when_it_starts(grpc):
    job = grpc.create(boxed("exit 0", "acme/silent:1"))
    assert grpc.job(job)["jobDescriptor"]["attributes"]["titus.sanitization.skipped.image"] == "true"
    (task,) = archived(grpc, finished(grpc, job, 60)["id"])
    assert states(task)[-1] == ("Finished", "failed")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_container_outlives_the_server(grpc, rest, server, start, end):
    script = "echo begun; trap 'echo asked; exit 0' TERM; while :; do sleep 0.1; done"
    job = grpc.create(service(script, container={"image": PLAIN}))
    (task,) = started(grpc, job, 1)
    getattr(server, end)()
    server.start()
    door = OverGrpc(start())
    assert [one["id"] for one in started(door, job, 1)] == [task["id"]]
    door.kill_job(job)
    finished(door, job)
    assert output(server, OverRest(server.endpoints["titus_rest"]), task["id"]) == "begun\nasked\n"
