"""What CreateJob asks of a job's image before the job is accepted: whether it is there, and under which digest.

Promises: an image that is known not to be there is refused; one of which nothing can be said is accepted, and the job
says so. What a tag means is settled once, at the creation of a job.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from portico.domain.errors import NotFound, PorticoError
from portico.doors.titus.errors import Violation, broken_rules
from portico.doors.titus.extension.compatibility import SKIPPED_IMAGE
from portico.doors.titus.inbound.containers import reference
from portico.wire.titus import jobs_pb2

_log = structlog.get_logger(__name__)


class Images(Protocol):
    """Knows the images whose sources are configured."""

    async def digest_of(self, image: str) -> str:
        """Give the digest of an image named as the nodes take it; empty when no source is configured, or has none.

        Raises NotFound when its source says that it is not there, another PorticoError when nothing can be said.
        """
        ...


async def settle_image(descriptor: jobs_pb2.JobDescriptor, images: Images) -> None:
    """Write the digest of a job's image into its sanitised descriptor; raises TitusError for one that is not there."""
    image = descriptor.container.image
    name = reference(image)
    try:
        found = await images.digest_of(name)
    except NotFound as error:
        raise broken_rules([Violation("container.image", f"image {name} is not known: {error}")]) from error
    except PorticoError as error:
        _log.warning("image_not_asked", image=name, reason=str(error))
        descriptor.attributes[SKIPPED_IMAGE] = "true"
        return
    image.digest = image.digest or found
