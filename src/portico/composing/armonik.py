"""The ArmoniK door put together: what the calls core is told, the door's services, and its routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from portico import __version__
from portico.composing.fleets import partitions
from portico.control.calls.agents import Patience
from portico.control.calls.core import CallSettings
from portico.control.plane import Plane
from portico.domain.errors import Invalid
from portico.doors.armonik import errors
from portico.doors.armonik.access import Access
from portico.doors.armonik.service import DOOR, Facts, permissions, services
from portico.doors.armonik.web import PROBES, Pages, Web
from portico.serving.http_app import HttpRoutes
from portico.serving.peers import peer_of
from portico.serving.registration import Registration
from portico.settings import Settings

NATIVE_GRPC_PORT = 5001
OPEN_PATHS = frozenset(PROBES)
"""Probes of orchestrators carry no token."""
OBJECTS = "objects"
"""The folder of large data, in the data directory."""


def call_settings(settings: Settings, data: Path) -> CallSettings:
    """Say to the calls core what is configured."""
    return CallSettings(
        partitions=partitions(settings),
        default_partition=settings.armonik.default_partition,
        objects=objects_folder(settings, data),
        imports=settings.armonik.import_folder,
        sessions_age=settings.retention.sessions_age or None,
        sessions_count=settings.retention.sessions_count or None,
        sessions_idle=settings.retention.sessions_idle or None,
    )


def patience(settings: Settings) -> Patience:
    """Say how long control waits for agents."""
    default = Patience()
    return Patience(
        crashed=settings.timer("armonik.crashed_delay", default.crashed),
        cancel=settings.timer("armonik.cancel", default.cancel),
        unbegun=settings.timer("armonik.give_back", default.unbegun),
    )


def objects_folder(settings: Settings, data: Path) -> Path | None:
    """Say where large data lie; None where nothing is kept on disk."""
    return None if settings.store == "memory" else data / OBJECTS


class ArmonikServices:
    """The door's services on one plane; `objects` is the folder of large data, None when they are in memory, and
    `unready` gives the reasons why no work is taken.
    """

    def __init__(
        self, plane: Plane, settings: Settings, objects: Path | None, unready: Callable[[], Sequence[str]]
    ) -> None:
        known = settings.armonik
        if known.auth.require_authentication and not known.auth.trusted_headers and settings.auth.tls_client_ca is None:
            raise Invalid(
                "doors.armonik.auth: require_authentication lets nobody in unless trusted_headers is set, or "
                "auth.tls_client_ca names who signs certificates",
                "doors.armonik.auth.require_authentication",
            )
        access = Access(known.auth, permissions(), peer_of)
        facts = Facts(__version__, objects, known.data_chunk_max_size)
        self._served = services(plane, access, facts)
        self._web = Web(pages(settings), unready)

    def registrations(self) -> list[Registration]:
        """Give what the gRPC server is to serve, to browsers too."""
        return [
            Registration(served.add, (served.name,), DOOR, errors.translate, served.endless, web=True)
            for served in self._served
        ]

    def routes(self) -> HttpRoutes:
        """Give what the HTTP server is to serve."""
        return HttpRoutes(self._web.routes())


def pages(settings: Settings) -> Pages:
    """Read what the administration pages are told; Invalid for a folder or a file that cannot be used."""
    known = settings.armonik
    if known.admin is not None and not known.admin.is_dir():
        raise Invalid(f"doors.armonik.admin: {known.admin} is no folder", "doors.armonik.admin")
    environment = {
        "name": known.gui.name,
        "description": known.gui.description or f"Portico at {settings.advertise or settings.host}",
        "color": known.gui.color,
        "version": known.gui.version or __version__,
    }
    return Pages(known.admin, environment, _configuration(known.gui.configuration))


def _configuration(file: Path | None) -> dict[str, Any]:
    """Read what the pages exported; nothing leaves them at their own defaults."""
    if file is None:
        return {}
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise Invalid(f"doors.armonik.gui.configuration: cannot read {file}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise Invalid(f"doors.armonik.gui.configuration: {file} is no JSON object: {error}") from error
