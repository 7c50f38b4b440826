"""Reading image layouts on disk: the index, the documents, and whether every part is what its digest says.

Promises: nothing is used that does not match its digest; a part that is missing, cut off or altered raises Damaged and
is named.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from portico.domain.errors import Damaged, NotFound
from portico.node.containers.image_config import (
    LARGEST,
    NAME_ANNOTATION,
    Descriptor,
    Manifest,
    read_index,
    read_manifest,
)

_CHUNK = 1 << 20
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def find_manifest(folder: str, tag: str) -> str:
    """Give the digest that a tag of a layout names; raises NotFound without folder or tag, Damaged for a bad index."""
    place = Path(folder) / "index.json"
    try:
        data = _head(str(place))
    except OSError as error:
        raise NotFound(f"{folder} is no image layout: {error.strerror} ({place.name})") from error
    for descriptor in read_index(data).manifests:
        if (descriptor.annotations or {}).get(NAME_ANNOTATION) == tag:
            return descriptor.digest
    raise NotFound(f"the image layout {folder} has no tag {tag!r}")


def read_verified(folder: str, digest: str) -> bytes:
    """Read one document; raises Damaged unless it is what its digest says."""
    path = blob_path(folder, digest)
    try:
        data = _head(path)
    except OSError as error:
        raise Damaged(f"the image's part {digest} cannot be read: {error.strerror}") from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
        raise Damaged(f"the image's part {digest} does not match its digest")
    return data


def load_manifest(folder: str, digest: str) -> Manifest:
    """Read a manifest and check that all its parts are there and are what their digests say."""
    manifest = read_manifest(read_verified(folder, digest))
    read_verified(folder, manifest.config.digest)
    for layer in manifest.layers:
        _verify(folder, layer)
    return manifest


def blob_path(folder: str, digest: str) -> str:
    """Give the file in which a layout keeps a part."""
    return f"{folder}/blobs/sha256/{digest.removeprefix('sha256:')}"


def _verify(folder: str, layer: Descriptor) -> None:
    found = hashlib.sha256()
    size = 0
    try:
        with Path(blob_path(folder, layer.digest)).open("rb") as blob:
            while chunk := blob.read(_CHUNK):
                found.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise Damaged(f"the image's layer {layer.digest} cannot be read: {error.strerror}") from error
    if size != layer.size or f"sha256:{found.hexdigest()}" != layer.digest:
        raise Damaged(f"the image's layer {layer.digest} does not match its digest")


def _head(path: str) -> bytes:
    """Read a document whole, up to a bound."""
    handle = os.open(path, _OPEN)
    with os.fdopen(handle, "rb") as document:
        data = document.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Damaged(f"{path} is larger than {LARGEST} bytes")
    return data
