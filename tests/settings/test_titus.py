"""The table `[doors.titus]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.domain.identity import SECOND
from portico.settings import SettingsError, TitusLimits, TitusSettings, TitusSidecar, TitusSizes, load
from portico.settings.model import TitusEviction

WRITTEN = """
[doors.titus]
cell = "c1"
stack = "main"
region = "eu"
security_groups = ["sg-1", "sg-2"]
iam_role = "role"
health_providers = ["alwaysHealthy", "eureka"]

[doors.titus.efs]
fs-1 = "shared"
fs-2 = "/srv/two"

[doors.titus.networks]
HighScale = "cni:fast"
Ipv6Only = "none"

[doors.titus.sidecars.proxy]
image = "acme/proxy:{channel}"
command = ["run"]
environment = { A = "b" }

[doors.titus.limits]
default_shm = 128
max_not_started = 7
min_runtime = "1s"
strict_environment_names = true

[doors.titus.limits.applications.big]
max_batch_size = 5000
max_service_size = 20000
"""


def read(folder: Path, text: str) -> tuple[TitusSettings, TitusLimits]:
    file = folder / "portico.toml"
    file.write_text(text)
    settings = load(file, {"HOME": "/home/me"}, {})
    return settings.titus, settings.titus_limits


def test_the_whole_table(tmp_path: Path) -> None:
    settings, limits = read(tmp_path, WRITTEN)
    assert settings == TitusSettings(
        cell="c1",
        stack="main",
        region="eu",
        security_groups=("sg-1", "sg-2"),
        iam_role="role",
        health_providers=("alwaysHealthy", "eureka"),
        efs={"fs-1": tmp_path / "shared", "fs-2": Path("/srv/two")},
        networks={"HighScale": "cni:fast", "Ipv6Only": "none"},
        sidecars={"proxy": TitusSidecar(image="acme/proxy:{channel}", command=("run",), environment={"A": "b"})},
    )
    assert limits == TitusLimits(
        default_shm=128_000,
        max_not_started=7,
        min_runtime=SECOND,
        strict_environment_names=True,
        applications={"big": TitusSizes(max_batch_size=5_000, max_service_size=20_000)},
    )


def test_nothing_written(tmp_path: Path) -> None:
    assert read(tmp_path, "") == (TitusSettings(), TitusLimits())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[doors.titus]\nunknown = 1", 2),
        ("[doors.titus.networks]\nIpv7 = 'host'", 2),
        ("[doors.titus.networks]\nHighScale = 'bridge'", 2),
        ("[doors.titus.efs]\nfs-1 = ''", 2),
        ("[doors.titus.sidecars.proxy]\ncommand = ['a']", 1),
        ("[doors.titus.limits.applications.a]\nmax_batch_size = 0", 2),
        ("[doors.titus.limits]\nmax_cpus = 0.5", 1),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(SettingsError, match=rf"portico\.toml:{line}\b"):
        read(tmp_path, text)


def loaded(tmp_path: Path, text: str):
    (tmp_path / "portico.toml").write_text(text)
    return load(tmp_path / "portico.toml", {"HOME": "/home/me"}, {}).titus.eviction


def test_without_its_table_evictions_have_no_quota(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") is None
    assert loaded(tmp_path, "[doors.titus.eviction]") == TitusEviction(capacity=500, refill=50)


def test_the_system_quota_of_evictions(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        """
        [doors.titus.eviction]
        capacity = 3
        refill = 1
        days = ["Monday", "Sunday"]
        first_hour = 8
        last_hour = 16
        time_zone = "Europe/Berlin"
        exempt = ["batch-.*"]
        """,
    )
    assert found == TitusEviction(
        capacity=3, refill=1, days=(0, 6), first_hour=8, last_hour=16, time_zone="Europe/Berlin", exempt=("batch-.*",)
    )


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('days = ["Mo"]', "days"),
        ('time_zone = "Nowhere/At all"', "time_zone"),
        ('exempt = ["("]', "exempt"),
        ("capacity = 0", "capacity"),
        ("first_hour = 24", "first_hour"),
    ],
)
def test_a_wrong_quota_is_named(tmp_path: Path, line: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        loaded(tmp_path, f"[doors.titus.eviction]\n{line}\n")
