"""Bringing an image: copied by `skopeo` into a layout of ours, checked part by part, unpacked by `umoci`.

Promises: what is unpacked is what its digests say; everything happens in the folder that is given, so that whoever
gives it may put it in place at once or throw it away.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import os
from pathlib import Path

from portico.domain.errors import Damaged, PorticoError
from portico.node import beneath
from portico.node.containers.image_config import LARGEST, ImageConfig, read_image_config
from portico.node.containers.layouts import find_manifest, load_manifest, read_verified
from portico.node.containers.references import Reference
from portico.node.containers.sources import Layout, Registry
from portico.node.containers.tools import find_tool, run_tool

ROOT = "rootfs"
_COPY = "layout"
_TAG = "image"
_DIRECTORIES = ("dev", "etc", "proc", "sandbox", "sys")
_FILES = ("hosts", "resolv.conf")
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_POLICIES = ("/etc/containers/policy.json", "~/.config/containers/policy.json")


async def name_digest(source: Layout | Registry) -> str:
    """Say what a source's name means now; raises NotFound, Damaged, Unavailable or ToolFailed."""
    if isinstance(source, Layout):
        return await asyncio.to_thread(find_manifest, source.folder, source.tag)
    skopeo = find_tool("skopeo", "bringing images from a registry")
    raw = await run_tool([skopeo, *_policy(), "inspect", "--raw", *_security(source.reference), _docker(source, "")])
    if len(raw) > LARGEST:
        raise Damaged(f"the manifest of {source.reference} is larger than {LARGEST} bytes")
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


async def pull(source: Layout | Registry, digest: str, folder: Path) -> ImageConfig:
    """Bring the image with a digest into `folder`/rootfs; raises PorticoError with the reason when it cannot be."""
    skopeo = find_tool("skopeo", "bringing images")
    umoci = find_tool("umoci", "unpacking images")
    copy = folder / _COPY
    if isinstance(source, Layout):
        await asyncio.to_thread(read_verified, source.folder, digest)
        origin, security = f"oci:{source.folder}:{source.tag}", []
    else:
        origin, security = _docker(source, digest), _security(source.reference, "src-")
    await run_tool([skopeo, *_policy(), "copy", "--quiet", *security, origin, f"oci:{copy}:{_TAG}"])
    config = await asyncio.to_thread(_check, str(copy))
    await run_tool([umoci, "raw", "unpack", "--image", f"{copy}:{_TAG}", str(folder / ROOT)])
    await asyncio.to_thread(furnish, str(folder / ROOT))
    return config


def furnish(root: str) -> None:
    """Put in an image what every container gets mounted, so that it need not be made in the layer of each one."""
    directory = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in _DIRECTORIES:
            with contextlib.suppress(PorticoError):  # a link or file of the image's own: the runtime deals with it
                os.close(beneath.enter_or_make(directory, (name,)))
        with contextlib.suppress(PorticoError):
            place = beneath.enter(directory, ("etc",))
            try:
                for name in _FILES:
                    with contextlib.suppress(FileExistsError):
                        os.close(os.open(name, _CREATE, 0o644, dir_fd=place))
            finally:
                os.close(place)
    finally:
        os.close(directory)


def _check(copy: str) -> ImageConfig:
    manifest = load_manifest(copy, find_manifest(copy, _TAG))
    return read_image_config(read_verified(copy, manifest.config.digest))


def _docker(source: Registry, digest: str) -> str:
    """Write a name as skopeo wants it: with a tag or a digest, never both."""
    reference = source.reference
    wanted = digest or reference.digest
    return f"docker://{reference.place}@{wanted}" if wanted else f"docker://{reference.tagged}"


def _security(reference: Reference, prefix: str = "") -> list[str]:
    """Do without TLS where nobody else can listen, as every container engine does."""
    name = reference.host.rpartition(":")[0] or reference.host
    try:
        loopback = ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        loopback = name == "localhost"
    return [f"--{prefix}tls-verify=false"] if loopback else []


def _policy() -> list[str]:
    """Obey the machine's policy of signatures where it has one."""
    there = any(Path(place).expanduser().exists() for place in _POLICIES)
    return [] if there else ["--insecure-policy"]


def unpacked_size(folder: Path) -> int:
    """Add up the bytes an unpacked image takes; each name counts, so that shared files count more than once."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            facts = os.lstat(f"{place}/{name}")
            total += facts.st_blocks * 512
    return total


def describe(name: str, error: PorticoError | OSError) -> str:
    """Say which image could not be had, and why."""
    return f"image {name!r} cannot be had: {error}"
