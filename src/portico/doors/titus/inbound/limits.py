"""What the way in knows: the bounds of jobs, defaults, and what names in them stand for on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.domain.identity import DAY, SECOND, Micros
from portico.domain.resources import WHOLE

if TYPE_CHECKING:
    from portico.settings import Settings, TitusLimits, TitusSettings


class Sizes(msgspec.Struct, frozen=True):
    """How many tasks the jobs of one application may have; None is no bound of its own."""

    batch: int | None = None
    service: int | None = None


class Sidecar(msgspec.Struct, frozen=True):
    """What runs for a platform sidecar; `{channel}` in the image is the job's channel."""

    image: str
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds, defaults and surroundings; the defaults are upstream's.

    Processors are thousandths, memory, disk and shared memory MB, network Mbps. `folder` is an absolute directory of
    the nodes in which volumes get their place. `efs` is the directory of each file system; without any, each job gets
    an empty one for each id. `networks` gives the core's network for a mode by name; others have the host's.
    """

    min_cpus: int = 1 * WHOLE
    max_cpus: int = 96 * WHOLE
    max_gpus: int = 16
    min_memory: int = 512
    max_memory: int = 1_152_000
    min_disk: int = 10_000
    max_disk: int = 1_550_000
    min_network: int = 128
    max_network: int = 400_000
    default_shm: int = 64
    max_batch_size: int = 1_000
    max_service_size: int = 10_000
    min_runtime: Micros = Micros(5 * SECOND)
    max_runtime: Micros = Micros(10 * DAY)
    max_entry_point: int = 16_384
    max_environment: int = 32_768
    max_active_jobs: int = 20_000
    max_not_started: int = 300
    strict_environment_names: bool = False
    applications: dict[str, Sizes] = {}
    security_groups: tuple[str, ...] = ()
    iam_role: str = ""
    health_providers: tuple[str, ...] = ("alwaysHealthy",)
    efs: dict[str, str] = {}
    networks: dict[str, str] = {}
    sidecars: dict[str, Sidecar] = {}
    folder: str = "/var/lib/portico/titus"


def limits_of(settings: Settings) -> Limits:
    """Give the limits as configured; volumes get their places in the data directory."""
    return msgspec.structs.replace(
        Limits(),
        **_bounds(settings.titus_limits),
        **_surroundings(settings.titus),
        folder=str(settings.data_dir.absolute() / "titus"),
    )


def _bounds(found: TitusLimits) -> dict[str, object]:
    return {
        "min_cpus": found.min_cpus,
        "max_cpus": found.max_cpus,
        "max_gpus": found.max_gpus // WHOLE,
        "min_memory": found.min_mem // WHOLE,
        "max_memory": found.max_mem // WHOLE,
        "min_disk": found.min_disk // WHOLE,
        "max_disk": found.max_disk // WHOLE,
        "min_network": found.min_network // WHOLE,
        "max_network": found.max_network // WHOLE,
        "default_shm": found.default_shm // WHOLE,
        "max_batch_size": found.max_batch_size,
        "max_service_size": found.max_service_size,
        "min_runtime": found.min_runtime,
        "max_runtime": found.max_runtime,
        "max_entry_point": found.max_entry_point,
        "max_environment": found.max_environment,
        "max_active_jobs": found.max_active_jobs,
        "max_not_started": found.max_not_started,
        "strict_environment_names": found.strict_environment_names,
        "applications": {
            name: Sizes(sizes.max_batch_size, sizes.max_service_size) for name, sizes in found.applications.items()
        },
    }


def _surroundings(found: TitusSettings) -> dict[str, object]:
    return {
        "security_groups": found.security_groups,
        "iam_role": found.iam_role,
        "health_providers": found.health_providers,
        "efs": {name: str(place) for name, place in found.efs.items()},
        "networks": dict(found.networks),
        "sidecars": {
            name: Sidecar(one.image, one.command, dict(one.environment)) for name, one in found.sidecars.items()
        },
    }
