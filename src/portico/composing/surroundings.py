"""What a server finds where it is started: the places in its data directory, its secret, the machine's time zone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from portico.domain.errors import Invalid

LOCAL_TIME, ZONE_NAME = Path("/etc/localtime"), Path("/etc/timezone")
_LONGEST_PATH = 100
"""Bytes that every system takes as the path of a Unix socket."""


def link_path(data: Path) -> Path:
    """Give the place of the link's socket; Invalid where the path of the data directory is too long for one."""
    path = data / "link" / "link.sock"
    if len(str(path).encode()) > _LONGEST_PATH:
        raise Invalid(f"data directory {data}: its path is too long for a Unix socket; expected at most 85 bytes")
    return path


def web_path(data: Path) -> Path:
    """Give the place of the socket on which the gRPC server hears the HTTP side of this server."""
    return link_path(data).with_name("web.sock")


def server_secret(data: Path) -> str:
    """Give the secret that agents and workers of this data directory share with it."""
    path = data / "secret"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        secret = secrets.token_hex(32)
        draft = os.open(data / "secret.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(draft, secret.encode())
            os.fsync(draft)
        finally:
            os.close(draft)
        (data / "secret.new").rename(path)
        return secret


def local_zone() -> str:
    """Name the server's own time zone, for cron lines that name none."""
    named = os.environ.get("TZ", "").lstrip(":")
    if named:
        return named
    try:
        target = LOCAL_TIME.resolve(strict=True)
    except OSError:
        return "UTC"
    return str(target).partition("zoneinfo/")[2] or _named_zone() or "UTC"


def _named_zone() -> str:
    """Read the zone's name where the rules of the zone are a copy, which has none."""
    try:
        return ZONE_NAME.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
