"""posix_spawn without the interpreter's lock.

The standard library's call holds the lock while the kernel makes the process and loads its program, a third of a
millisecond in which the event loop could work. Owns the C side of that one call. Promises: arguments are laid out
before the call, so that the call itself is all that a second thread does; the child leads its own session, has default
signals, an empty mask, and no descriptor but 0, 1 and 2.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Mapping, Sequence

_SETSIGDEF, _SETSIGMASK, _SETSID = 0x04, 0x08, 0x80
_OPAQUE = 512
"""Bytes for the C library's own structures, which take less than 400."""

_waiting = ctypes.CDLL(None)
_quick = ctypes.PyDLL(None)
_posix_spawn = _waiting.posix_spawn
_posix_spawn.argtypes = [
    ctypes.POINTER(ctypes.c_int),
    ctypes.c_char_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
]
_init = _quick.posix_spawn_file_actions_init
_destroy = _quick.posix_spawn_file_actions_destroy
_dup2 = _quick.posix_spawn_file_actions_adddup2
_chdir = _quick.posix_spawn_file_actions_addchdir_np
_chdir.argtypes = [ctypes.c_void_p, ctypes.c_char_p]


class SpawnCall:
    """One process to be made: everything the call needs, already in C's form."""

    __slots__ = ("_actions", "_argv", "_environment", "_program")

    def __init__(
        self, program: str, argv: Sequence[str], environment: Mapping[str, str], directory: str, files: Sequence[int]
    ) -> None:
        """Lay out the call; `files` are the descriptors for 0, 1 and 2. Raises ValueError for a NUL in a string."""
        self._program, place = _encode((program, directory))
        self._argv = _pointers(_encode(argv))
        self._environment = _pointers(_encode([f"{name}={value}" for name, value in environment.items()]))
        self._actions = ctypes.create_string_buffer(_OPAQUE)
        _init(self._actions)
        for target, source in enumerate(files):
            _dup2(self._actions, source, target)
        _chdir(self._actions, place)

    def make(self) -> tuple[int, int]:
        """Make the process and give its pid and 0, or 0 and the error number; once only."""
        pid = ctypes.c_int()
        error = _posix_spawn(pid, self._program, self._actions, _ATTRIBUTES, self._argv, self._environment)
        _destroy(self._actions)
        return (0, error) if error else (pid.value, 0)


def _encode(texts: Sequence[str]) -> list[bytes]:
    """Encode all in one go, which takes a third of the time of one by one."""
    encoded = os.fsencode("\0".join(texts)).split(b"\0")
    if len(encoded) != len(texts):
        raise ValueError("a NUL byte in a command, its environment or its working directory")
    return encoded


def _pointers(strings: Sequence[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    return (ctypes.c_char_p * (len(strings) + 1))(*strings)


def _attributes() -> ctypes.Array[ctypes.c_char]:
    attributes = ctypes.create_string_buffer(_OPAQUE)
    _quick.posix_spawnattr_init(attributes)
    signals = ctypes.create_string_buffer(_OPAQUE)
    _quick.sigemptyset(signals)
    _quick.posix_spawnattr_setsigmask(attributes, signals)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM):
        _quick.sigaddset(signals, int(number))
    _quick.posix_spawnattr_setsigdefault(attributes, signals)
    _quick.posix_spawnattr_setflags(attributes, ctypes.c_short(_SETSIGDEF | _SETSIGMASK | _SETSID))
    return attributes


_ATTRIBUTES = _attributes()
