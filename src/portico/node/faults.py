"""Whose fault it is that a Run could not be started. Pure.

Owns the line between what a request asks for and what this machine cannot do. Promises: a fault is named only where it
is certain, since whoever reads it may try again for ever; what programs of others say in words of their own counts for
the request or for this machine only by phrases that leave no doubt.
"""

from __future__ import annotations

import errno
import re

from portico.domain.errors import Exhausted, Forbidden, Invalid, NotFound, Unavailable
from portico.domain.runs import Fault
from portico.node.containers.tools import ToolFailed
from portico.node.fetcher import FetchFailed

_OF_THE_REQUEST = (Invalid, NotFound, Forbidden, Exhausted, ValueError)
_NO_SUCH_PROGRAM = frozenset(
    {errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.ENOTDIR, errno.EISDIR, errno.E2BIG, errno.ELOOP}
    | {errno.ENAMETOOLONG}
)
"""What the call that makes a process says of the program, its place and its arguments."""

_PROGRAM_WORDS = ("executable file", "exec format error", "exec user process", 'exec: "', "chdir")
"""How container runtimes complain of the first word of a command, and of where it is to run; in lower case."""

_NO_SUCH_IMAGE = re.compile(
    r"manifest unknown|name unknown|requested access to the resource is denied|status(?: ?code)?:? 404"
)
"""How registries say, through the tool that asks them, that there is no such image, or none for us; in lower case."""

_UNSURE = frozenset({errno.ENAMETOOLONG, errno.ELOOP})
"""Errors of the system that a name in the request may have caused as well."""

_OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM, errno.ENFILE, errno.EMFILE}
)
"""Errors of the system that this machine alone has to answer for, whatever became of them on their way."""

_FULL = "no space left on device"


def fault_of(error: BaseException) -> Fault | None:
    """Say whose fault an error before a start is; what wraps another error is judged by that one."""
    if _machine_failed(error):
        return Fault.NODE
    of_cause = fault_of(error.__cause__) if error.__cause__ is not None else None
    match error:
        case FetchFailed():
            # A file comes from anywhere: that it could not be had says nothing of this machine.
            return of_cause if of_cause is Fault.REQUEST else None
        case ToolFailed():
            return _of_words(str(error).lower())
        case Unavailable():
            return Fault.NODE
        case OSError():
            return None if error.errno in _UNSURE else Fault.NODE
    return Fault.REQUEST if isinstance(error, _OF_THE_REQUEST) else of_cause


def fault_of_call(number: int) -> Fault:
    """Say whose fault it is that the call for a process failed with an errno; -1 is for none."""
    return Fault.REQUEST if number in _NO_SUCH_PROGRAM else Fault.NODE


def names_program(complaint: str) -> bool:
    """Tell whether a container runtime complains of the program it was to start."""
    return any(words in complaint.lower() for words in _PROGRAM_WORDS)


def _of_words(text: str) -> Fault | None:
    if _FULL in text:
        return Fault.NODE
    return Fault.REQUEST if _NO_SUCH_IMAGE.search(text) else None


def _machine_failed(error: BaseException | None) -> bool:
    """Tell whether an error, or one that it was made of, is this machine's alone."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            return True
        error = error.__cause__
    return False
