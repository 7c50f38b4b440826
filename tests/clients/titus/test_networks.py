"""Network modes: a task whose mode stands for a CNI network has an address of its own, which clients read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from clients.titus.conftest import TITUS, live, node
from clients.titus.descriptors import batch
from clients.titus.test_containers import PLAIN, layout, output  # noqa: F401 — a fixture is used by its name
from clients.titus.waiting import archived, finished

pytestmark = [pytest.mark.clients, pytest.mark.containers, pytest.mark.long, pytest.mark.timeout(120)]

CONFIGURATIONS = Path("/etc/cni/net.d")
NAME = f"ptt{os.getpid() % 10_000}"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Configure a bridge for as long as the tests run."""
    ranges = {
        "type": "host-local",
        "ranges": [[{"subnet": "10.213.78.0/24"}]],
        "dataDir": str(tmp_path_factory.mktemp("addresses")),
    }
    bridge = {"type": "bridge", "bridge": NAME, "isGateway": True, "ipam": ranges}
    missing = [place for place in (CONFIGURATIONS, *CONFIGURATIONS.parents) if not place.exists()]
    CONFIGURATIONS.mkdir(parents=True, exist_ok=True)
    file = CONFIGURATIONS / f"{NAME}.conflist"
    file.write_text(json.dumps({"cniVersion": "0.4.0", "name": NAME, "plugins": [bridge]}))
    try:
        yield NAME
    finally:
        file.unlink()
        for place in missing:
            place.rmdir()
        os.system(f"ip link delete {NAME} 2>/dev/null")


@pytest.fixture(scope="module")
def server(layout, network):  # noqa: F811 — the fixture that is imported
    images = f'[images]\n"{PLAIN}" = "oci:{layout[0]}:plain"\n'
    networks = f'[doors.titus.networks]\nIpv4Only = "cni:{network}"\n'
    yield from live(TITUS + images + node("n1") + networks)


def test_each_task_has_an_address_of_its_own(grpc, rest, server):
    described = batch(
        "echo $PORTICO_ADDRESS; /bin/busybox ip route 2>&1 | head -1",
        size=2,
        container={"image": PLAIN},
        networkConfiguration={"networkMode": "Ipv4Only"},
    )
    job = grpc.create(described)
    finished(grpc, job, 60)
    tasks = archived(grpc, job)
    assert [task["status"]["reasonCode"] for task in tasks] == ["normal", "normal"]
    told = [output(server, rest, task["id"]).split()[0] for task in tasks]
    assert told == [task["taskContext"]["task.containerIp"] for task in tasks]
    assert told == [task["taskContext"]["task.containerIPv4"] for task in tasks]
    assert len(set(told)) == 2
    assert all(address.startswith("10.213.78.") for address in told)
    assert {task["taskContext"]["task.effectiveNetworkMode"] for task in tasks} == {"Ipv4Only"}


def test_another_mode_has_the_address_of_the_machine(grpc):
    job = grpc.create(batch("exit 0", container={"image": PLAIN}))
    finished(grpc, job, 60)
    (task,) = archived(grpc, job)
    assert "10.213.78." not in task["taskContext"].get("task.containerIp", "")
