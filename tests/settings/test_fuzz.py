"""Whatever a file, the environment or the flags hold: a Settings value, or a SettingsError of whole lines."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portico.settings import Settings, SettingsError, load

# A busy machine must not fail these: they are bounded by their number of examples alone.
BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Moment(str):
    """A date and time, which TOML writes without quotes."""

    __slots__ = ()


KNOWN = [
    "host", "grpc_port", "doors", "enabled", "engine", "data_dir", "store", "kinds", "command", "cron_spec", "schedule_at",
    "retries", "backoff", "resources", "cpus", "mem", "pool", "environment", "python", "modules", "path", "nodes", "name",
    "ports", "attributes", "pools", "/batch", "reservation", "limit", "share", "images", "armonik", "partitions",
    "pod_max", "titus", "limits", "beam", "forward", "timers", "mesos.heartbeat", "retention", "age", "auth", "token",
    "tls_cert", "log", "level",
]  # fmt: skip
KEYS = st.one_of(st.sampled_from(KNOWN), st.text(st.characters(blacklist_categories=("Cs",)), max_size=6))
VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(blacklist_categories=("Cs",)), max_size=8),
        st.sampled_from(["1h", "0 3 * * *", "@every 1s", "/batch", "oci:a:b", "1-2", "titus", "a:1", "1d"]),
        st.datetimes().map(Moment),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
TREES = st.dictionaries(KEYS, VALUES, max_size=6)


def as_toml(value: Any) -> str:
    """Write one value as TOML, tables inline."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case Moment():
            return str(value)
        case str():
            return quoted(value)
        case list():
            return "[" + ", ".join(as_toml(item) for item in value) + "]"
        case _:
            return "{" + ", ".join(f"{quoted(key)} = {as_toml(item)}" for key, item in value.items()) + "}"


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def check(content: bytes | None, environ: Mapping[str, str], overrides: Mapping[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = None
        if content is not None:
            file = Path(folder) / "p.toml"
            file.write_bytes(content)
        outcome = attempt(file, environ, overrides)
        if isinstance(outcome, SettingsError):
            lines = str(outcome).splitlines()
            assert lines
            assert tuple(lines) == outcome.problems
            assert all("; expected " in line for line in lines)
            assert all(line.startswith((f"{file}:", "environment PORTICO_", "--")) for line in lines)


def attempt(file: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]) -> Settings | SettingsError:
    try:
        return load(file, environ, overrides)
    except SettingsError as error:
        return error


@BOUNDED
@given(st.binary(max_size=200))
@example(b"a = " + b"9" * 10_000)
@example(b"a = " + b"{b = " * 3_000)
@example(b"a" + b".a" * 3_000 + b" = 1")
@example(b"nodes = [" + b"[" * 400 + b"]" * 400 + b"]")
@example(b"a = 1979-05-27T07:32:00+99:99")
@example(b"[kinds.a]\ncommand=['a']\nschedule_at = 0001-01-01T00:00:00")
@example(b"[kinds.a]\ncommand=['a']\nschedule_at = 9999-12-31T23:59:59-23:59")
def test_random_bytes(content: bytes) -> None:
    check(content, {}, {})


@BOUNDED
@given(TREES)
def test_random_trees_in_the_file(tree: dict[str, Any]) -> None:
    text = "".join(f"{quoted(key)} = {as_toml(value)}\n" for key, value in tree.items())
    check(text.encode(), {}, {})


LEVELS = st.lists(KEYS.map(str.upper), min_size=1, max_size=4).map("__".join)
RAW = st.one_of(VALUES.map(as_toml), st.text(max_size=20))


@BOUNDED
@given(
    TREES, st.dictionaries(LEVELS.map("PORTICO_{}".format), RAW, max_size=4), st.dictionaries(KEYS, VALUES, max_size=3)
)
def test_random_environment_and_flags(tree: dict[str, Any], environ: dict[str, str], flags: dict[str, Any]) -> None:
    text = "".join(f"{quoted(key)} = {as_toml(value)}\n" for key, value in tree.items())
    check(text.encode(), environ, flags)


@BOUNDED
@given(st.dictionaries(st.text(max_size=8), st.one_of(st.none(), VALUES, st.binary(), st.tuples(VALUES)), max_size=4))
def test_random_flags_alone(flags: dict[str, Any]) -> None:
    check(None, {}, flags)


SOUND = {
    "": ["host = 'h'", "grpc_port = 1", "native_ports = true", "data_dir = 'd'", "store = 'memory'", "objects = 'files'"],
    "[kinds.a]": [
        "command = ['c', '{0}']", "description = ''", "cron_spec = '@daily'", "schedule_at = 2026-12-01T03:00:00Z",
        "priority = 1", "retries = 1", "backoff = '1s'", "timeout = '1s'", "concurrency = 1", "resources = { cpus = 1 }",
        "pool = '/p'", "catch_up = false", "working_directory = 'w'", "environment = { A = 'b' }", "user = 'u'",
        "grace = '1s'", "max_output = 1",
    ],
    "[python]": ["modules = ['m']", "path = ['p']", "workers = 1", "hang_grace = '1s'"],
    "[[nodes]]": ["name = 'a'", "cpus = 1", "mem = 1", "ports = '1-2'", "network = 1", "attributes = { zone = 'z' }", "oversubscribe = 0.5"],
    "[pools.'/p']": ["reservation = { cpus = 1 }", "share = { cpus = 1 }"],
    "[images]": ["'a:1' = 'host'", "b = 'oci:d:t'", "c = 'registry:h/n'"],
    "[doors]": ["enabled = ['beam']", "titus = { limits = { max_cpus = 2 } }", "beam = { forward = 'h:1' }", "mesos = { perf_events = ['cycles'] }"],
    "[doors.armonik.partitions.p]": ["worker = ['w']", "pod_max = 4", "parents = ['default']", "configuration = { a = 'b' }"],
    "[doors.armonik]": ["default_partition = 'p'", "admin = 'a'", "import_folder = 'i'", "data_chunk_max_size = 4096"],
    "[doors.armonik.gui]": ["name = 'n'", "color = 'red'", "configuration = 'c.json'"],
    "[doors.armonik.auth]": ["require_authentication = true", "trusted_headers = true"],
    "[doors.armonik.auth.users]": ["u = ['r']"],
    "[doors.armonik.auth.roles]": ["r = ['Tasks:GetTask']"],
    "[[doors.armonik.auth.certificates]]": ["user = 'u'", "cn = 'c'", "fingerprint = '0123456789abcdef0123456789abcdef01234567'"],
    "[timers]": ["'mesos.heartbeat' = '1s'", "peloton.entitlement = '1s'"],
    "[retention]": ["age = '7d'", "count = 1", "sandbox_min_free = 0.5"],
    "[auth]": ["token = 't'"],
    "[log]": ["level = 'info'", "format = 'json'"],
}  # fmt: skip
SOUND_LINES = [line for header, pairs in SOUND.items() for line in [header, *pairs]]
PAIRS = [number for number, line in enumerate(SOUND_LINES) if " = " in line]


def test_the_sound_document_is_sound() -> None:
    check_lines(SOUND_LINES, set())


@BOUNDED
@given(st.sampled_from(PAIRS), VALUES)
def test_one_wrong_value_is_found_on_its_line(number: int, value: Any) -> None:
    lines = SOUND_LINES.copy()
    lines[number] = f"{lines[number].partition(' = ')[0]} = {as_toml(value)}"
    check_lines(lines, {number + 1})


def check_lines(lines: list[str], suspect: set[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "p.toml"
        file.write_text("\n".join(lines))
        outcome = attempt(file, {}, {})
        if isinstance(outcome, SettingsError):
            found = {int(line.removeprefix(f"{file}:").partition(":")[0]) for line in outcome.problems}
            assert found == suspect, outcome
