"""The table `[doors.titus]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.domain.identity import SECOND
from portico.settings import SettingsError, TitusLimits, TitusSettings, TitusSidecar, TitusSizes, load

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
