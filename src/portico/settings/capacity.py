"""The tables that say what there is and who may use it: `[[nodes]]`, `[pools]`, `[images]`, and resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.domain.resources import CPUS, DISK, GPUS, MEM, NETWORK, WHOLE
from portico.settings.armonik_values import DEFAULT_RESOURCES
from portico.settings.model import (
    BUILT_IN_IMAGES,
    DiskSettings,
    ImageSource,
    NodeSettings,
    PoolSettings,
    ReservedSettings,
)
from portico.settings.problems import Rejected
from portico.settings.reading import Place, Table, entries, kind_of, list_reader
from portico.settings.scalars import (
    absolute,
    amount,
    any_text,
    check_pool_path,
    choice,
    fraction,
    path,
    port_ranges,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DISK_TYPES = ("path", "mount")
_NO_PORTS = NodeSettings(name="").ports
_LONGEST_NAME = 255
"""Bytes of a node's name, which is that of its folder too."""


def resources(place: Place) -> dict[str, int]:
    """What one piece of work gets; kinds that are not named keep their default."""
    with Table(place) as table:
        found = {kind: table.take(kind, amount, DEFAULT_RESOURCES.get(kind, 0)) for kind in (CPUS, MEM, DISK, GPUS)}
    return {kind: thousandths for kind, thousandths in found.items() if thousandths}


def nodes(place: Place) -> tuple[NodeSettings, ...]:
    """Local agents, each with its own slice of the machine."""
    found: dict[str, NodeSettings] = {}
    folders: list[Path] = []

    def read(entry: Place) -> None:
        node = _node(entry, f"n{len(found) + 1}")
        _check_apart(entry, node, folders)
        if node.name in found:
            raise Rejected(f"another node is named {node.name!r} already", "a name of its own")
        found[node.name] = node

    list_reader(read, "tables")(place)
    return tuple(found.values())


def _node(place: Place, default_name: str) -> NodeSettings:
    with Table(place) as table:
        return NodeSettings(
            name=table.take("name", _node_name, default_name),
            cpus=table.take(CPUS, amount, None),
            mem=table.take(MEM, amount, None),
            disk=table.take(DISK, amount, None),
            gpus=table.take(GPUS, amount, None),
            network=table.take(NETWORK, amount, None),
            ports=table.take("ports", port_ranges, _NO_PORTS),
            attributes=table.take("attributes", attributes, {}),
            reserved=table.take("reserved", _reserved, {}),
            oversubscribe=table.take("oversubscribe", fraction, 0.0),
            disks=table.take("disks", list_reader(_disk, "tables"), ()),
        )


def _node_name(place: Place) -> str:
    """A name that one folder can have, beside those of the other nodes."""
    found = text(place)
    if found in (".", "..") or "/" in found or not found.isprintable():
        raise Rejected(f"{found!r} cannot name a node", "a name without slashes and control characters, such as n1")
    if len(found.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise Rejected("the name is too long", f"at most {_LONGEST_NAME} bytes")
    return found


def _disk(place: Place) -> DiskSettings:
    """A disk besides the common one."""
    with Table(place) as table:
        kind = table.require("type", choice(DISK_TYPES), "path", "path or mount")
        root = table.require("root", path, None, "the folder where the disk is")
        size = table.take("size", amount, None)
    if root is None:
        raise Rejected("no disk without its root", "the folder where the disk is")
    if size == 0:
        place.inner("size", size).reject("nothing", "a size in MB of more than 0")
    return DiskSettings(type=kind, root=root, size=size)


def _check_apart(place: Place, node: NodeSettings, folders: list[Path]) -> None:
    """What is not a volume of its node is removed from a disk: none may lie within another."""
    for disk in node.disks:
        root = disk.root
        near = next((other for other in folders if root.is_relative_to(other) or other.is_relative_to(root)), None)
        if near is not None:
            place.inner("disks", None).reject(
                f"{root} lies within another disk, or another one in it: {near}", "a folder of its own"
            )
        folders.append(root)


def _reserved(place: Place) -> dict[str, ReservedSettings]:
    """What is kept for roles, by role."""
    found: dict[str, ReservedSettings] = {}
    for role, entry in entries(place):
        if not role or role == "*":
            entry.reject(f"nothing can be reserved for the role {role!r}", "the name of a role")
        found[role] = entry.read(_kept, ReservedSettings())
    return found


def _kept(place: Place) -> ReservedSettings:
    with Table(place) as table:
        found = {kind: table.take(kind, amount, 0) for kind in (CPUS, MEM, DISK, GPUS)}
        return ReservedSettings(
            amounts={kind: thousandths for kind, thousandths in found.items() if thousandths},
            ports=table.take("ports", port_ranges, ()),
        )


def attributes(place: Place) -> dict[str, str]:
    """What a node says of itself: text, or numbers as they are written."""
    found: dict[str, str] = {}
    for name, entry in entries(place):
        value = entry.value
        if not name:
            entry.reject("an empty name", "the name of an attribute")
        elif isinstance(value, str) or entry.raw is not None:
            found[name] = entry.read(any_text, "")
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**15:
            found[name] = str(value)
        else:
            entry.reject(f"got {kind_of(value)}", "a string or a number")
    return found


def pools(place: Place) -> dict[str, PoolSettings]:
    """Places in the capacity tree by their path."""
    found: dict[str, PoolSettings] = {}
    for name, entry in entries(place):
        try:
            check_pool_path(name)
        except Rejected as refusal:
            entry.reject(refusal.what, refusal.expected)
        found[name] = entry.read(_pool, PoolSettings())
    return found


def _pool(place: Place) -> PoolSettings:
    with Table(place) as table:
        pool = PoolSettings(
            reservation=table.take("reservation", _amounts, {}),
            limit=table.take("limit", _amounts, {}),
            share=table.take("share", _amounts, {}),
        )
    _check_limit(place, pool.reservation, pool.limit)
    return pool


def _check_limit(place: Place, reservation: Mapping[str, int], limit: Mapping[str, int]) -> None:
    for kind, promised in reservation.items():
        if limit.get(kind, promised) < promised:
            at = place.inner("limit", None).inner(kind, None)
            at.reject("less than the reservation", f"at least {promised / WHOLE:g}")


def _amounts(place: Place) -> dict[str, int]:
    """Amounts by kind; a zero is kept, because a limit of zero is not the same as none."""
    with Table(place) as table:
        found = {kind: table.take(kind, amount, None) for kind in (CPUS, MEM, DISK, GPUS, NETWORK)}
    return {kind: thousandths for kind, thousandths in found.items() if thousandths is not None}


def images(place: Place) -> dict[str, ImageSource]:
    """Images served without a registry; the host's own is always among them."""
    found = BUILT_IN_IMAGES.copy()
    for name, entry in entries(place):
        source = entry.read(_image, ImageSource(scheme="host"))
        if not name:
            entry.reject("an empty name", "the name of an image")
        elif name in BUILT_IN_IMAGES and source != BUILT_IN_IMAGES[name]:
            entry.reject("this image is built in", "host")
        else:
            found[name] = source
    return found


def _image(place: Place) -> ImageSource:
    expected = '"host", "oci:DIR:TAG" or "registry:HOST/NAME"'
    written = any_text(place)
    scheme, _, rest = written.partition(":")
    if written == "host":
        return ImageSource(scheme="host")
    if scheme == "oci":
        folder, _, tag = rest.rpartition(":")
        if folder and tag:
            return ImageSource(scheme="oci", location=str(absolute(folder, place)), tag=tag)
    if scheme == "registry":
        host, _, name = rest.partition("/")
        if host and name:
            return ImageSource(scheme="registry", location=rest)
    raise Rejected(f"{written!r} is no source of images", expected)
