"""Roots of containers: an image with a writable layer over it, put together in the starter's list of mounts.

A root that its container left exactly as it was is given to the next container of the same image, still put together:
many short containers write nothing, and making and removing a layer costs as much as all else that the agent does for
one. Promises: no container sees what another wrote; a root is taken out of the starter's list soon after its container
has begun, since each new container copies that list.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections import deque
from pathlib import Path

from portico.domain.errors import PorticoError
from portico.node.containers.starter import Overlay, Starter
from portico.node.containers.tools import find_tool, run_tool

log = logging.getLogger("portico.node")

SETTLES_AFTER = 1.0
"""Seconds after which a container is not taken for a short one any more."""

IDLE = 16
_ANY = "/etc"
"""A directory to try a layer on."""

SWEEP_PERIOD = 0.5
_SWEPT_AT_ONCE = 500


class Root:
    """One root: `path` is where it is put together, `layer` the directory of its layer on disk."""

    __slots__ = ("digest", "layer", "overlay", "path", "released", "settling")

    def __init__(self, digest: str, path: str, layer: str, overlay: Overlay | None) -> None:
        self.digest = digest
        self.path = path
        self.layer = layer
        self.overlay = overlay
        self.settling: asyncio.TimerHandle | None = None
        self.released = False


class Roots:
    """All roots of a node; `mountpoints` and `layers` are directories of theirs alone."""

    def __init__(self, mountpoints: Path, layers: Path, group: asyncio.TaskGroup) -> None:
        self._mountpoints = mountpoints
        self._layers = layers
        self._trash = layers.with_name(f"{layers.name}.trash")
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._idle: deque[Root] = deque()
        self._serial = itertools.count()
        self._sweep: asyncio.Task[None] | None = None
        self._starter: Starter | None = None
        self._ending = False
        self.layered = True

    def open(self) -> None:
        """Make the directories."""
        for place in (self._layers, self._trash):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep_only(self, layers: set[str]) -> None:
        """Throw away what no container of an earlier agent uses any more."""
        used = {Path(layer).name for layer in layers}
        for mountpoint in self._mountpoints.iterdir() if self._mountpoints.exists() else ():
            if mountpoint.name not in used:
                mountpoint.rmdir()  # in this list of mounts it never was more than an empty directory
        for entry in self._layers.iterdir():
            if str(entry) not in layers:
                self._discard(str(entry))
        if any(self._trash.iterdir()):
            self._sweep_soon()

    def end(self) -> None:
        """Make nothing ready any more, and leave what lies on disk to the next agent."""
        self._ending = True
        if self._sweep is not None:
            self._sweep.cancel()
        self.drop_idle()

    def close(self) -> None:
        """Remove the place of the roots, unless containers go on; after the starter has ended."""
        with contextlib.suppress(OSError):
            self._mountpoints.rmdir()

    async def try_layers(self, starter: Starter) -> str:
        """Find out whether layers can be laid over images here; gives the reason why not, or nothing."""
        self._starter = starter
        root = self._make("trial", _ANY, self._trash)
        assert root.overlay is not None
        try:
            await starter.try_overlay(root.overlay)
        except OSError as error:
            self.layered = False
            return error.strerror or str(error)
        finally:
            self._drop(root)
        return ""

    async def take(self, digest: str, lower: str) -> Root:
        """Give a root of an image; raises PorticoError or OSError when there can be none."""
        for root in self._idle:
            if root.digest == digest:
                self._idle.remove(root)
                return root
        if self.layered:
            self._mountpoints.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._make(digest, lower, self._mountpoints)
        layer = str(self._layers / self._fresh())
        await run_tool([find_tool("cp", "a root of its own"), "-a", "--reflink=auto", lower, layer])
        return Root(digest, layer, layer, None)

    def begun(self, root: Root) -> None:
        """Take note that the container of a root was started."""
        if root.overlay is not None:
            root.settling = self._loop.call_later(SETTLES_AFTER, self._settled, root)

    def ended(self, root: Root) -> None:
        """Take a root back whose container has ended, or was never started."""
        if root.settling is not None:
            root.settling.cancel()
            root.settling = None
        if root.overlay is None or root.released or self._ending or not root.overlay.untouched:
            self._drop(root)
            return
        self._idle.append(root)
        if len(self._idle) > IDLE:
            self._drop(self._idle.popleft())

    def spoil(self, root: Root) -> None:
        """Take note that nobody knows what was done with a root: it is not used again."""
        self._release(root)

    def leave(self, layer: str) -> None:
        """Throw away the layer of a container that an earlier agent started."""
        with contextlib.suppress(FileNotFoundError):
            (self._mountpoints / Path(layer).name).rmdir()
        with contextlib.suppress(FileNotFoundError):
            self._discard(layer)

    def drop_idle(self) -> None:
        """Let go of the images that nobody uses now."""
        while self._idle:
            self._drop(self._idle.popleft())

    def _make(self, digest: str, lower: str, mountpoints: Path) -> Root:
        name = self._fresh()
        target, layer = f"{mountpoints}/{name}", f"{self._layers}/{name}"
        overlay = Overlay(lower, f"{layer}/upper", f"{layer}/work", target)
        for place in (target, layer, overlay.upper, overlay.work):
            os.mkdir(place, 0o755)  # noqa: PTH102 — as below
        os.chmod(overlay.upper, os.stat(lower).st_mode & 0o7777)  # noqa: PTH101, PTH116 — it is the container's /
        return Root(digest, target, layer, overlay)

    def _settled(self, root: Root) -> None:
        root.settling = None
        self._release(root)

    def _release(self, root: Root) -> None:
        """Take a root out of the starter's list; a container that was started on it keeps its own."""
        if root.released or root.overlay is None:
            return
        root.released = True
        if self._starter is not None and root.overlay.mounted:
            self._starter.release(root.overlay)

    def _drop(self, root: Root) -> None:
        root.released = True
        if self._starter is not None and root.overlay is not None:
            self._starter.remove(root.overlay)
        self._discard(root.layer)

    def _discard(self, layer: str) -> None:
        os.rename(layer, f"{self._trash}/{self._fresh()}")  # noqa: PTH104 — this is done for each container
        self._sweep_soon()

    def _fresh(self) -> str:
        return f"{os.getpid()}-{time.monotonic_ns()}-{next(self._serial)}"

    def _sweep_soon(self) -> None:
        if self._sweep is None and not self._ending:
            self._sweep = self._group.create_task(self._empty_trash())

    async def _empty_trash(self) -> None:
        """Free what layers take, many at a time, by a program: a thread would hold up the event loop at each call."""
        await asyncio.sleep(SWEEP_PERIOD)
        self._sweep = None
        trash = [entry.path for entry in os.scandir(self._trash)]
        for first in range(0, len(trash), _SWEPT_AT_ONCE):
            try:
                await run_tool(["rm", "-rf", "--one-file-system", "--", *trash[first : first + _SWEPT_AT_ONCE]])
            except (PorticoError, OSError) as error:
                log.warning("some of what containers wrote cannot be removed now: %s", error)
