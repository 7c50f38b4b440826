"""The table `[doors.armonik]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.domain.identity import SECOND
from portico.settings import (
    ArmonikAuth,
    ArmonikCertificate,
    ArmonikGui,
    ArmonikSettings,
    PartitionSettings,
    Settings,
    SettingsError,
    load,
)
from portico.settings.armonik_permissions import RPCS

WRITTEN = """
[doors.armonik]
default_partition = "gpu"
admin = "gui"
import_folder = "/srv/data"
data_chunk_max_size = 65536

[doors.armonik.gui]
name = "lab"
description = "the lab"
color = "green"
version = "7"
configuration = "gui.json"

[doors.armonik.auth]
require_authentication = true
require_authorization = false
trusted_headers = true
[doors.armonik.auth.roles]
reader = ["Tasks:GetTask", "Sessions:ListSessions"]
boss = ["General:Impersonate:reader"]
[doors.armonik.auth.users]
ann = ["reader"]
bob = ["boss", "reader"]
nobody = []
[[doors.armonik.auth.certificates]]
user = "ann"
cn = "ann.example"
fingerprint = "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67"
[[doors.armonik.auth.certificates]]
user = "bob"
cn = "bob.example"

[doors.armonik.partitions.gpu]
worker = ["python", "-m", "mine"]
image = "acme/worker:1"
environment = { A = "b" }
user = "nobody"
working_directory = "work"
socket = "tcp"
grace = "9s"
folder_limit = 0.5
resources = { cpus = 2 }

[retention]
sessions_age = "1h"
sessions_count = 9
sessions_idle = "2h"
"""


def read(folder: Path, text: str) -> Settings:
    file = folder / "portico.toml"
    file.write_text(text)
    return load(file, {"HOME": "/home/me"}, {})


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    settings = read(tmp_path, WRITTEN)
    assert settings.armonik == ArmonikSettings(
        default_partition="gpu",
        admin=tmp_path / "gui",
        import_folder=Path("/srv/data"),
        data_chunk_max_size=65_536,
        gui=ArmonikGui(
            name="lab", description="the lab", color="green", version="7", configuration=tmp_path / "gui.json"
        ),
        auth=ArmonikAuth(
            require_authentication=True,
            require_authorization=False,
            trusted_headers=True,
            roles={"reader": ("Tasks:GetTask", "Sessions:ListSessions"), "boss": ("General:Impersonate:reader",)},
            users={"ann": ("reader",), "bob": ("boss", "reader"), "nobody": ()},
            certificates=(
                ArmonikCertificate(
                    user="ann", cn="ann.example", fingerprint="0123456789abcdef0123456789abcdef01234567"
                ),
                ArmonikCertificate(user="bob", cn="bob.example"),
            ),
        ),
    )
    assert settings.partitions["gpu"] == PartitionSettings(
        worker=("python", "-m", "mine"),
        image="acme/worker:1",
        environment={"A": "b"},
        user="nobody",
        working_directory=tmp_path / "work",
        socket="tcp",
        grace=9 * SECOND,
        folder_limit=500,
        resources={"cpus": 2_000, "mem": 32_000},
        stated=frozenset({"cpus"}),
    )
    assert (settings.retention.sessions_age, settings.retention.sessions_count) == (3_600 * SECOND, 9)
    assert settings.retention.sessions_idle == 7_200 * SECOND


def test_a_worker_begins_where_its_file_lies_unless_it_has_an_image_or_another_folder(tmp_path: Path) -> None:
    head = "[doors.armonik.partitions.p]\n"
    for said, found in (
        ("worker = ['w']", tmp_path),
        ("worker = ['w']\nworking_directory = 'sub'", tmp_path / "sub"),
        ("worker = ['w']\nimage = 'acme/worker:1'", None),
        ("pod_max = 2", None),
    ):
        assert read(tmp_path, head + said).partitions["p"].working_directory == found


def test_nothing_has_to_be_said(tmp_path: Path) -> None:
    settings = read(tmp_path, "[doors.armonik]")
    assert settings.armonik == ArmonikSettings()
    assert (settings.retention.sessions_age, settings.retention.sessions_count) == (0, 0)


def test_a_wrong_word_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"3: doors\.armonik\.gui\.colour: unknown key; expected color"):
        read(tmp_path, "[doors.armonik]\n[doors.armonik.gui]\ncolour = 'red'")


def test_a_circle_of_parents_is_found_whatever_its_length(tmp_path: Path) -> None:
    text = "".join(f"[doors.armonik.partitions.p{at}]\nparents = ['p{(at + 1) % 3}']\n" for at in range(3))
    with pytest.raises(SettingsError, match="'p0' is above itself") as caught:
        read(tmp_path, text)
    assert len(caught.value.problems) == 3


def test_permissions_are_those_of_the_wire() -> None:
    from portico.wire.armonik import (  # noqa: TID251 — the list is checked against what it lists
        applications_pb2,
        events_pb2,
        health_checks_pb2,
        partitions_pb2,
        results_pb2,
        sessions_pb2,
        submitter_pb2,
        tasks_pb2,
        versions_pb2,
    )

    modules = (
        *(submitter_pb2, sessions_pb2, tasks_pb2, results_pb2, applications_pb2),
        *(events_pb2, partitions_pb2, versions_pb2, health_checks_pb2),
    )
    services = [service for module in modules for service in module.DESCRIPTOR.services_by_name.values()]
    served = {f"{service.name.removesuffix('Service')}:{rpc.name}" for service in services for rpc in service.methods}
    assert set(RPCS) == served
