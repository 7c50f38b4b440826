"""What only the ArmoniK door knows: `[doors.armonik]` with its partitions, its pages and who may call."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import msgspec

from portico.settings.armonik_permissions import IMPERSONATE, RPCS
from portico.settings.armonik_values import (
    BUILT_IN_PARTITIONS,
    SOCKETS,
    ArmonikAuth,
    ArmonikCertificate,
    ArmonikGui,
    ArmonikSettings,
    PartitionSettings,
)
from portico.settings.capacity import resources
from portico.settings.kinds import command, stated, variables
from portico.settings.problems import Rejected, nearest
from portico.settings.reading import Place, Table, list_reader, table_reader
from portico.settings.scalars import absolute, amount, any_text, boolean, choice, duration, integer, names, path, text

_SETTINGS = ArmonikSettings()
_PARTITION = PartitionSettings()
_GUI = ArmonikGui()
_AUTH = ArmonikAuth()
_CERTIFICATE = ArmonikCertificate(user="", cn="")
_FINGERPRINT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LEAST_CHUNK, _MOST_CHUNK = 1 << 10, 8 << 20


class Armonik(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[doors.armonik]` as read."""

    partitions: dict[str, PartitionSettings] = msgspec.field(default_factory=BUILT_IN_PARTITIONS.copy)
    settings: ArmonikSettings = _SETTINGS


def armonik(place: Place) -> Armonik:
    """What the door knows; what refers to other keys is looked at only where these are sound."""
    before = len(place.problems)
    with Table(place) as table:
        written: dict[str, PartitionSettings] = table.take("partitions", table_reader(_partition), {})
        partitions = BUILT_IN_PARTITIONS | written
        found = Armonik(
            partitions=partitions,
            settings=ArmonikSettings(
                default_partition=table.take("default_partition", text, _SETTINGS.default_partition),
                admin=table.take("admin", path, None),
                gui=table.take("gui", _gui, _GUI),
                auth=table.take("auth", _auth, _AUTH),
                import_folder=table.take("import_folder", path, None),
                data_chunk_max_size=table.take(
                    "data_chunk_max_size", integer(_LEAST_CHUNK, _MOST_CHUNK), _SETTINGS.data_chunk_max_size
                ),
            ),
        )
    if len(place.problems) == before:
        _check_partitions(place, found.settings.default_partition, partitions)
        _check_auth(place.inner("auth", None), found.settings.auth)
    return found


def _partition(place: Place) -> PartitionSettings:
    if not str(place.key[-1]).strip():
        place.reject("the name of the partition is empty", "a name")
    beside = absolute(".", place)
    with Table(place) as table:
        reserved = table.take("pod_reserved", integer(0), _PARTITION.pod_reserved)
        most = table.take("pod_max", integer(0), max(reserved, _PARTITION.pod_max))
        partition = PartitionSettings(
            worker=table.take("worker", command, ()),
            image=table.take("image", any_text, _PARTITION.image),
            environment=table.take("environment", variables, {}),
            user=table.take("user", text, None),
            working_directory=table.take("working_directory", path, None),
            socket=table.take("socket", choice(SOCKETS), _PARTITION.socket),
            grace=table.take("grace", duration, _PARTITION.grace),
            pod_reserved=reserved,
            pod_max=most,
            priority=table.take("priority", integer(0), _PARTITION.priority),
            preemption_percentage=table.take("preemption_percentage", integer(0, 100), 0),
            parents=table.take("parents", names, ()),
            configuration=table.take("configuration", table_reader(any_text), {}),
            folder_limit=table.take("folder_limit", amount, _PARTITION.folder_limit),
            resources=table.take("resources", resources, _PARTITION.resources),
            stated=table.take("resources", stated, _PARTITION.stated),
        )
    if partition.worker and not partition.image and partition.working_directory is None:
        partition = msgspec.structs.replace(partition, working_directory=beside)
    if most < reserved:
        place.inner("pod_max", most).reject(f"{most} is less than pod_reserved", f"at least {reserved}")
    return partition


def _check_partitions(place: Place, default: str, partitions: Mapping[str, PartitionSettings]) -> None:
    """Refuse names that are no partitions, and partitions that are above themselves."""
    if default not in partitions:
        place.inner("default_partition", default).reject(
            f"{default!r} is not a partition", nearest(default, partitions)
        )
    for name, partition in partitions.items():
        own = place.inner("partitions", None).inner(name, None).inner("parents", None)
        for parent in partition.parents:
            if parent not in partitions:
                own.reject(f"{parent!r} is not a partition", nearest(parent, partitions))
        if name in _above(name, partitions):
            own.reject(f"the partition {name!r} is above itself", "parents without a circle")


def _above(name: str, partitions: Mapping[str, PartitionSettings]) -> set[str]:
    found: set[str] = set()
    pending = list(partitions[name].parents)
    while pending:
        parent = pending.pop()
        if parent in partitions and parent not in found:
            found.add(parent)
            pending += partitions[parent].parents
    return found


def _gui(place: Place) -> ArmonikGui:
    with Table(place) as table:
        return ArmonikGui(
            name=table.take("name", text, _GUI.name),
            description=table.take("description", any_text, _GUI.description),
            color=table.take("color", text, _GUI.color),
            version=table.take("version", any_text, _GUI.version),
            configuration=table.take("configuration", path, None),
        )


def _auth(place: Place) -> ArmonikAuth:
    with Table(place) as table:
        return ArmonikAuth(
            require_authentication=table.take("require_authentication", boolean, _AUTH.require_authentication),
            require_authorization=table.take("require_authorization", boolean, _AUTH.require_authorization),
            trusted_headers=table.take("trusted_headers", boolean, _AUTH.trusted_headers),
            roles=table.take("roles", table_reader(names), {}),
            users=table.take("users", table_reader(names), {}),
            certificates=table.take("certificates", list_reader(_certificate, "tables"), ()),
        )


def _check_auth(place: Place, auth: ArmonikAuth) -> None:
    """Refuse permissions, roles and users that nobody has heard of."""
    permissions = [*RPCS, *(IMPERSONATE + role for role in auth.roles)]
    for role, allowed in auth.roles.items():
        _check_names(place.inner("roles", None).inner(role, None), allowed, "permission", permissions)
    for user, roles in auth.users.items():
        _check_names(place.inner("users", None).inner(user, None), roles, "role", auth.roles)
    for number, certificate in enumerate(auth.certificates):
        owner = place.inner("certificates", None).inner(number, None).inner("user", None)
        _check_names(owner, (certificate.user,), "user", auth.users)


def _check_names(place: Place, found: Collection[str], what: str, known: Collection[str]) -> None:
    for name in found:
        if name not in known:
            place.reject(f"{name!r} is not a {what}", nearest(name, known) if known else f"a {what} that is defined")


def _certificate(place: Place) -> ArmonikCertificate:
    with Table(place) as table:
        return ArmonikCertificate(
            user=table.require("user", text, _CERTIFICATE.user, "the name of a user"),
            cn=table.require("cn", text, _CERTIFICATE.cn, "the common name of the certificate"),
            fingerprint=table.take("fingerprint", _fingerprint, ""),
        )


def _fingerprint(place: Place) -> str:
    found = text(place).replace(":", "").lower()
    if not _FINGERPRINT.fullmatch(found):
        raise Rejected("this is no fingerprint", "the SHA-1 or SHA-256 of the certificate in hexadecimal digits")
    return found
