"""The door's plain HTTP side: the administration pages, what they fetch beside their calls, and the probes.

The pages are not a part of Portico: a folder with them, as they were built, is served as it is. Promises: nothing
outside of that folder is ever read; a page that is no file is the application's own affair and gets its index, in the
language that the path begins with (the build has a folder for each); a path without a language gets one.
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

ADMIN = "/admin"
GUI_CONFIGURATION = "/static/gui_configuration"
ENVIRONMENT = "/static/environment.json"
PROBES = ("/startup", "/liveness", "/readiness")

NOT_CONFIGURED = (
    "There are no administration pages here: build ArmoniK.Admin.GUI with --base-href=/admin/ and name the folder with "
    "the result as `admin` in [doors.armonik].\n"
)
_INDEX = "index.html"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_HASH_LETTERS = 8
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".woff2": "font/woff2"}
"""Types that a machine's own tables do not always have right."""
_ASSETS = frozenset(
    {".js", ".mjs", ".css", ".map", ".json", ".html", ".txt", ".svg", ".png", ".jpg", ".ico", ".woff", ".woff2", ".ttf"}
)
"""Endings of files; others may be a part of an id in the path of a page."""


class Pages(msgspec.Struct, frozen=True):
    """What is served: the folder of the pages, and what they are told. All of it is fixed while the server runs."""

    folder: Path | None
    environment: Mapping[str, str]
    configuration: Mapping[str, Any]


class Web:
    """The routes; `unready` gives the reasons why no work is taken, none when it is."""

    def __init__(self, pages: Pages, unready: Callable[[], Sequence[str]]) -> None:
        self._folder = pages.folder.resolve() if pages.folder is not None else None
        self._environment = msgspec.json.encode(pages.environment)
        self._configuration = msgspec.json.encode(pages.configuration)
        self._unready = unready

    def routes(self) -> tuple[BaseRoute, ...]:
        """Give the routes to be served."""
        startup, liveness, readiness = PROBES
        return (
            Route(ADMIN, self._to_folder),
            Route(f"{ADMIN}/{{path:path}}", self.page),
            Route(GUI_CONFIGURATION, self._telling(self._configuration)),
            Route(ENVIRONMENT, self._telling(self._environment)),
            Route(startup, self.alive),
            Route(liveness, self.alive),
            Route(readiness, self.ready),
        )

    @staticmethod
    def _telling(body: bytes) -> Callable[[Request], Any]:
        async def tell(_request: Request) -> Response:
            return Response(body, media_type="application/json", headers={"cache-control": _ASK_AGAIN})

        return tell

    async def alive(self, _request: Request) -> Response:
        """Say that the process answers."""
        return PlainTextResponse("Healthy")

    async def ready(self, _request: Request) -> Response:
        """Say whether work is taken."""
        reasons = list(self._unready())
        return PlainTextResponse("; ".join(reasons) if reasons else "Healthy", 503 if reasons else 200)

    async def _to_folder(self, _request: Request) -> Response:
        return RedirectResponse(f"{ADMIN}/")

    async def page(self, request: Request) -> Response:
        """Give a file of the pages, or the index of the application that it would be a page of."""
        if self._folder is None:
            return PlainTextResponse(NOT_CONFIGURED, 404)
        path = request.path_params["path"]
        found = await asyncio.to_thread(look, self._folder, path)
        if isinstance(found, Languages):
            language = found.choose(request.headers.get("accept-language", ""))
            return RedirectResponse(f"{ADMIN}/{language}/{quote(path)}", headers={"vary": "accept-language"})
        if found is None:
            return PlainTextResponse("There is no such file among the administration pages.\n", 404)
        headers = {"cache-control": _caching(found), "x-content-type-options": "nosniff"}
        return FileResponse(found, media_type=_type(found), headers=headers)


class Languages(msgspec.Struct, frozen=True):
    """The languages in which the pages are there; at least one."""

    names: tuple[str, ...]

    def choose(self, accepted: str) -> str:
        """Give the first of the accepted languages, as a browser lists them; without one English, or what there is."""
        wanted = [part.partition(";")[0].strip().lower().partition("-")[0] for part in accepted.split(",")]
        return next((name for name in (*wanted, "en") if name in self.names), self.names[0])


def look(folder: Path, path: str) -> Path | Languages | None:
    """Find what to answer a path with: a file, the application's index, or the languages to choose from.

    None for an asset that is not there, and for every path that leads out of the folder.
    """
    parts = [part for part in path.split("/") if part]
    if any(part in {".", ".."} or "\\" in part or "\0" in part for part in parts):
        return None
    wanted = folder.joinpath(*parts)
    if parts and _is_file_inside(wanted, folder):
        return wanted
    if parts and Path(parts[-1]).suffix.lower() in _ASSETS:
        return None
    for place in (*(folder / part for part in parts[:1]), folder):
        if _is_file_inside(place / _INDEX, folder):
            return place / _INDEX
    languages = tuple(sorted(place.name for place in folder.iterdir() if _is_file_inside(place / _INDEX, folder)))
    return Languages(languages) if languages else None


def _is_file_inside(path: Path, folder: Path) -> bool:
    """Tell whether this is a regular file that truly lies in the folder, links followed."""
    try:
        real = Path(os.path.realpath(path, strict=True))
        return real.is_relative_to(folder) and stat.S_ISREG(real.stat().st_mode)
    except (OSError, ValueError):
        return False


def _caching(path: Path) -> str:
    """Say how long a file may be kept: for ever when its name holds a digest of its content."""
    stem, _, digest = path.stem.replace(".", "-").rpartition("-")
    named_by_content = bool(stem) and len(digest) >= _HASH_LETTERS and digest.isalnum() and digest.upper() == digest
    return _FOR_EVER if named_by_content and path.name != _INDEX else _ASK_AGAIN


def _type(path: Path) -> str:
    known = _TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0]
    return known or "application/octet-stream"
