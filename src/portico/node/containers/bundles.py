"""Bundles: one directory per container with its configuration and all that its runtime keeps.

None of it need outlive a boot of the machine: it lies in memory where there is a place for that. Promises: a bundle
goes when its Run has ended; what a successor must know of a container is in it before the container starts.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import msgspec

from portico.domain.containers import Container
from portico.domain.errors import Damaged, Invalid
from portico.node import beneath, trees
from portico.node.containers import mounts
from portico.node.containers.identities import Identity
from portico.node.containers.image_config import ImageConfig
from portico.node.containers.specification import Document

_FACTS = "facts.json"
_NETWORK = "netns"


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What must be known of a container while it lives: its image, how to stop, join and disconnect it.

    `name` is what the runtime knows it by; a process that joins a container has the name and image of that.
    """

    container: Container
    run: str
    name: str
    image: ImageConfig
    identity: Identity
    directory: str
    digest: str = ""
    root: str = ""
    layer: str = ""
    stop_signal: int = 15
    address: str = ""
    network: msgspec.Raw = msgspec.Raw(b"null")


class Bundle:
    """The directory of one container, or of one process that joins another's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._facts: Facts | None = None
        self._handle = -1

    def write(self, name: str, document: Document) -> None:
        """Write a document for the runtime; raises Invalid for a NUL byte in it, where runtimes end a word unasked."""
        text = msgspec.json.encode(document)
        if b"\\u0000" in text and b"\\u0000" in text.replace(rb"\\", b""):
            raise Invalid("a NUL byte in a command, its environment, a place or a name")
        _put(f"{self.path}/{name}", text)

    def write_text(self, name: str, text: str) -> str:
        """Write a file that will be shown in the container; gives its place."""
        place = self.path / name
        place.write_text(text)
        place.chmod(0o644)
        return str(place)

    def note(self, facts: Facts) -> None:
        """Put the facts on file."""
        self._facts = facts
        draft = f"{self.path}/{_FACTS}.new"
        _put(draft, msgspec.json.encode(facts))
        os.rename(draft, f"{self.path}/{_FACTS}")  # noqa: PTH104 — as below

    def facts(self) -> Facts | None:
        """Read the facts; None when there are none."""
        if self._facts is not None:
            return self._facts
        try:
            return msgspec.json.decode((self.path / _FACTS).read_bytes(), type=Facts)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise Damaged(f"{self.path / _FACTS}: {error}") from error

    def pid(self) -> int:
        """Read which process the runtime has made; raises Damaged when it does not say."""
        try:
            return int((self.path / "pid").read_text())
        except (FileNotFoundError, ValueError) as error:
            raise Damaged("the container runtime did not say which process it made") from error

    @property
    def network(self) -> Path:
        """Give the file behind which the container's own network stands, when it has one."""
        return self.path / _NETWORK

    def open_network(self) -> str:
        """Give a name by which a runtime finds the container's own network, whatever mounts it sees."""
        self._handle = os.open(self.network, os.O_RDONLY | os.O_CLOEXEC)
        return f"/proc/{os.getpid()}/fd/{self._handle}"

    def close_network(self) -> None:
        """Let go of that name."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def remove(self) -> None:
        """Let go of the container's own network, if it has one, and remove all but the layer; raises OSError."""
        self.close_network()
        if os.path.ismount(self.network):
            mounts.unmount(str(self.network))
        directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            trees.clear(directory)
        finally:
            os.close(directory)
        self.path.rmdir()


class Bundles:
    """All bundles of a node, by Run; one whose Run has ended is retired, so that its name is free for a new try."""

    def __init__(self, state: Path) -> None:
        self._root = state / "live"
        self._retired = state / "retired"
        self._known: dict[str, Bundle] = {}
        self._serial = 0

    def close(self) -> None:
        """Remove what is empty."""
        for place in (self._root, self._retired, self._root.parent):
            with contextlib.suppress(OSError):
                place.rmdir()

    def of(self, run: str) -> Bundle:
        """Give the bundle of a Run, whether it is there or not; raises Invalid for an id that can be no directory."""
        known = self._known.get(run)
        if known is None:
            if beneath.split(run) != (run,):
                raise Invalid(f"{run!r} cannot name a container", "run")
            known = Bundle(self._root / run)
        return known

    def make(self, run: str) -> Bundle:
        """Make the bundle of a Run; raises OSError when there is one already. The first one makes their directories."""
        bundle = self._known[run] = self.of(run)
        try:
            bundle.path.mkdir(mode=0o700)
        except FileNotFoundError:
            for place in (self._root, self._retired, bundle.path):
                place.mkdir(mode=0o700, parents=True, exist_ok=place is not bundle.path)
        return bundle

    def retire(self, run: str) -> Bundle | None:
        """Take the bundle of a Run that has ended out of the way; None when it has none."""
        bundle = self.of(run)
        self._known.pop(run, None)
        place = self._retired / self._fresh()
        try:
            bundle.path.rename(place)
        except FileNotFoundError:
            return None
        bundle.path = place
        return bundle

    def retired(self) -> list[Bundle]:
        """Give those that an earlier agent retired and did not take apart."""
        return [Bundle(self._retired / name) for name in _names(self._retired)]

    def runs(self) -> list[str]:
        """Name the Runs that have a bundle."""
        return _names(self._root)

    def _fresh(self) -> str:
        self._serial += 1
        return f"{os.getpid()}-{time.monotonic_ns()}-{self._serial}"


def _names(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in directory.iterdir())
    except FileNotFoundError:
        return []


def state_place(directory: Path, name: str) -> Path:
    """Give where bundles are to be: in memory where the machine has a place for that, else in the node's directory."""
    in_memory = {mount.split(" ")[1] for mount in _mounts() if mount.split(" ")[2] == "tmpfs"}
    for place in ("/run", "/dev/shm"):  # noqa: S108 — a directory of our own in it, for root only
        if place in in_memory and os.access(place, os.W_OK):
            return Path(place) / name
    return directory / "containers"


def _mounts() -> list[str]:
    try:
        return Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return []


def _put(path: str, data: bytes) -> None:
    """Write a small file; pathlib takes three times as long, and this is done for each launch."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)
