"""The whole contract read into one value, its defaults, and which source wins."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from portico.settings import (
    DOORS,
    AuthSettings,
    ImageSource,
    KindSettings,
    LogSettings,
    NodeSettings,
    PartitionSettings,
    PoolSettings,
    PythonSettings,
    RetentionSettings,
    Settings,
    SettingsError,
    TitusLimits,
    load,
)
from portico.settings.model import ReservedSettings

SECOND = 1_000_000
HOUR = 3600 * SECOND

CONTRACT = """
host = "0.0.0.0"
advertise = "portico.example"
grpc_port = 1
http_port = 2
mesos_port = 3
agent_port = 4
native_ports = true
engine = "local"
data_dir = "state"
store = "memory"
objects = "files"

[kinds.backup]
command = ["/usr/local/bin/backup", "--target", "{0}"]
description = "nightly backup"
cron_spec = "0 3 * * *"
schedule_at = 2026-12-01T03:00:00.5+01:00
priority = -1
retries = 3
backoff = "10s"
timeout = "1h"
concurrency = 2
resources = { cpus = 0.5, mem = 128, disk = 64, gpus = 1 }
pool = "/batch"
catch_up = true
working_directory = "work"
environment = { LANG = "C", EMPTY = "" }
user = "backup"
grace = "1m30s"
max_output = 0

[python]
modules = ["my_jobs"]
path = [".", "/opt/jobs", "~/jobs"]
workers = 2
hang_grace = "250ms"

[[nodes]]
name = "n1"
cpus = 4
mem = 2048
disk = 20000
ports = "31000-32000, 33000"
network = 10000
gpus = 0
attributes = { zone = "a", rack = "r1", weight = 2.5, slots = 3 }
[[nodes]]

[pools."/batch"]
reservation = { cpus = 2 }
limit = { cpus = 8, gpus = 0 }
share = { cpus = 1 }

[images]
"acme/tool:1" = "host"
"acme/tool:2" = "oci:images/tool:v2"
"acme/tool:3" = "registry:ghcr.io/acme/tool"

[doors]
enabled = ["titus", "armonik"]

[doors.armonik.partitions.fast]
worker = ["python", "-m", "my_worker"]
pod_reserved = 2
pod_max = 4
priority = 3
preemption_percentage = 50
parents = ["default"]
configuration = { tier = "gold" }
resources = { mem = 256 }

[doors.titus.limits]
min_disk = 0
max_runtime = "1h"
max_active_jobs = 5

[doors.beam]
forward = "flink:8099"

[timers]
"peloton.entitlement" = "5s"
titus.min_retry_interval = "0s"

[retention]
age = "30d"
count = 10
events_age = "1h"
events_count = 20
sandbox_age = "2h"
sandbox_min_free = 0.25

[auth]
token = "secret"
tls_cert = "cert.pem"
tls_key = "/dev/null"
tls_client_ca = "ca.pem"

[log]
level = "debug"
format = "json"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "portico.toml"
    file.write_text(text)
    for name in re.findall(r'"([a-z]+\.pem)"', text):
        (folder / name).touch()
    return file


def test_the_whole_contract(tmp_path: Path) -> None:
    assert load(written(tmp_path, CONTRACT), {"HOME": "/home/me"}, {}) == Settings(
        host="0.0.0.0",
        advertise="portico.example",
        grpc_port=1,
        http_port=2,
        mesos_port=3,
        agent_port=4,
        doors=("titus", "armonik"),
        native_ports=True,
        engine="local",
        data_dir=tmp_path / "state",
        store="memory",
        objects="files",
        kinds={
            "backup": KindSettings(
                name="backup",
                command=("/usr/local/bin/backup", "--target", "{0}"),
                description="nightly backup",
                cron_spec="0 3 * * *",
                schedule_at=1_796_090_400_500_000,
                priority=-1,
                retries=3,
                backoff=10 * SECOND,
                timeout=HOUR,
                concurrency=2,
                resources={"cpus": 500, "mem": 128_000, "disk": 64_000, "gpus": 1000},
                stated=frozenset({"cpus", "mem", "disk", "gpus"}),
                pool="/batch",
                catch_up=True,
                working_directory=tmp_path / "work",
                environment={"LANG": "C", "EMPTY": ""},
                user="backup",
                grace=90 * SECOND,
                max_output=0,
            )
        },
        python=PythonSettings(
            modules=("my_jobs",),
            path=(tmp_path, Path("/opt/jobs"), Path("/home/me/jobs")),
            workers=2,
            hang_grace=250_000,
        ),
        nodes=(
            NodeSettings(
                name="n1",
                cpus=4_000,
                mem=2_048_000,
                disk=20_000_000,
                gpus=0,
                network=10_000_000,
                ports=((31_000, 32_000), (33_000, 33_000)),
                attributes={"zone": "a", "rack": "r1", "weight": "2.5", "slots": "3"},
            ),
            NodeSettings(name="n2"),
        ),
        pools={
            "/batch": PoolSettings(reservation={"cpus": 2_000}, limit={"cpus": 8_000, "gpus": 0}, share={"cpus": 1_000})
        },
        images={
            "portico/host": ImageSource(scheme="host"),
            "acme/tool:1": ImageSource(scheme="host"),
            "acme/tool:2": ImageSource(scheme="oci", location=str(tmp_path / "images/tool"), tag="v2"),
            "acme/tool:3": ImageSource(scheme="registry", location="ghcr.io/acme/tool"),
        },
        partitions={
            "default": PartitionSettings(),
            "fast": PartitionSettings(
                worker=("python", "-m", "my_worker"),
                working_directory=tmp_path,
                pod_reserved=2,
                pod_max=4,
                priority=3,
                preemption_percentage=50,
                parents=("default",),
                configuration={"tier": "gold"},
                resources={"cpus": 100, "mem": 256_000},
                stated=frozenset({"mem"}),
            ),
        },
        titus_limits=TitusLimits(min_disk=0, max_runtime=HOUR, max_active_jobs=5),
        beam_forward="flink:8099",
        timers={"peloton.entitlement": 5 * SECOND, "titus.min_retry_interval": 0},
        retention=RetentionSettings(
            age=30 * 24 * HOUR,
            count=10,
            events_age=HOUR,
            events_count=20,
            sandbox_age=2 * HOUR,
            sandbox_min_free=0.25,
        ),
        auth=AuthSettings(
            token="secret",
            tls_cert=tmp_path / "cert.pem",
            tls_key=Path("/dev/null"),
            tls_client_ca=tmp_path / "ca.pem",
        ),
        log=LogSettings(level="debug", format="json"),
    )


def test_without_anything_the_defaults_hold() -> None:
    settings = load(None, {"HOME": "/home/me", "PATH": "/bin"}, {})
    assert settings == Settings(data_dir=Path("/home/me/.local/share/portico"))
    assert settings.images == {"portico/host": ImageSource(scheme="host")}
    assert settings.partitions == {"default": PartitionSettings()}
    assert (settings.host, settings.advertise, settings.engine) == ("127.0.0.1", None, "local")
    assert (settings.grpc_port, settings.http_port, settings.mesos_port, settings.agent_port) == (
        50051,
        8080,
        5050,
        5051,
    )
    assert settings.doors == DOORS
    assert settings.nodes == ()
    assert settings.retention.age == 7 * 24 * HOUR
    assert settings.timer("mesos.heartbeat", 15 * SECOND) == 15 * SECOND


def test_a_kind_has_defaults_for_all_but_its_command(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "[kinds.a]\ncommand = ['true']\nresources = { cpus = 0 }"), {}, {})
    assert settings.kinds["a"] == KindSettings(
        name="a", command=("true",), resources={"mem": 32_000}, stated=frozenset({"cpus"})
    )
    assert KindSettings(name="a", command=()).resources == {"cpus": 100, "mem": 32_000}


def test_a_time_without_offset_is_of_the_servers_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, "[kinds.a]\ncommand = ['true']\nschedule_at = 2026-07-01 12:00:00")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = load(file, {}, {}).kinds["a"].schedule_at
    time.tzset()
    assert found == 1_782_874_800 * SECOND


def test_the_epoch_is_a_time_as_any_other(tmp_path: Path) -> None:
    for written_so, found in (("1970-01-01T00:00:00Z", 1), ("1970-01-01T00:00:01Z", SECOND)):
        file = written(tmp_path, f"[kinds.a]\ncommand = ['true']\nschedule_at = {written_so}")
        assert load(file, {}, {}).kinds["a"].schedule_at == found


def test_command_line_over_environment_over_file_over_default(tmp_path: Path) -> None:
    file = written(tmp_path, "grpc_port = 1\nhttp_port = 1\nmesos_port = 1")
    environ = {"PORTICO_HTTP_PORT": "2", "PORTICO_MESOS_PORT": "2"}
    settings = load(file, environ, {"mesos_port": 3, "agent_port": None})
    assert (settings.grpc_port, settings.http_port, settings.mesos_port, settings.agent_port) == (1, 2, 3, 5051)


def test_every_flag_of_up() -> None:
    settings = load(
        None,
        {},
        {
            "host": "::1",
            "advertise": "h",
            "grpc_port": 0,
            "http_port": 0,
            "mesos_port": 0,
            "agent_port": 0,
            "doors": "titus,mesos",
            "native_ports": True,
            "engine": "local",
            "data_dir": Path("d"),
            "store": "memory",
            "objects": "files",
        },
    )
    assert settings.doors == ("titus", "mesos")
    assert settings.data_dir == Path.cwd() / "d"
    assert (settings.store, settings.native_ports, settings.grpc_port) == ("memory", True, 0)


def test_the_environment_reaches_every_level(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '[kinds.Big-Job]\ncommand = ["a"]\n[[nodes]]\nname = "x"\ncpus = 1\n[pools."/batch"]\n[timers]\n"mesos.heartbeat" = "1s"',
    )
    settings = load(
        file,
        {
            "PORTICO_KINDS__BIG_JOB__RETRIES": "2",
            "PORTICO_KINDS__SMALL": '{ command = ["b", "c"], timeout = "1s" }',
            "PORTICO_KINDS__SMALL__TIMEOUT": "2s",
            "PORTICO_KINDS__SMALL__CRON_SPEC": "0 3 * * *",
            "PORTICO_KINDS__SMALL__SCHEDULE_AT": "2026-07-01T00:00:00Z",
            "PORTICO_NODES__0__CPUS": "2.5",
            "PORTICO_NODES__1__NAME": "7",
            "PORTICO_POOLS___BATCH__LIMIT__CPUS": "3",
            "PORTICO_TIMERS__MESOS__HEARTBEAT": "9s",
            "PORTICO_TIMERS__PELOTON__DEADLINE": "8s",
            "PORTICO_DOORS": "titus, beam",
            "PORTICO_DOORS__BEAM__FORWARD": "localhost:1",
            "PORTICO_AUTH__TOKEN": "12345",
            "PORTICO_NATIVE_PORTS": "true",
            "PORTICO_LOG__LEVEL": "error",
            "PORTICO_DATA_DIR": "/var/lib/portico",
            "PORTICO_PYTHON__MODULES": '["a", "b"]',
            "PORTICO_CONFIG": "/somewhere/portico.toml",
        },
        {},
    )
    assert settings.kinds["Big-Job"].retries == 2
    assert settings.kinds["small"] == KindSettings(
        name="small",
        command=("b", "c"),
        timeout=2 * SECOND,
        cron_spec="0 3 * * *",
        schedule_at=1_782_864_000 * SECOND,
    )
    assert [(node.name, node.cpus) for node in settings.nodes] == [("x", 2_500), ("7", None)]
    assert settings.pools["/batch"].limit == {"cpus": 3_000}
    assert settings.timers == {"mesos.heartbeat": 9 * SECOND, "peloton.deadline": 8 * SECOND}
    assert settings.doors == ("titus", "beam")
    assert settings.beam_forward == "localhost:1"
    assert settings.auth.token == "12345"
    assert settings.native_ports is True
    assert settings.log.level == "error"
    assert settings.data_dir == Path("/var/lib/portico")
    assert settings.python.modules == ("a", "b")


def test_a_value_of_the_environment_cannot_smuggle_in_a_second_key() -> None:
    assert load(None, {"PORTICO_HOST": "1\nhttp_port = 9"}, {}).http_port == 8080


def test_a_later_layer_replaces_a_table_as_a_whole(tmp_path: Path) -> None:
    file = written(tmp_path, '[log]\nlevel = "debug"\nformat = "json"')
    assert load(file, {"PORTICO_LOG": '{ level = "error" }'}, {}).log == LogSettings(level="error", format="console")


def test_the_list_of_doors_may_stand_at_the_key_itself(tmp_path: Path) -> None:
    assert load(written(tmp_path, 'doors = ["beam"]'), {}, {}).doors == ("beam",)


def test_paths_start_where_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    written(tmp_path / "conf", 'data_dir = "state"\n[python]\npath = ["lib"]')
    monkeypatch.chdir(tmp_path)
    settings = load(Path("conf/portico.toml"), {"PORTICO_PYTHON__PATH": "x,y"}, {})
    assert settings.data_dir == tmp_path / "conf" / "state"
    assert settings.python.path == (tmp_path / "x", tmp_path / "y")


def test_a_file_with_windows_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "portico.toml"
    file.write_bytes(b'host = "a"\r\ngrpc_port = 7\r\nhttp_port = "x"\r\n')
    with pytest.raises(SettingsError) as caught:
        load(file, {}, {})
    assert caught.value.problems[0].startswith(f"{file}:3: http_port: ")


def test_nothing_but_the_given_file_is_needed(tmp_path: Path) -> None:
    before = dict(os.environ)
    load(written(tmp_path, CONTRACT), {"HOME": "/nowhere"}, {})
    assert dict(os.environ) == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"portico.toml", "cert.pem", "ca.pem"}


def test_image_sources_are_written_as_the_table_has_them(tmp_path: Path) -> None:
    file = tmp_path / "portico.toml"
    file.write_text("[images]\n'a:1' = 'oci:dir:tag'\nb = 'registry:h:5000/n'\nc = 'host'\n")
    images = load(file, {}, {}).images
    assert {name: source.written for name, source in images.items()} == {
        "portico/host": "host",
        "a:1": f"oci:{tmp_path}/dir:tag",
        "b": "registry:h:5000/n",
        "c": "host",
    }


def test_mesos_roles_below_roles_are_an_option(tmp_path: Path) -> None:
    file = tmp_path / "portico.toml"
    file.write_text("[doors.mesos]\nhierarchical_roles = true\n")
    assert load(file, {}, {}).mesos_hierarchical_roles
    assert not load(None, {}, {}).mesos_hierarchical_roles


def test_counters_of_the_kernel_are_named_as_they_are_listed(tmp_path: Path) -> None:
    file = written(tmp_path, "[doors.mesos]\nperf_events = ['cycles', 'L1-dcache-load-misses']")
    assert load(file, {}, {}).mesos_perf_events == ("cycles", "L1-dcache-load-misses")
    assert load(None, {}, {}).mesos_perf_events == ()


def test_a_node_may_lend_what_is_not_used(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "[[nodes]]\nname = 'a'\noversubscribe = 0.5\n[[nodes]]\nname = 'b'"), {}, {})
    assert [node.oversubscribe for node in settings.nodes] == [0.5, 0.0]


def test_a_node_may_keep_something_for_roles(tmp_path: Path) -> None:
    file = written(tmp_path, "[[nodes]]\nname = 'n'\nreserved = { ads = { cpus = 2, ports = '31000-31001' } }")
    (node,) = load(file, {}, {}).nodes
    assert node.reserved == {"ads": ReservedSettings(amounts={"cpus": 2000}, ports=((31000, 31001),))}
