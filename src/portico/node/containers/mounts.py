"""The few calls with which the agent mounts what no runtime mounts for it. Owns the C side of them."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_NEW_NAMESPACE = 0x0002_0000
_NEW_NETWORK = 0x4000_0000
_BIND, _RECURSIVE, _SLAVE = 0x1000, 0x4000, 0x8_0000
_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
_libc.umount2.argtypes = [ctypes.c_char_p, ctypes.c_int]


def leave_mounts() -> None:
    """Give the calling thread a list of mounts of its own: the machine's still come in, its own do not go out."""
    _check(_libc.unshare(_NEW_NAMESPACE), "mount namespace")
    _check(_libc.mount(b"none", b"/", None, _RECURSIVE | _SLAVE, None), "/")


def leave_network() -> None:
    """Give the calling thread an empty network of its own."""
    _check(_libc.unshare(_NEW_NETWORK), "network namespace")


def mount_overlay(lower: str, upper: str, work: str, target: str) -> None:
    """Lay a writable layer over a root; the layer is not synced, since it never outlives its container."""
    options = f"lowerdir={_written(lower)},upperdir={_written(upper)},workdir={_written(work)}"
    for extra in (",volatile", ""):
        if not _libc.mount(b"overlay", os.fsencode(target), b"overlay", 0, os.fsencode(options + extra)):
            return
    _check(-1, target)


def mount_bind(source: str, target: str) -> None:
    """Show a file at a second place."""
    _check(_libc.mount(os.fsencode(source), os.fsencode(target), None, _BIND, None), target)


def unmount(target: str) -> None:
    """Take a mount away, for good once nobody uses it."""
    _check(_libc.umount2(os.fsencode(target), _DETACH), target)


def hide_unified(root: Path = Path("/sys/fs/cgroup")) -> None:
    """Take the empty v2 hierarchy beside v1 out of the thread's sight: crun refuses to work where it is seen."""
    unified = root / "unified"
    if (unified / "cgroup.controllers").exists():
        unmount(str(unified))


def _written(path: str) -> str:
    """Write a path so that the kernel does not take a comma or colon in it for its own."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
