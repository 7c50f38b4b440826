"""The Runs behind nested containers: a container and a name within it always mean the same Run."""

from __future__ import annotations

import uuid

from portico.domain.errors import Invalid

_SPACE = uuid.UUID("2f0f4a3e-6a57-5d0e-9f0b-6d0a5c1f7e21")
_MOST = 242
"""Bytes of a name: it is part of a folder's name."""


def nested_run(parent: str, name: str) -> str:
    """Give the id of the Run that the container of this name, nested in the one that `parent` is, has or would have."""
    return str(uuid.uuid5(_SPACE, f"{parent}/{name}"))


def check_name(name: str) -> None:
    """Raise Invalid for what cannot be part of a container's id."""
    if not name:
        raise Invalid("'ContainerID.value' must be non-empty", "container_id.value")
    if len(name.encode()) > _MOST or any(char in "/\\. \t\n\r\v\f\0" for char in name):
        raise Invalid("'ContainerID.value' contains invalid characters", "container_id.value")
