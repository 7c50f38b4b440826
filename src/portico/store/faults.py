"""What a store says when the disk, not the caller, is at fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portico.domain.errors import Forbidden, Unavailable


@contextmanager
def disk_errors(place: Path | str) -> Iterator[None]:
    """Turn errors of the operating system at `place` into the domain's."""
    try:
        yield
    except PermissionError as error:
        raise Forbidden(f"{place}: {error.strerror}") from error
    except OSError as error:
        raise Unavailable(f"{place}: {error.strerror or error}") from error
