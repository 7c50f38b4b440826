"""What an image says of itself: the documents of the OCI image specification, as far as they matter here. Pure.

Everything here comes from outside. Promises: a document that cannot be read raises Damaged and says what is wrong; no
document is trusted beyond its own type.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from portico.domain.errors import Damaged
from portico.node.containers.references import is_digest

LARGEST = 4 << 20
"""Bytes of a document that are read at most."""

NAME_ANNOTATION = "org.opencontainers.image.ref.name"
_T = TypeVar("_T")


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A pointer to a document or layer by its digest; `size` in bytes."""

    digest: str
    size: int
    media_type: str = ""
    annotations: dict[str, str] | None = None


class Index(msgspec.Struct, frozen=True):
    """A list of manifests."""

    manifests: list[Descriptor]


class Manifest(msgspec.Struct, frozen=True):
    """An image's configuration and layers."""

    config: Descriptor
    layers: list[Descriptor]


class ImageConfig(msgspec.Struct, frozen=True, rename="pascal"):
    """How an image wants to be run; a missing part is empty."""

    env: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    stop_signal: str = ""


class _Execution(msgspec.Struct, frozen=True, rename="pascal"):
    """The same as it is written: any part may be null."""

    env: list[str] | None = None
    user: str | None = None
    working_dir: str | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    stop_signal: str | None = None


class _Document(msgspec.Struct, frozen=True):
    config: _Execution | None = None


def read_index(data: bytes) -> Index:
    """Read the list of a layout's manifests."""
    index = _read(data, Index, "index")
    for descriptor in index.manifests:
        _check(descriptor)
    return index


def read_manifest(data: bytes) -> Manifest:
    """Read an image's manifest."""
    manifest = _read(data, Manifest, "manifest")
    for descriptor in (manifest.config, *manifest.layers):
        _check(descriptor)
    return manifest


def read_image_config(data: bytes) -> ImageConfig:
    """Read an image's configuration."""
    written = _read(data, _Document, "configuration").config or _Execution()
    texts = (*(written.env or ()), *(written.entrypoint or ()), *(written.cmd or ()))
    if any("\0" in text for text in (*texts, written.user or "", written.working_dir or "")):
        raise Damaged("the image's configuration contains a zero byte")
    return ImageConfig(
        env=tuple(pair for pair in written.env or () if pair.partition("=")[0]),
        user=written.user or "",
        working_dir=written.working_dir or "",
        entrypoint=tuple(written.entrypoint or ()),
        cmd=tuple(written.cmd or ()),
        stop_signal=written.stop_signal or "",
    )


def variables(config: ImageConfig) -> dict[str, str]:
    """Give the image's environment."""
    pairs = (pair.partition("=") for pair in config.env)
    return {name: value for name, _, value in pairs}


def _read(data: bytes, kind: type[_T], what: str) -> _T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(f"the image's {what} cannot be read: {error}") from error


def _check(descriptor: Descriptor) -> None:
    if not is_digest(descriptor.digest):
        raise Damaged(f"the image names a part by {descriptor.digest[:80]!r}, which is no sha256 digest")
    if descriptor.size < 0:
        raise Damaged("the image names a part of negative size")
