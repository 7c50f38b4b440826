"""How commands end badly: one small tree, each with its exit code.

Exit codes are a contract: 0 success, 1 the work failed, 2 usage, 3 server unreachable.
"""

from __future__ import annotations

from typing import ClassVar

SUCCESS = 0
INTERRUPTED = 130
"""What a shell expects of a program ended by Ctrl-C."""


class Failed(Exception):
    """The command did what was asked, and it did not work out."""

    code: ClassVar[int] = 1


class Misused(Failed):
    """The command line or the configuration is wrong."""

    code = 2


class Unreachable(Failed):
    """No server answers."""

    code = 3


class Refused(Failed):
    """The server answered with an error; `kind` is its code, such as `not_found`, `field` what it blames."""

    def __init__(self, kind: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.field = field


class Rejected(Refused):
    """The server found the request itself wrong."""

    code = 2
