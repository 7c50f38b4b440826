"""What a wrong configuration is told: one line for each problem, with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portico.domain.errors import Invalid
from portico.settings import SettingsError, load

KIND = '[kinds.a]\ncommand = ["x"]\n'


def complaints(tmp_path: Path, text: str, environ: dict[str, str] | None = None, **overrides: object) -> list[str]:
    """Give the complaints about a file, its path cut off."""
    file = tmp_path / "p.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file, environ or {}, overrides)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return [line.removeprefix(f"{file}:") for line in str(caught.value).split("\n")]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        # unknown keys
        ("hots = 'a'", "1: hots: unknown key; expected host"),
        ("\n[loging]\nlevel = 'debug'", "2: loging: unknown key; expected log"),
        (KIND + "comand = []", "3: kinds.a.comand: unknown key; expected command"),
        ("[log]\nqqq = 1", "2: log.qqq: unknown key; expected one of format, level"),
        ('[log]\n"a b" = 1', '2: log."a b": unknown key; expected one of format, level'),
        ('[log]\n"a\\nb" = 1', '2: log."a\\nb": unknown key; expected one of format, level'),
        (KIND + "resources = { cpu = 1 }", "3: kinds.a.resources.cpu: unknown key; expected cpus"),
        ("[doors.titan]", "1: doors.titan: unknown key; expected titus"),
        ("[doors.titus.limits]\nmax_cpu = 1", "2: doors.titus.limits.max_cpu: unknown key; expected max_cpus"),
        # types and ranges
        ("grpc_port = '1'", "1: grpc_port: got a string; expected an integer from 0 to 65535"),
        ("grpc_port = true", "1: grpc_port: got a boolean; expected an integer from 0 to 65535"),
        ("grpc_port = 1.0", "1: grpc_port: got a number; expected an integer from 0 to 65535"),
        ("grpc_port = 65536", "1: grpc_port: 65536 is out of range; expected an integer from 0 to 65535"),
        ("grpc_port = -1", "1: grpc_port: -1 is out of range; expected an integer from 0 to 65535"),
        (f"grpc_port = {'9' * 4000}", "1: grpc_port: the number is out of range; expected an integer from 0 to 65535"),
        ("host = 1", "1: host: got an integer; expected a string"),
        ("host = ''", "1: host: an empty string; expected some text"),
        ('host = "a\\u0000"', "1: host: a NUL character in it; expected text without it"),
        ("native_ports = 1", "1: native_ports: got an integer; expected true or false"),
        ("engine = 'rai'", "1: engine: 'rai' is not known; expected local"),
        ("\nengine = 'ray'", "2: engine: 'ray' is not available in this version; expected local"),
        ("log = 3", "1: log: got an integer; expected a table"),
        ("kinds = []", "1: kinds: got an array; expected a table"),
        ("nodes = { name = 'a' }", "1: nodes: got a table; expected an array of tables"),
        ("nodes = [1]", "1: nodes[0]: got an integer; expected a table"),
        ("doors = ['titus', 'mesoz']", "1: doors: 'mesoz' is not known; expected mesos"),
        ("doors = ['beam', 'beam']", "1: doors: 'beam' is named twice; expected different names"),
        ("doors = 'titus'", "1: doors: got a string; expected an array of strings"),
        ("store = 'mysql://u:secret@h/d'", "1: store: 'mysql' is not known; expected one of sqlite, memory"),
        ("store = 'u:secret@h/d'", "1: store: this is not known; expected one of sqlite, memory"),
        ("store = 'postgresql://u:secret@h/d'", "1: store: 'postgresql' is not available in this version; expected one of sqlite, memory"),
        ("objects = 'bucket'", "1: objects: 'bucket' is not known; expected files"),
        ("objects = 's3://bucket'", "1: objects: 's3' is not available in this version; expected files"),
        # kinds
        ("[kinds.a]", '1: kinds.a: command is missing; expected an array such as ["/bin/echo", "{0}"]'),
        ("[kinds.a]\ncommand = []", "2: kinds.a.command: no program is named; expected an array of at least one string"),
        ("[kinds.a]\ncommand = 'ls'", "2: kinds.a.command: got a string; expected an array of strings"),
        ("[kinds.a]\ncommand = ['ls',\n\n 3]", "4: kinds.a.command[1]: got an integer; expected a string"),
        ("[kinds.a]\ncommand = ['']", "2: kinds.a.command: the program's name is empty; expected the name or path of a program"),
        ('[kinds.""]\ncommand = ["a"]', '1: kinds."": the name of the kind is empty or has a NUL in it; expected a name'),
        (
            KIND + "cron_spec = '0 25 * * *'",
            "3: kinds.a.cron_spec: cron field 'hour' is '25': 25 is above the maximum 23; expected five cron fields such as 0 3 * * *, or a descriptor such as @daily",
        ),
        (KIND + "schedule_at = 'now'", "3: kinds.a.schedule_at: got a string; expected a date and time such as 2026-12-01T03:00:00Z"),
        (KIND + "schedule_at = 2026-12-01", "3: kinds.a.schedule_at: got a date or time; expected a date and time such as 2026-12-01T03:00:00Z"),
        (KIND + "backoff = '10'", "3: kinds.a.backoff: '10' is not a duration; expected a duration such as 100ms, 1s, 10m or 1h30m"),
        (KIND + "timeout = 10", "3: kinds.a.timeout: got an integer; expected a duration such as 100ms, 1s, 10m or 1h30m"),
        (KIND + "retries = -2", "3: kinds.a.retries: -2 is out of range; expected an integer from -1 to 2147483647"),
        (KIND + "pool = 'batch'", "3: kinds.a.pool: 'batch' does not start with a slash; expected a pool path such as /batch"),
        (KIND + "pool = '/a//b'", "3: kinds.a.pool: '/a//b' has an empty part; expected a pool path such as /batch/nightly"),
        (KIND + "resources = {\n mem = -1 }".replace("\n ", " "), "3: kinds.a.resources.mem: -1 is out of range; expected a number of at least 0 and at most 1000000000000"),
        (KIND + "resources.cpus = nan", "3: kinds.a.resources.cpus: nan is out of range; expected a number of at least 0 and at most 1000000000000"),
        (KIND + "resources.cpus = 1e400", "3: kinds.a.resources.cpus: the number is out of range; expected a number of at least 0 and at most 1000000000000"),
        (KIND + "resources.cpus = 0.0001", "3: kinds.a.resources.cpus: 0.0001 is less than a thousandth; expected a number of at least 0"),
        (KIND + "environment = { A = 1 }", "3: kinds.a.environment.A: got an integer; expected a string"),
        (KIND + "environment = { 'A=B' = '1' }", "3: kinds.a.environment.\"A=B\": 'A=B' cannot name a variable; expected a name without = and NUL"),
        # capacity
        ("[[nodes]]\nname = 'a'\n[[nodes]]\nname = 'a'", "3: nodes[1]: another node is named 'a' already; expected a name of its own"),
        ("[[nodes]]\n[[nodes]]\nname = 'n1'", "2: nodes[1]: another node is named 'n1' already; expected a name of its own"),
        ("[[nodes]]\ncpus = -1", "2: nodes[0].cpus: -1 is out of range; expected a number of at least 0 and at most 1000000000000"),
        ("[[nodes]]\noversubscribe = 2", "2: nodes[0].oversubscribe: 2 is out of range; expected a number from 0 to 1"),
        ("[[nodes]]\nports = '5-4'", "2: nodes[0].ports: '5-4' is not within 1 to 65535, in order; expected port ranges such as 31000-32000"),
        ("[[nodes]]\nports = 'all'", "2: nodes[0].ports: 'all' is not a range; expected port ranges such as 31000-32000"),
        ("[[nodes]]\nattributes = { a = true }", "2: nodes[0].attributes.a: got a boolean; expected a string or a number"),
        ("[[nodes]]\nname = '..'", "2: nodes[0].name: '..' cannot name a node; expected a name without slashes and control characters, such as n1"),
        ("[[nodes]]\nname = 'a/b'", "2: nodes[0].name: 'a/b' cannot name a node; expected a name without slashes and control characters, such as n1"),
        ('[[nodes]]\nname = "a\\tb"', "2: nodes[0].name: 'a\\tb' cannot name a node; expected a name without slashes and control characters, such as n1"),
        (f"[[nodes]]\nname = '{'ö' * 128}'", "2: nodes[0].name: the name is too long; expected at most 255 bytes"),
        ("[pools.batch]", "1: pools.batch: 'batch' does not start with a slash; expected a pool path such as /batch"),
        ('[pools."/a"]\nlimit = { cpus = 1 }\nreservation = { cpus = 2 }', '2: pools."/a".limit.cpus: less than the reservation; expected at least 2'),
        ("[images]\na = 'oci:x'", "2: images.a: 'oci:x' is no source of images; expected \"host\", \"oci:DIR:TAG\" or \"registry:HOST/NAME\""),
        ("[images]\n'portico/host' = 'oci:x:y'", '2: images."portico/host": this image is built in; expected host'),
        # doors
        ("[doors.armonik.partitions.p]\npod_max = 1\npod_reserved = 2", "2: doors.armonik.partitions.p.pod_max: 1 is less than pod_reserved; expected at least 2"),
        ("[doors.armonik.partitions.p]\nsocket = 'pipe'", "2: doors.armonik.partitions.p.socket: 'pipe' is not known; expected one of unix, tcp"),
        ("[doors.armonik.partitions.p]\nparents = ['q']", "2: doors.armonik.partitions.p.parents: 'q' is not a partition; expected one of default, p"),
        ("[doors.armonik.partitions.p]\nparents = ['p']", "2: doors.armonik.partitions.p.parents: the partition 'p' is above itself; expected parents without a circle"),
        ("[doors.armonik]\ndefault_partition = 'defaul'", "2: doors.armonik.default_partition: 'defaul' is not a partition; expected default"),
        ("[doors.armonik]\ndata_chunk_max_size = 1", "2: doors.armonik.data_chunk_max_size: 1 is out of range; expected an integer from 1024 to 8388608"),
        ("[doors.armonik.auth.roles]\nr = ['Task:GetTask']", "2: doors.armonik.auth.roles.r: 'Task:GetTask' is not a permission; expected Tasks:GetTask"),
        ("[doors.armonik.auth.users]\nu = ['admin']\n[doors.armonik.auth.roles]\nadmins = []", "2: doors.armonik.auth.users.u: 'admin' is not a role; expected admins"),
        ("[[doors.armonik.auth.certificates]]\nuser = 'u'\ncn = 'c'", "2: doors.armonik.auth.certificates[0].user: 'u' is not a user; expected a user that is defined"),
        ("[[doors.armonik.auth.certificates]]\nuser = ''\ncn = 'c'", "2: doors.armonik.auth.certificates[0].user: an empty string; expected some text"),
        ("[doors.titus.limits]\nmax_cpus = 0.5", "1: doors.titus.limits: max_cpus is less than min_cpus; expected the least first, the most not below it"),
        ("[doors.mesos]\nperf_events = ['cycle']", "2: doors.mesos.perf_events: 'cycle' is not known; expected cycles"),
        ("[doors.beam]\nforward = 'x'", "2: doors.beam.forward: 'x' is not an address; expected HOST:PORT"),
        ("[timers]\n'mesos.heartbeat' = 5", '2: timers."mesos.heartbeat": got an integer; expected a duration such as 100ms, 1s, 10m or 1h30m'),
        ("[timers]\nmesos.heartbeat = 5", "2: timers.mesos.heartbeat: got an integer; expected a duration such as 100ms, 1s, 10m or 1h30m"),
        ("[timers]\nmesoz.heartbeat = '5s'", "2: timers.mesoz.heartbeat: 'mesoz' is not a door; expected mesos"),
        ("[timers]\nmesos.heartbeats = '5s'", "2: timers.mesos.heartbeats: 'mesos.heartbeats' is not a timer; expected mesos.heartbeat"),
        ("[timers]\nheartbeat = '5s'", '2: timers.heartbeat: not the name of a timer; expected "DOOR.NAME", such as "mesos.heartbeat"'),
        # the rest
        ("[retention]\nsandbox_min_free = 1.5", "2: retention.sandbox_min_free: 1.5 is out of range; expected a number from 0 to 1"),
        ("[auth]\ntls_cert = '/dev/null'", "1: auth: only one of tls_cert and tls_key is given; expected both or none"),
        ("[auth]\ntoken = 'a b'", "2: auth.token: a character in it that no header can carry; expected printable ASCII characters without spaces"),
        ("[auth]\ntls_client_ca = '/dev/null'", "1: auth: tls_client_ca is given without tls_cert; expected tls_cert and tls_key too"),
        ("[auth]\norigins = ['https://a/']", "2: auth.origins: 'https://a/' is not an origin; expected SCHEME://HOST or SCHEME://HOST:PORT in lower case, without a path"),
        ("[log]\nformat = 'jsn'", "2: log.format: 'jsn' is not known; expected json"),
        # syntax
        ("a = 1\nb = \n", "2: syntax: Invalid value; expected TOML"),
        ("a = 1\na = 2", "2: syntax: Cannot overwrite a value; expected TOML"),
        ("a = [", "1: syntax: Invalid value; expected TOML"),
        ("a = 1\n\n[b", "3: syntax: Expected ']' at the end of a table declaration; expected TOML"),
        ("a = " + "[" * 5000, "1: syntax: values nested too deeply; expected TOML"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_where_and_why(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaints(tmp_path, text) == [complaint]


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"PORTICO_GRPC_PORT": "high"}, "environment PORTICO_GRPC_PORT: got a string; expected an integer from 0 to 65535"),
        ({"PORTICO_GRPC_PROT": "1"}, "environment PORTICO_GRPC_PROT: unknown key; expected grpc_port"),
        ({"PORTICO_LOG__LEVEL": "loud"}, "environment PORTICO_LOG__LEVEL: 'loud' is not known; expected one of debug, info, warning, error"),
        ({"PORTICO_LOG": '{ level = "loud" }'}, "environment PORTICO_LOG: level: 'loud' is not known; expected one of debug, info, warning, error"),
        ({"PORTICO_KINDS__A__RETRIES": "1"}, 'environment PORTICO_KINDS__A__RETRIES: command is missing; expected an array such as ["/bin/echo", "{0}"]'),
        ({"PORTICO_NODES__3__NAME": "x"}, "environment PORTICO_NODES__3__NAME: there is no such place; expected a key inside a table or array"),
        ({"PORTICO_HTTP_PORT__X": "x"}, "environment PORTICO_HTTP_PORT__X: there is no such place; expected a key inside a table or array"),
        ({"PORTICO_DOORS": "titus,x"}, "environment PORTICO_DOORS: 'x' is not known; expected one of titus, peloton, mesos, armonik, beam, jobv1"),
        ({"PORTICO_": "1"}, "environment PORTICO_: unknown key; expected one of"),
        ({"PORTICO_A\nB": "1"}, "environment PORTICO_A\\nB: unknown key; expected one of"),
        ({"PORTICO_TIMERS__MESOS__HEARTBEAT": "5"}, "environment PORTICO_TIMERS__MESOS__HEARTBEAT: got an integer; expected a duration"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named(tmp_path: Path, environ: dict[str, str], complaint: str) -> None:
    found = complaints(tmp_path, "http_port = 1", environ)
    assert len(found) == 1
    assert found[0].startswith(complaint)


def test_a_wrong_flag_is_named(tmp_path: Path) -> None:
    assert complaints(tmp_path, "", {}, grpc_port=70_000, doors="titus,x", colour=True) == [
        "--colour: unknown key; expected " + "one of " + ", ".join(sorted(TOP)),
        "--doors: 'x' is not known; expected one of titus, peloton, mesos, armonik, beam, jobv1",
        "--grpc-port: 70000 is out of range; expected an integer from 0 to 65535",
    ]


TOP = [
    "host", "advertise", "grpc_port", "http_port", "mesos_port", "agent_port", "native_ports", "engine", "data_dir",
    "store", "objects", "kinds", "python", "nodes", "pools", "images", "doors", "timers", "retention", "auth", "log",
]  # fmt: skip


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "host = 1\n[log]\nlevel = 'x'\ncolour = 1\n[kinds.a]\npriority = 'low'\n[[nodes]]\ncpus = -1\n"
    found = complaints(tmp_path, text, {"PORTICO_ENGINE": "steam"}, http_port="x")
    assert [line.split(": ")[:2] for line in found] == [
        ["1", "host"],
        ["3", "log.level"],
        ["4", "log.colour"],
        ["5", "kinds.a"],
        ["6", "kinds.a.priority"],
        ["8", "nodes[0].cpus"],
        ["--http-port", "got a string; expected an integer from 0 to 65535"],
        ["environment PORTICO_ENGINE", "'steam' is not known; expected local"],
    ]


def test_a_value_that_is_overridden_need_not_be_right(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text("grpc_port = 'x'")
    assert load(file, {"PORTICO_GRPC_PORT": "1"}, {}).grpc_port == 1


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    text = "store = 'pg://u:hunter2@h'\n[auth]\ntoken = 42424242\n"
    assert all("hunter2" not in line and "42424242" not in line for line in complaints(tmp_path, text))


def test_every_file_for_tls_that_cannot_be_read_is_told_where_it_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # is not waited for
    text = "[auth]\ntls_cert = 'absent.pem'\ntls_key = '/'\ntls_client_ca = 'pipe'\n"
    expected = "; expected a file in PEM format that the server may read"
    assert complaints(tmp_path, text) == [
        f"2: auth.tls_cert: cannot read {tmp_path}/absent.pem: No such file or directory{expected}",
        f"3: auth.tls_key: cannot read /: Is a directory{expected}",
    ]
    said = {"PORTICO_AUTH__TLS_CERT": "/dev/null", "PORTICO_AUTH__TLS_KEY": "/absent"}
    with pytest.raises(SettingsError) as caught:
        load(None, said, {})
    assert caught.value.problems == (
        f"environment PORTICO_AUTH__TLS_KEY: cannot read /absent: No such file or directory{expected}",
    )


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent.toml: cannot be read: No such file or directory; expected"):
        load(tmp_path / "absent.toml", {}, {})
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load(tmp_path, {}, {})
    with pytest.raises(SettingsError, match="cannot be read: embedded null byte"):
        load(Path("a\0b"), {}, {})


def test_bytes_that_are_not_text(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_bytes(b"host = 'a'\nx = '\xff'\n")
    with pytest.raises(SettingsError) as caught:
        load(file, {}, {})
    assert caught.value.problems == (f"{file}:2: syntax: bytes that are not UTF-8; expected TOML",)


def test_it_is_an_invalid_request_as_any_other() -> None:
    with pytest.raises(Invalid):
        load(None, {}, {"engine": "x"})
