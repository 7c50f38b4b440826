"""Whose a job is: owner, application, and the id that a federation gave it."""

from __future__ import annotations

from collections.abc import Iterator

from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.attributes import FEDERATED_JOB_ID
from portico.doors.titus.inbound.identities import is_uuid
from portico.doors.titus.inbound.limits import Limits
from portico.wire.titus import jobs_pb2


def check(descriptor: jobs_pb2.JobDescriptor, _limits: Limits) -> Iterator[Violation]:
    """Check who is named."""
    email = descriptor.owner.teamEmail
    if "@" not in email or "\n" in email or "\r" in email:
        yield Violation("owner.teamEmail", "Not a valid email address")
    if not descriptor.applicationName:
        yield Violation("applicationName", "Empty string not allowed")
    if FEDERATED_JOB_ID in descriptor.attributes and not is_uuid(descriptor.attributes[FEDERATED_JOB_ID]):
        yield Violation(f"attributes.{FEDERATED_JOB_ID}", "must be a UUID string")
