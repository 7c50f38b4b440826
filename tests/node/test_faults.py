"""Whose fault it is that a Run could not be started."""

import errno

import pytest

from portico.domain.errors import Damaged, Exhausted, Forbidden, Invalid, NotFound, PorticoError, Unavailable
from portico.domain.runs import Fault
from portico.node.containers.store import ImageUnavailable
from portico.node.containers.tools import ToolFailed
from portico.node.faults import fault_of, fault_of_call, names_program
from portico.node.fetcher import FetchFailed


def wrapped(outer, cause):
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (Invalid("no such program: x"), Fault.REQUEST),
        (NotFound("no such image"), Fault.REQUEST),
        (Forbidden("not yours"), Fault.REQUEST),
        (Exhausted("too large"), Fault.REQUEST),
        (ValueError("embedded null byte"), Fault.REQUEST),
        (Unavailable("the runtime took longer than 60 s"), Fault.NODE),
        (OSError(errno.ENOSPC, "no space left on device"), Fault.NODE),
        (PermissionError(errno.EACCES, "no sandbox"), Fault.NODE),
        (wrapped(Invalid("'stdout' cannot be written"), OSError(errno.ENOSPC, "full")), Fault.NODE),
        (wrapped(Invalid("'stdout' cannot be written"), OSError(errno.EISDIR, "a directory")), Fault.REQUEST),
        (OSError(errno.ENAMETOOLONG, "file name too long"), None),
        (Damaged("the image's part does not match its digest"), None),
        (PorticoError("no one knows"), None),
        (ToolFailed("reading manifest 1 in reg.example/web: manifest unknown"), Fault.REQUEST),
        (ToolFailed("unpack: write x: No space left on device"), Fault.NODE),
        (ToolFailed("dial tcp: connection refused"), None),
        (wrapped(ImageUnavailable("image 'x'"), NotFound("it names no registry")), Fault.REQUEST),
        (wrapped(ImageUnavailable("image 'x'"), Unavailable("skopeo is not installed")), Fault.NODE),
        (wrapped(ImageUnavailable("image 'x'"), ToolFailed("manifest unknown")), Fault.REQUEST),
        (FetchFailed("could not"), None),
        (wrapped(FetchFailed("could not"), NotFound("404")), Fault.REQUEST),
        (wrapped(FetchFailed("could not"), OSError(errno.ENOSPC, "full")), Fault.NODE),
        (wrapped(FetchFailed("could not"), Unavailable("broke off")), None),
        (wrapped(FetchFailed("could not"), ConnectionRefusedError(errno.ECONNREFUSED, "refused")), None),
    ],
)
def test_an_error_is_somebodys_fault_only_where_that_is_certain(error, fault):
    assert fault_of(error) is fault


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ENOENT, Fault.REQUEST),
        (errno.ENOEXEC, Fault.REQUEST),
        (errno.E2BIG, Fault.REQUEST),
        (errno.EAGAIN, Fault.NODE),
        (errno.ENOMEM, Fault.NODE),
        (-1, Fault.NODE),
    ],
)
def test_a_call_that_failed_is_the_programs_fault_or_the_machines(number, fault):
    assert fault_of_call(number) is fault


@pytest.mark.parametrize(
    ("complaint", "program"),
    [
        ("executable file `nope` not found in $PATH: No such file or directory", True),
        ('exec: "nope": executable file not found in $PATH', True),
        ("exec user process caused: exec format error", True),
        ("mount `proc` to `proc`: Operation not permitted", False),
    ],
)
def test_a_runtime_complains_of_the_program_or_of_something_else(complaint, program):
    assert names_program(complaint) is program
