"""Bringing what a Run needs into its sandbox before it starts.

Promises: a fetch that fails says which URI and why; nothing is written outside the sandbox; files belong to the Run's
user. Fetches of one Run go one after the other, each in a thread of its own, so that later ones may replace files of
earlier ones in a known order. As with Mesos, an archive that is not cached stays beside what came out of it, and an
executable is never unpacked.
"""

from __future__ import annotations

import asyncio
import http.client
import lzma
import os
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from portico.domain.errors import Invalid, PorticoError
from portico.domain.runs import Fetch
from portico.node import archives, beneath
from portico.node.accounts import Account, other_account
from portico.node.allowance import Allowance, Counted, copy
from portico.node.fetch_cache import FetchCache
from portico.node.fetch_sources import bring, check_scheme

__all__ = ["FetchCache", "FetchFailed", "fetch_all"]

_BROKEN = (
    PorticoError,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    http.client.HTTPException,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
)
"""All that sources and unpacking make of foreign input; the last two are what zipfile says of odd methods."""


class FetchFailed(PorticoError):
    """A URI could not be brought; the message names it and the reason."""


class _Errand(msgspec.Struct, frozen=True):
    """One fetch with all it needs: where it goes in the sandbox, for whom, within what."""

    fetch: Fetch
    parts: tuple[str, ...]
    sandbox: Path
    allowance: Allowance
    account: Account | None

    @property
    def owner(self) -> tuple[int, int] | None:
        return (self.account.uid, self.account.gid) if self.account is not None else None

    @property
    def unpacks(self) -> bool:
        return self.fetch.extract and not self.fetch.executable and archives.is_archive(self.parts[-1])


async def fetch_all(fetches: Iterable[Fetch], sandbox: Path, cache: FetchCache, size_cap: int, user: str) -> None:
    """Bring everything, in order; downloads and what is unpacked may take `size_cap` bytes together.

    Raises FetchFailed at the first that cannot be had, Invalid for a user we cannot become. When cancelled, threads
    end by themselves at their next step.
    """
    account = other_account(user)
    allowance = Allowance(size_cap)
    for fetch in fetches:
        try:
            check_scheme(fetch.uri)
            errand = _Errand(fetch, _destination(fetch), sandbox, allowance, account)
            async with cache.slots:
                await (_through_cache(errand, cache, user, size_cap) if fetch.cache else _directly(errand))
        except _BROKEN as error:
            reason = str(error) or type(error).__name__
            raise FetchFailed(f"could not fetch {fetch.uri}: {reason}") from error


async def _directly(errand: _Errand) -> None:
    await _in_thread(lambda: _bring_into_sandbox(errand), errand.allowance)


async def _through_cache(errand: _Errand, cache: FetchCache, user: str, size_cap: int) -> None:
    async def fill(path: Path) -> None:
        # What others wait for must not depend on what this Run has used up already.
        allowance = Allowance(size_cap)
        await _in_thread(lambda: _bring_into_cache(errand, path, allowance), allowance)

    kept = await cache.open(user, errand.fetch.uri, fill)
    await _in_thread(lambda: _take_from_cache(errand, kept), errand.allowance)


def _destination(fetch: Fetch) -> tuple[str, ...]:
    """Say where in the sandbox the file goes; raises Invalid when that is no place inside it."""
    if fetch.output_file:
        parts = beneath.split(fetch.output_file)
    else:
        path = fetch.uri if fetch.uri.startswith("/") else urlsplit(fetch.uri).path
        parts = beneath.split(path.rpartition("/")[2])
    if not parts:
        raise Invalid("it names no file; give an output file", "output_file")
    return parts


def _bring_into_sandbox(errand: _Errand) -> None:
    sandbox = _open_sandbox(errand.sandbox)
    try:
        target = _create(errand, sandbox)
        try:
            bring(errand.fetch.uri, target, errand.allowance, errand.account)
        finally:
            os.close(target)
        if errand.unpacks:
            archive = beneath.open_file(sandbox, errand.parts)
            try:
                archives.unpack(archive, errand.parts, sandbox, errand.allowance, errand.owner)
            finally:
                os.close(archive)
    finally:
        os.close(sandbox)


def _bring_into_cache(errand: _Errand, path: Path, allowance: Allowance) -> None:
    allowance.spend(0)
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        bring(errand.fetch.uri, target, allowance, errand.account)
    finally:
        os.close(target)


def _take_from_cache(errand: _Errand, kept: int) -> None:
    try:
        sandbox = _open_sandbox(errand.sandbox)
        try:
            if errand.unpacks:
                archives.unpack(kept, errand.parts, sandbox, errand.allowance, errand.owner)
                return
            target = _create(errand, sandbox)
            try:
                with os.fdopen(kept, "rb", buffering=0, closefd=False) as source:
                    copy(Counted(source, errand.allowance), target)
            finally:
                os.close(target)
        finally:
            os.close(sandbox)
    finally:
        os.close(kept)


def _open_sandbox(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _create(errand: _Errand, sandbox: int) -> int:
    """Make the file in the sandbox, with its owner and mode from the start."""
    place = beneath.enter_or_make(sandbox, errand.parts[:-1], errand.owner)
    try:
        target = beneath.create_file(place, errand.parts[-1])
    finally:
        os.close(place)
    os.fchmod(target, 0o755 if errand.fetch.executable else 0o644)
    if errand.owner is not None:
        os.fchown(target, *errand.owner)
    return target


async def _in_thread(work: Callable[[], None], allowance: Allowance) -> None:
    """Do blocking work in a daemon thread: a server that stalls must not keep the agent from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def carry_out() -> None:
        failure: Exception | None = None
        try:
            work()
        except Exception as error:  # noqa: BLE001 — it is raised where the work is awaited
            failure = error
        # A loop that was closed meanwhile has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, failure)

    threading.Thread(target=carry_out, name="fetch", daemon=True).start()
    try:
        await done
    except asyncio.CancelledError:
        allowance.stop()
        raise
