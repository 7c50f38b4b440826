"""Whether two jobs run the same things, so that a task of one may as well be a task of the other.

Pure. What says who owns a job, how many tasks it wants and how they are replaced does not count, nor do attributes
beside the API's own; source: the API's list of ignored fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from portico.wire.titus import jobs_pb2

OWN_PREFIX = "titus"
SKIPPED_IMAGE = "titus.sanitization.skipped.image"
SKIPPED_ROLE = "titus.sanitization.skipped.iam"

_UPSTREAM_NAMES = {"resources": "containerResources"}
"""Fields that the API's errors call otherwise than its messages do."""


def difference(source: jobs_pb2.JobDescriptor, target: jobs_pb2.JobDescriptor) -> str:
    """Name the first field in which two service jobs differ, with both values; empty when they are compatible."""
    skipped = {key for descriptor in (source, target) for key in descriptor.attributes if key in _SKIPPED}
    return _first(_canonical(source, skipped), _canonical(target, skipped), "")


def _canonical(descriptor: jobs_pb2.JobDescriptor, skipped: set[str]) -> jobs_pb2.JobDescriptor:
    kept = jobs_pb2.JobDescriptor()
    kept.CopyFrom(descriptor)
    for ignored in ("owner", "applicationName", "jobGroupInfo", "attributes", "disruptionBudget"):
        kept.ClearField(ignored)
    for ignored in ("capacity", "retryPolicy", "migrationPolicy", "serviceJobProcesses", "enabled"):
        kept.service.ClearField(ignored)
    kept.container.ClearField("env")
    _keep_own(kept.container.attributes)
    _keep_own(kept.container.securityProfile.attributes)
    if SKIPPED_IMAGE in skipped:
        kept.container.ClearField("image")
    if SKIPPED_ROLE in skipped:
        kept.container.securityProfile.ClearField("iamRole")
    return kept


_SKIPPED = frozenset({SKIPPED_IMAGE, SKIPPED_ROLE})


def _keep_own(attributes: Any) -> None:
    """Remove attributes that are not the API's own."""
    for key in [key for key in attributes if not key.startswith(OWN_PREFIX)]:
        del attributes[key]


def _first(source: Message, target: Message, path: str) -> str:
    if source == target:
        return ""
    for field in source.DESCRIPTOR.fields:
        one, other = getattr(source, field.name), getattr(target, field.name)
        if one == other:
            continue
        name = f"{path}.{_UPSTREAM_NAMES.get(field.name, field.name)}".lstrip(".")
        if isinstance(one, Message) and isinstance(other, Message):
            return _first(one, other, name) or _told(name, one, other)
        if isinstance(one, Mapping):
            key = next(key for key in sorted({*one, *other}) if one.get(key) != other.get(key))
            return _told(f"{name}.{key}", one.get(key), other.get(key))
        return _told(name, one, other)
    return _told(path, source, target)


def _told(path: str, source: object, target: object) -> str:
    return f"{path}: {_short(source)} != {_short(target)}"


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


_LONGEST = 200
