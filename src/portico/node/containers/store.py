"""The node's images: unpacked once, shared read-only, removed when nobody has wanted them for long.

An image lies under the digest its source names: `images/sha256-…/` with its root and what it says of itself. Promises:
what lies under a digest is whole, since it was renamed there when it was; however many want an image at once, it is
brought once; an image that a Run uses is not removed; what an earlier agent left half done goes at the start.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from portico.domain.errors import Invalid, NotFound, PorticoError
from portico.domain.identity import Instant
from portico.node.containers.expiry import StoredImage, plan_removal
from portico.node.containers.image_config import ImageConfig
from portico.node.containers.pulling import ROOT, describe, name_digest, pull, unpacked_size
from portico.node.containers.references import is_digest, parse_reference
from portico.node.containers.sources import HostRoot, Layout, Registry, find_sources

RECORD = "image.json"
_NAMES = "names"
_DRAFT = ".draft-"
PULLS_AT_ONCE = 2
_TOUCH_PERIOD = 60.0


class ImageUnavailable(PorticoError):
    """An image cannot be had; the message names it and the reason."""


class Image(msgspec.Struct, frozen=True):
    """An image that is there; `root` is never to be written to. Size in bytes."""

    digest: str
    root: str
    config: ImageConfig


class _Record(msgspec.Struct, frozen=True):
    digest: str
    size: int
    config: ImageConfig


class ImageStore:
    """The images below `directory`; used from one event loop."""

    def __init__(self, directory: Path, images: Mapping[str, str]) -> None:
        self._directory = directory
        self._images = images
        self._bringing: dict[str, asyncio.Task[str]] = {}
        self._slots = asyncio.Semaphore(PULLS_AT_ONCE)
        self._users: dict[str, str] = {}
        self._records: dict[str, _Record] = {}
        self._touched: dict[str, float] = {}
        self._tags: dict[Layout, tuple[tuple[int, ...], str]] = {}
        self._serial = 0

    def open(self) -> None:
        """Make the directory and clear away what was not finished."""
        (self._directory / _NAMES).mkdir(mode=0o700, parents=True, exist_ok=True)
        for entry in self._directory.iterdir():
            if entry.name.startswith(_DRAFT):
                shutil.rmtree(entry)

    def is_host(self, name: str) -> bool:
        """Tell whether an image is the host's own root; raises ImageUnavailable for one that nobody serves."""
        return isinstance(self._find(name)[0], HostRoot)

    def at_hand(self, name: str) -> bool:
        """Tell whether an image is there, as far as can be told without asking its source; raises ImageUnavailable."""
        wanted = parse_reference(name).digest
        return any(self._is_here(source, wanted) for source in self._find(name) if not isinstance(source, HostRoot))

    async def ensure(self, name: str, run: str, *, ask: bool = False) -> Image:
        """Have an image, for a Run that uses it until `release`; with `ask` its registry is asked in any case.

        Raises ImageUnavailable.
        """
        sources = [source for source in self._find(name) if not isinstance(source, HostRoot)]
        try:
            source, digest = await self._choose(sources, parse_reference(name).digest, ask=ask)
            self._users[run] = digest
            return await self._have(source, digest)
        except (PorticoError, OSError) as error:
            self.release(run)
            raise ImageUnavailable(describe(name, error)) from error

    def hold(self, run: str, digest: str) -> None:
        """Take note that a Run of an earlier agent uses an image."""
        self._users[run] = digest

    def release(self, run: str) -> None:
        """Let go of the image of a Run."""
        self._users.pop(run, None)

    async def collect(self, now: Instant, max_age: int, max_bytes: int) -> list[str]:
        """Remove images by age and size, the longest unused first; gives their digests."""
        stored = await asyncio.to_thread(self._list)
        used = set(self._users.values())
        going = plan_removal(now, [image for image in stored if image.digest not in used], stored, max_age, max_bytes)
        drafts = []
        for digest in going:
            if digest not in self._users.values():
                draft = self._draft()
                self._place(digest).rename(draft)
                drafts.append(draft)
                self._records.pop(digest, None)
        for draft in drafts:
            await asyncio.to_thread(shutil.rmtree, draft)
        return going

    def _find(self, name: str) -> Sequence[HostRoot | Layout | Registry]:
        try:
            return find_sources(self._images, name)
        except PorticoError as error:
            raise ImageUnavailable(str(error)) from error

    async def _choose(
        self, sources: Sequence[Layout | Registry], wanted: str, *, ask: bool
    ) -> tuple[Layout | Registry, str]:
        """Give the source that has the wanted digest, or the first one with what its name means."""
        seen = ""
        for source in sources:
            seen = await self._digest_of(source, wanted, ask=ask)
            if not wanted or seen == wanted:
                return source, seen
        raise Invalid(f"its source has {seen}, which is not the digest asked for", "image")

    async def _digest_of(self, source: Layout | Registry, wanted: str, *, ask: bool) -> str:
        if wanted and self._load(wanted) is not None:
            return wanted
        if isinstance(source, Layout):
            return await self._tag(source)
        key = str(source.reference)
        known = "" if ask else self._known_name(key)
        if known and self._load(known) is not None:
            return known
        return await self._once(f"name {key}", lambda: self._ask(source, key))

    def _is_here(self, source: Layout | Registry, wanted: str) -> bool:
        if isinstance(source, Layout):
            tag = self._tags.get(source)
            digest = tag[1] if tag is not None else ""
        else:
            digest = wanted or self._known_name(str(source.reference))
        return bool(digest) and self._load(digest) is not None

    async def _tag(self, source: Layout) -> str:
        """Say what a layout's tag means now; the index is read again only when it is another one."""
        try:
            facts = os.stat(f"{source.folder}/index.json")  # noqa: PTH116 — two microseconds
        except OSError:
            return await name_digest(source)
        state = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
        known = self._tags.get(source)
        if known is None or known[0] != state:
            known = self._tags[source] = state, await name_digest(source)
        return known[1]

    async def _ask(self, source: Registry, key: str) -> str:
        async with self._slots:
            digest = await name_digest(source)
        place = self._name_file(key)
        draft = place.with_suffix(".new")
        draft.write_text(f"{digest} {key}\n")
        draft.rename(place)
        return digest

    async def _have(self, source: Layout | Registry, digest: str) -> Image:
        record = self._load(digest)
        if record is None:
            await self._once(f"image {digest}", lambda: self._bring(source, digest))
            record = self._load(digest)
        if record is None:
            raise NotFound("it was removed while it was being brought")
        place = self._place(digest)
        self._touch(digest)
        return Image(digest, str(place / ROOT), record.config)

    def _touch(self, digest: str) -> None:
        """Take note on disk that an image is wanted, now and then."""
        now = time.monotonic()
        if now - self._touched.get(digest, -_TOUCH_PERIOD) >= _TOUCH_PERIOD:
            self._touched[digest] = now
            os.utime(self._place(digest) / RECORD)

    async def _once(self, key: str, work: Callable[[], Awaitable[str]]) -> str:
        """Do something once for all who want it now; one who stops waiting harms no other."""
        task = self._bringing.get(key)
        if task is None:
            task = asyncio.ensure_future(_awaited(work))
            self._bringing[key] = task
            task.add_done_callback(lambda done: self._brought(key, done))
        return await asyncio.shield(task)

    def _brought(self, key: str, done: asyncio.Task[str]) -> None:
        del self._bringing[key]
        if not done.cancelled():
            done.exception()  # those who wait have it; nobody may be left to

    async def close(self) -> None:
        """Break off what is being brought."""
        tasks = list(self._bringing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _bring(self, source: Layout | Registry, digest: str) -> str:
        draft = self._draft()
        draft.mkdir(mode=0o700)
        try:
            async with self._slots:
                config = await pull(source, digest, draft)
            record = _Record(digest, await asyncio.to_thread(unpacked_size, draft / ROOT), config)
            await asyncio.to_thread(shutil.rmtree, draft / "layout")
            (draft / RECORD).write_bytes(msgspec.json.encode(record))
            draft.rename(self._place(digest))
        finally:
            if draft.exists():
                await asyncio.to_thread(shutil.rmtree, draft)
        return digest

    def _list(self) -> list[StoredImage]:
        found: list[StoredImage] = []
        for entry in self._directory.iterdir():
            digest = entry.name.replace("-", ":", 1)
            record = self._load(digest) if is_digest(digest) else None
            if record is not None:
                used = (entry / RECORD).stat().st_mtime_ns // 1000
                found.append(StoredImage(digest, Instant(used), record.size))
        return found

    def _load(self, digest: str) -> _Record | None:
        """Read what is known of an image; None when it is not there, or not readable and so to be brought again."""
        known = self._records.get(digest)
        if known is not None:
            return known
        place = self._place(digest)
        try:
            record = msgspec.json.decode((place / RECORD).read_bytes(), type=_Record)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            place.rename(self._draft())
            return None
        self._records[digest] = record
        return record

    def _known_name(self, key: str) -> str:
        try:
            digest = self._name_file(key).read_text().partition(" ")[0]
        except FileNotFoundError:
            return ""
        return digest if is_digest(digest) else ""

    def _name_file(self, key: str) -> Path:
        return self._directory / _NAMES / hashlib.sha256(key.encode()).hexdigest()

    def _place(self, digest: str) -> Path:
        return self._directory / digest.replace(":", "-", 1)

    def _draft(self) -> Path:
        self._serial += 1
        return self._directory / f"{_DRAFT}{os.getpid()}-{time.monotonic_ns()}-{self._serial}"


async def _awaited(work: Callable[[], Awaitable[str]]) -> str:
    return await work()
