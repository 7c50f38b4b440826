"""Where an image is to be had, by the node's table of images. Pure.

The table maps names to `host`, `oci:DIR:TAG` or `registry:HOST/NAME`. A name without a tag in the table stands for all
tags of the name, unless its source has just one. A name that is not in the table but begins with a registry's host is
had from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from portico.domain.errors import Invalid, NotFound
from portico.node.containers.references import LATEST, Reference, parse_reference

HOST_IMAGE = "portico/host"
"""The image that is always there: the host's own root."""


class HostRoot(msgspec.Struct, frozen=True):
    """The host's own root: nothing to bring, nothing to change into."""


class Layout(msgspec.Struct, frozen=True):
    """A tag in a folder laid out by the OCI image specification."""

    folder: str
    tag: str


class Registry(msgspec.Struct, frozen=True):
    """A name in a registry."""

    reference: Reference


Source = HostRoot | Layout | Registry


def find_sources(images: Mapping[str, str], name: str) -> tuple[Source, ...]:
    """Give the places where an image may be, best first; more than one only for a digest without a tag.

    Raises Invalid for what is no name, NotFound for one that nobody serves.
    """
    reference = parse_reference(name)
    found = tuple(listed_sources(images, reference))
    if found:
        return found
    if reference.repository == HOST_IMAGE and not reference.host:
        return (HostRoot(),)
    if reference.host:
        return (Registry(reference),)
    raise NotFound(f"image {name!r} is not in the table [images] and names no registry")


def listed_sources(images: Mapping[str, str], wanted: Reference) -> Iterator[Source]:
    """Give what the table itself says of a name; raises Invalid for an entry that is no source."""
    for text in (str(wanted), wanted.tagged, wanted.place):
        if text in images:
            yield parse_source(images[text], wanted)
            return
    if not wanted.digest or wanted.tag:
        return
    for text, source in images.items():
        if text.partition("@")[0].startswith(f"{wanted.place}:"):
            yield parse_source(source, wanted)


def parse_source(text: str, wanted: Reference) -> Source:
    """Read one entry of the table, for a name that it serves; raises Invalid when it is none."""
    scheme, _, rest = text.partition(":")
    if text == "host":
        return HostRoot()
    if scheme == "oci":
        folder, _, tag = rest.rpartition(":")
        if folder and tag:
            return Layout(folder, tag)
    if scheme == "registry" and rest:
        there = parse_reference(rest)
        if there.host:
            tag = there.tag or wanted.tag or ("" if wanted.digest else LATEST)
            return Registry(msgspec.structs.replace(there, tag=tag, digest=there.digest or wanted.digest))
    raise Invalid(f"{text!r} is no source of images", "images")
