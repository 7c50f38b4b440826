"""Platform sidecars: how one is told its arguments. Pure."""

from __future__ import annotations

from google.protobuf import json_format

from portico.wire.titus import containers_pb2

ARGUMENTS = "TITUS_SIDECAR_ARGUMENTS"
"""The variable in which a sidecar finds its arguments, a JSON object."""


def arguments(message: containers_pb2.PlatformSidecar) -> str | None:
    """Write the arguments as one line of JSON; None when JSON has no words for them, such as for infinity."""
    try:
        return json_format.MessageToJson(message.arguments, indent=None) if message.HasField("arguments") else "{}"
    except (json_format.Error, ValueError):
        return None
