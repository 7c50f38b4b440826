"""The configuration as frozen values, with every default in its place.

Durations are microseconds, amounts of resources integer thousandths, paths absolute. Values here are already
checked; nothing in this module reads or judges anything.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from portico.domain.identity import DAY, SECOND, Instant, Micros
from portico.domain.resources import WHOLE, Ports
from portico.settings.armonik_values import (
    BUILT_IN_PARTITIONS,
    DEFAULT_RESOURCES,
    ArmonikSettings,
    PartitionSettings,
)

DOORS = ("titus", "peloton", "mesos", "armonik", "beam", "jobv1")
"""Every front door, in the order in which they are listed."""

_CACHES = {
    "L1-dcache": ("loads", "load-misses", "stores", "store-misses", "prefetches", "prefetch-misses"),
    "L1-icache": ("loads", "load-misses", "prefetches", "prefetch-misses"),
    "LLC": ("loads", "load-misses", "stores", "store-misses", "prefetches", "prefetch-misses"),
    "dTLB": ("loads", "load-misses", "stores", "store-misses", "prefetches", "prefetch-misses"),
    "iTLB": ("loads", "load-misses"),
    "branch": ("loads", "load-misses"),
    "node": ("loads", "load-misses", "stores", "store-misses", "prefetches", "prefetch-misses"),
}
PERF_EVENTS = (
    *("cycles", "stalled-cycles-frontend", "stalled-cycles-backend", "instructions", "cache-references"),
    *("cache-misses", "branches", "branch-misses", "bus-cycles", "ref-cycles", "cpu-clock", "task-clock"),
    *("page-faults", "minor-faults", "major-faults", "context-switches", "cpu-migrations", "alignment-faults"),
    "emulation-faults",
    *(f"{cache}-{counted}" for cache, counts in _CACHES.items() for counted in counts),
)
"""What the kernel can count of a Mesos container, by the names of `perf list`."""


class KindSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A `job.v1` kind that is a command; `{0}` `{1}` in it are arguments, else they are appended; `{{0}}` is `{0}`."""

    name: str
    command: tuple[str, ...]
    description: str = ""
    cron_spec: str | None = None
    schedule_at: Instant | None = None
    priority: int = 5
    """Lower first."""
    retries: int = 0
    """Tries after the first one; -1 is endless."""
    backoff: Micros = Micros(0)
    timeout: Micros = Micros(0)
    """Per try; 0 is none."""
    concurrency: int = 0
    """Instances of this kind at one time; 0 is unlimited."""
    resources: dict[str, int] = msgspec.field(default_factory=DEFAULT_RESOURCES.copy)
    stated: frozenset[str] = frozenset()
    """Which of the resources were written down: only those are enforced as limits, cpu weight always."""
    pool: str = "/jobv1"
    catch_up: bool = False
    """Whether a firing missed while the server was down runs once at the next start."""
    working_directory: Path | None = None
    environment: dict[str, str] = {}
    user: str | None = None
    grace: Micros = Micros(5 * SECOND)
    """From SIGTERM to SIGKILL."""
    max_output: int = 65_536
    """Bytes of output kept as the result."""


class PythonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where functions marked as kinds are found, and how many worker processes run them."""

    modules: tuple[str, ...] = ()
    path: tuple[Path, ...] = ()
    workers: int = 1
    hang_grace: Micros = Micros(5 * SECOND)
    """How long a worker may overrun the timeout of its call before it is killed."""


class ReservedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a node keeps for one Mesos role for ever: amounts in thousandths, and ports."""

    amounts: dict[str, int] = {}
    ports: Ports = ()


class DiskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A disk of a node besides its common one: a folder that Portico has for itself.

    Of a `path` parts are given away, a `mount` only whole. A size of None is that of the file system it is on.
    """

    type: str
    root: Path
    size: int | None = None


class NodeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One local agent; a size of None is the machine's own. `reserved` is by role.

    `oversubscribe` is the part, from 0 to 1, of what Runs claim and do not use that is lent as revocable resources.
    """

    name: str
    cpus: int | None = None
    mem: int | None = None
    disk: int | None = None
    gpus: int | None = None
    network: int | None = None
    ports: Ports = ((31_000, 32_000),)
    attributes: dict[str, str] = {}
    reserved: dict[str, ReservedSettings] = {}
    oversubscribe: float = 0.0
    disks: tuple[DiskSettings, ...] = ()


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one pool is promised, may have at most, and weighs; a kind missing from `limit` is unlimited."""

    reservation: dict[str, int] = {}
    limit: dict[str, int] = {}
    share: dict[str, int] = {}


class ImageSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where an image comes from: `host`, `oci` (folder and tag) or `registry` (host and name)."""

    scheme: str
    location: str = ""
    tag: str = ""

    @property
    def written(self) -> str:
        """Give the source as the table has it, its folder absolute."""
        return ":".join(part for part in (self.scheme, self.location, self.tag) if part)


BUILT_IN_IMAGES = {"portico/host": ImageSource(scheme="host")}
"""Always served: the host's own root."""


class TitusSizes(msgspec.Struct, frozen=True, kw_only=True):
    """How large the jobs of one Titus application may be; None is the door's own limit."""

    max_batch_size: int | None = None
    max_service_size: int | None = None


class TitusLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds that the Titus door checks; the defaults are those its clients know.

    Resources are thousandths (of a cpu, a gpu, an MB, an Mbps).
    """

    min_cpus: int = 1 * WHOLE
    max_cpus: int = 96 * WHOLE
    max_gpus: int = 16 * WHOLE
    min_mem: int = 512 * WHOLE
    max_mem: int = 1_152_000 * WHOLE
    min_disk: int = 10_000 * WHOLE
    max_disk: int = 1_550_000 * WHOLE
    min_network: int = 128 * WHOLE
    max_network: int = 400_000 * WHOLE
    default_shm: int = 64 * WHOLE
    """Shared memory of a container whose job says nothing of it."""
    max_batch_size: int = 1_000
    max_service_size: int = 10_000
    min_runtime: Micros = Micros(5 * SECOND)
    max_runtime: Micros = Micros(10 * DAY)
    max_entry_point: int = 16_384
    """Bytes over all words."""
    max_environment: int = 32_768
    """Bytes, counting name, value and 2 for each variable."""
    max_active_jobs: int = 20_000
    max_not_started: int = 300
    """Tasks of one job that have not started, at one time."""
    strict_environment_names: bool = False
    """Whether names of variables must be upper case letters, digits and `_`."""
    applications: dict[str, TitusSizes] = {}
    """Smaller or larger sizes for single applications."""


class TitusSidecar(msgspec.Struct, frozen=True, kw_only=True):
    """What runs for a platform sidecar of this name; `{channel}` in the image is the channel that the job asks for."""

    image: str
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}


class TitusEviction(msgspec.Struct, frozen=True, kw_only=True):
    """How many Titus tasks may be evicted, over all jobs: `refill` a second, up to `capacity` saved up.

    Outside of `days` (0 is Monday; none are all) and of the whole hours from `first_hour` to `last_hour` none are.
    Applications whose name fits one of `exempt`, regular expressions, are bound by neither.
    """

    capacity: int = 500
    refill: int = 50
    days: tuple[int, ...] = ()
    first_hour: int = 0
    last_hour: int = 23
    time_zone: str = "UTC"
    exempt: tuple[str, ...] = ()


class TitusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the Titus door knows of its surroundings."""

    cell: str = ""
    """The name of this cell, shown on jobs and tasks; empty is none."""
    stack: str = ""
    region: str = "local"
    security_groups: tuple[str, ...] = ()
    """Given to jobs that name none; without it they are refused."""
    iam_role: str = ""
    """Given to jobs that name none; without it they are refused."""
    health_providers: tuple[str, ...] = ("alwaysHealthy",)
    """What disruption budgets may name."""
    efs: dict[str, Path] = {}
    """The folder of each file system id. Without any, a job gets an empty folder for each id it names."""
    networks: dict[str, str] = {}
    """Network mode to `host`, `none` or `cni:NAME`; a mode that is not here is the host's network."""
    sidecars: dict[str, TitusSidecar] = {}
    eviction: TitusEviction | None = None
    """The system's eviction quota; None is no limit."""


class RetentionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long ended work, the event log and sandboxes stay; whichever of age and count is reached first."""

    age: Micros = Micros(7 * DAY)
    count: int = 1_000_000
    events_age: Micros = Micros(1 * DAY)
    events_count: int = 1_000_000
    sandbox_age: Micros = Micros(1 * DAY)
    sandbox_min_free: float = 0.1
    """Fraction of the disk below which sandboxes go before their age."""
    sessions_age: Micros = Micros(0)
    """How long ArmoniK sessions that are over stay, with their tasks and results; 0 is until they are deleted."""
    sessions_count: int = 0
    """How many of them stay; 0 is all."""
    sessions_idle: Micros = Micros(0)
    """After how long an ArmoniK session is closed in which nothing has happened; 0 is never."""


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who may call: a bearer token, TLS, and an authority for client certificates; None is off."""

    token: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    origins: tuple[str, ...] = ()
    """Whose web pages may call beside the server's own, as browsers name them."""


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the server's own log looks."""

    level: str = "info"
    format: str = "console"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `portico up` is told."""

    host: str = "127.0.0.1"
    advertise: str | None = None
    """The host that clients are told; None is `host`."""
    grpc_port: int = 50_051
    http_port: int = 8_080
    mesos_port: int = 5_050
    agent_port: int = 5_051
    """The first agent's port; agent k listens on this plus k. 0 is any free port, as for every port."""
    doors: tuple[str, ...] = DOORS
    native_ports: bool = False
    engine: str = "local"
    data_dir: Path
    store: str = "sqlite"
    """`sqlite` or `memory`."""
    objects: str = "files"
    """`files`: in the data directory."""
    kinds: dict[str, KindSettings] = {}
    python: PythonSettings = PythonSettings()
    nodes: tuple[NodeSettings, ...] = ()
    """Empty: one node named after the host and sized by the machine."""
    pools: dict[str, PoolSettings] = {}
    images: dict[str, ImageSource] = msgspec.field(default_factory=BUILT_IN_IMAGES.copy)
    partitions: dict[str, PartitionSettings] = msgspec.field(default_factory=BUILT_IN_PARTITIONS.copy)
    armonik: ArmonikSettings = ArmonikSettings()
    titus: TitusSettings = TitusSettings()
    titus_limits: TitusLimits = TitusLimits()
    beam_forward: str | None = None
    """HOST:PORT of another Beam job server that gets the pipelines."""
    mesos_hierarchical_roles: bool = False
    """Whether Mesos roles may lie below others (`a/b`), as later releases allow."""
    mesos_perf_events: tuple[str, ...] = ()
    """What of the kernel's counters is sampled of each container, by the names of `perf list`."""
    mesos_credentials: dict[str, str] = {}
    """Secrets by principal, one of which callers of the Mesos door must show; empty asks nobody."""
    mesos_limit_disk: bool = False
    """Whether Mesos tasks are ended that use more disk than they have."""
    mesos_whitelist: frozenset[str] | None = None
    """The nodes that are offered to frameworks; None is all."""
    timers: dict[str, Micros] = {}
    """`<door>.<name>` to period, only those that were set; `timer` adds the caller's default."""
    retention: RetentionSettings = RetentionSettings()
    auth: AuthSettings = AuthSettings()
    log: LogSettings = LogSettings()

    def timer(self, name: str, default: Micros) -> Micros:
        """Give a period as configured, else the default of the door that asks."""
        return self.timers.get(name, default)
