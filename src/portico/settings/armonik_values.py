"""What the ArmoniK door is told, as frozen values with every default in its place.

Durations are microseconds, amounts of resources integer thousandths, paths absolute.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from portico.domain.identity import SECOND, Micros
from portico.domain.resources import CPUS, MEM, WHOLE

DEFAULT_RESOURCES = {CPUS: WHOLE // 10, MEM: 32 * WHOLE}
"""What a kind or a partition's worker gets when nothing is said: 0.1 cpus and 32 MB."""

UNIX, TCP = "unix", "tcp"
SOCKETS = (UNIX, TCP)
"""How an agent and its worker reach each other."""


class PartitionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """An ArmoniK partition; without a worker command it only queues."""

    worker: tuple[str, ...] = ()
    image: str = ""
    """The image of the worker; empty is the server's own surroundings."""
    environment: dict[str, str] = {}
    user: str | None = None
    working_directory: Path | None = None
    """Where the worker begins; None is the image's own folder, or the sandbox."""
    socket: str = UNIX
    grace: Micros = Micros(5 * SECOND)
    """From the worker's SIGTERM to its SIGKILL."""
    pod_reserved: int = 1
    pod_max: int = 1
    priority: int = 1
    preemption_percentage: int = 0
    parents: tuple[str, ...] = ()
    configuration: dict[str, str] = {}
    folder_limit: int = 10_000 * WHOLE
    """MB that the folder of one task may hold; 0 is as much as the disk."""
    resources: dict[str, int] = msgspec.field(default_factory=DEFAULT_RESOURCES.copy)
    stated: frozenset[str] = frozenset()
    """Which of the resources were written down: only those are enforced as limits, cpu weight always."""


BUILT_IN_PARTITIONS = {"default": PartitionSettings()}
"""Exists even without workers."""


class ArmonikGui(msgspec.Struct, frozen=True, kw_only=True):
    """What the administration pages are told of where they are; an empty version is the server's."""

    name: str = "Portico"
    description: str = ""
    color: str = "blue"
    version: str = ""
    configuration: Path | None = None
    """A file as the pages export it: columns, filters, theme."""


class ArmonikCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a certificate is; without a fingerprint it is any of that common name."""

    user: str
    cn: str
    fingerprint: str = ""
    """SHA-1 or SHA-256 of the certificate, lower-case hexadecimal digits."""


class ArmonikAuth(msgspec.Struct, frozen=True, kw_only=True):
    """Who may call what. Without `require_authentication` everybody is Anonymous and may do everything."""

    require_authentication: bool = False
    require_authorization: bool = True
    trusted_headers: bool = False
    """Whether the headers X-Certificate-Client-CN and -Fingerprint, set by a proxy in front, name the caller."""
    users: dict[str, tuple[str, ...]] = {}
    """Roles of each."""
    roles: dict[str, tuple[str, ...]] = {}
    """Permissions of each."""
    certificates: tuple[ArmonikCertificate, ...] = ()


class ArmonikSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the ArmoniK door knows beside its partitions."""

    default_partition: str = "default"
    admin: Path | None = None
    """The folder of the administration pages as they were built."""
    gui: ArmonikGui = ArmonikGui()
    auth: ArmonikAuth = ArmonikAuth()
    import_folder: Path | None = None
    """Where ImportResultsData may find files by relative path."""
    data_chunk_max_size: int = 2 << 20
    """Bytes of data that clients are told to put into one message."""
