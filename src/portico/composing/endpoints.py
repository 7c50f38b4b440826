"""Where the server can be reached: DIR/endpoints.json, written at once or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

FILE = "endpoints.json"


def write(data: Path, endpoints: dict[str, object]) -> None:
    """Put the file in place."""
    draft = data / f"{FILE}.new"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(endpoints)) + b"\n")
    draft.replace(data / FILE)


def remove(data: Path) -> None:
    """Take the file away: nobody answers there any more."""
    (data / FILE).unlink(missing_ok=True)


def describe(
    advertise: str,
    grpc_port: int,
    http_port: int,
    doors: tuple[str, ...],
    *,
    tls: bool,
    mesos_port: int = 0,
    agents: list[str] | None = None,
) -> dict[str, object]:
    """Give the addresses of the doors that are served."""
    grpc = f"{advertise}:{grpc_port}"
    scheme = "https" if tls else "http"
    endpoints: dict[str, object] = {"pid": os.getpid(), "grpc": grpc, "http": f"{scheme}://{advertise}:{http_port}"}
    if "jobv1" in doors:
        endpoints["jobv1"] = grpc
    if "titus" in doors:
        endpoints["titus"] = grpc
        endpoints["titus_rest"] = endpoints["http"]
    if "armonik" in doors:
        endpoints["armonik"] = grpc
        endpoints["armonik_web"] = endpoints["http"]
    if mesos_port:
        endpoints["mesos_master"] = f"{advertise}:{mesos_port}"
        endpoints["mesos_agents"] = agents or []
    return endpoints
