"""Names of images, of the main container and of those beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.limits import Limits
from portico.wire.titus import containers_pb2, jobs_pb2

_NAME = re.compile(r"[a-zA-Z0-9.\\/_-]+")
_TAG = re.compile(r"[a-zA-Z0-9._-]+")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")


def check(descriptor: jobs_pb2.JobDescriptor, _limits: Limits) -> Iterator[Violation]:
    """Check the main container's image."""
    yield from of_image("container.image", descriptor.container.image)


def of_image(field: str, image: jobs_pb2.Image | containers_pb2.BasicImage) -> Iterator[Violation]:
    """Check that an image has a name, and a tag or a digest."""
    if not _NAME.fullmatch(image.name):
        yield Violation(f"{field}.name", "image name is not valid")
    if not _TAG.fullmatch(image.tag) and not is_digest(image.digest):
        yield Violation(f"{field}.noValidImageDigestOrTag", "must specify a valid digest or tag")


def is_digest(text: str) -> bool:
    """Tell whether a text names an algorithm and a sum."""
    return _DIGEST.fullmatch(text) is not None
