"""Persistent volumes on this node: folders that control names; what it names no longer is removed.

Promises: only folders two levels below `roles` of a named place are ever removed, and only those that control did not
name. They are moved aside at once, so that a new volume of the same name begins empty, and emptied in their own time;
what a crash leaves aside is emptied with the next.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from portico.node import trees

log = logging.getLogger("portico.node")

FOLDER = "volumes"
_ROLES = "roles"
_ASIDE = ".removed"
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def set_aside(directory: Path, folders: Mapping[str, Sequence[str]]) -> list[Path]:
    """Move away the volumes that are not named; gives the places to be emptied.

    `folders` are the volumes by the folder they lie in, empty for this node's own in `directory`.
    """
    places = []
    for folder, kept in folders.items():
        place = Path(folder) if folder else directory / FOLDER
        aside = place / _ASIDE
        for path in list(_present(place)):
            if str(path.relative_to(place)) not in kept:
                aside.mkdir(exist_ok=True)
                path.rename(aside / str(time.monotonic_ns()))
                log.info("volume %s is removed", path)
        if aside.is_dir():
            places.append(aside)
    return places


def empty(places: Sequence[Path]) -> None:
    """Remove what was moved away, however much it is; a failure is said and met again the next time."""
    for place in places:
        try:
            directory = os.open(place, _OPEN)
            try:
                trees.clear(directory)
            finally:
                os.close(directory)
        except OSError as error:
            log.warning("%s could not be emptied: %s", place, error)


def _present(place: Path) -> Iterator[Path]:
    """Find the volumes in a folder: roles/ROLE/ID."""
    roles = place / _ROLES
    if roles.is_dir():
        for role in _folders(roles):
            yield from _folders(role)


def _folders(path: Path) -> list[Path]:
    with os.scandir(path) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
