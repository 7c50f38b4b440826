"""What the sources of the table `[images]` say of an image, asked for with the nodes' own tools.

Promises: a registry's answer takes at most `PATIENCE`; it is asked once by all who want a name at once, and few are
asked at one time; what is remembered is bounded. That an image is not there is not remembered, so that one is
found as soon as it was pushed.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping
from weakref import WeakValueDictionary

import msgspec

from portico.domain.errors import Invalid, NotFound, PorticoError, Unavailable
from portico.node.containers.layouts import find_manifest
from portico.node.containers.pulling import name_digest
from portico.node.containers.references import parse_reference
from portico.node.containers.sources import HostRoot, Layout, Registry, listed_sources
from portico.node.containers.tools import ToolFailed
from portico.settings import ImageSource

PATIENCE = 5.0
"""Seconds, the wait for others included."""
KEPT = 10.0
"""Seconds for which a registry's answer, or its silence, holds."""
MOST_KEPT = 1_000
ASKED_AT_ONCE = 4

_UNKNOWN = re.compile(
    r"reading manifest \S+ in \S+: .*(?:manifest unknown|name unknown|status(?: ?code)?:? 404)", re.IGNORECASE
)
"""How `skopeo` tells that a registry answers and has no such tag, digest or name."""


class _Answer(msgspec.Struct, frozen=True):
    """What a registry said when it was asked at `begun`: a digest, or why there is none.

    `unknown` is that it has no such image, `silent` that it did not say.
    """

    begun: float
    digest: str = ""
    unknown: str = ""
    silent: str = ""


class ConfiguredImages:
    """The images of the table; `now` gives seconds. Used from one event loop."""

    def __init__(
        self,
        images: Mapping[str, ImageSource],
        *,
        patience: float = PATIENCE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._images = {name: source.written for name, source in images.items()}
        self._patience = patience
        self._now = now
        self._answers: dict[str, _Answer] = {}
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._slots = asyncio.Semaphore(ASKED_AT_ONCE)

    async def digest_of(self, image: str) -> str:
        """Give the digest of an image; empty for one that is not in the table, or is the host's own root.

        Raises NotFound when its source says that it is not there, another PorticoError when nothing can be said.
        """
        try:
            wanted = parse_reference(image)
        except Invalid:
            return ""
        seen = ""
        for source in listed_sources(self._images, wanted):
            if isinstance(source, HostRoot):
                return ""
            seen = await self._found(source)
            if not wanted.digest or seen == wanted.digest:
                return seen
        if seen:
            raise NotFound(f"its source has {seen}, which is not the digest asked for")
        return ""

    async def _found(self, source: Layout | Registry) -> str:
        if isinstance(source, Layout):
            return await asyncio.to_thread(_read, source)
        answer = await self._answer(source)
        if answer.unknown:
            raise NotFound(answer.unknown)
        if answer.silent:
            raise Unavailable(answer.silent)
        return answer.digest

    async def _answer(self, source: Registry) -> _Answer:
        key = str(source.reference)
        arrived = self._now()
        try:
            async with asyncio.timeout(self._patience), self._asking.setdefault(key, asyncio.Lock()):
                answer = self._answers.get(key)
                if answer is None or not self._holds(answer, arrived):
                    async with self._slots:
                        answer = await _ask(source, self._now())
        except TimeoutError:
            answer = _Answer(self._now(), silent=f"{key} was not told within {self._patience:g} s")
        self._keep(key, answer)
        return answer

    def _holds(self, answer: _Answer, arrived: float) -> bool:
        return answer.begun >= arrived or (not answer.unknown and self._now() - answer.begun < KEPT)

    def _keep(self, key: str, answer: _Answer) -> None:
        self._answers.pop(key, None)
        self._answers[key] = answer
        while len(self._answers) > MOST_KEPT:
            del self._answers[next(iter(self._answers))]


async def _ask(source: Registry, begun: float) -> _Answer:
    try:
        return _Answer(begun, await name_digest(source))
    except ToolFailed as error:
        said = str(error)
        return _Answer(begun, unknown=said) if _UNKNOWN.search(said) else _Answer(begun, silent=said)
    except (PorticoError, OSError) as error:
        return _Answer(begun, silent=str(error))


def _read(source: Layout) -> str:
    """Read the tag of a folder; one that cannot be read here may be on the nodes' machines."""
    if not os.access(f"{source.folder}/index.json", os.R_OK):
        raise Unavailable(f"{source.folder} is no image layout on this machine")
    return find_manifest(source.folder, source.tag)
