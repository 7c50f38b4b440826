"""How much the server says of itself, and for how long.

Levels are the API's: 0 is what the configuration asks for, 1 and above also say what is done in detail. Promises: a
level goes back to 0 when its time is over, whatever was set in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import structlog

from portico.domain.errors import Invalid

MOST_LEVEL = 3


class Verbosity:
    """Lets everything through to the log, or as much as was configured when this was made."""

    def __init__(self) -> None:
        self._configured = logging.getLogger().level
        self._wrapper = structlog.get_config()["wrapper_class"]

    def __call__(self, level: int) -> None:
        """Apply a level."""
        if level > 0:
            logging.getLogger().setLevel(logging.DEBUG)
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
        else:
            logging.getLogger().setLevel(self._configured)
            structlog.configure(wrapper_class=self._wrapper)


class LoggingLevel:
    """The level of one server; `apply` makes it so."""

    def __init__(self, apply: Callable[[int], None]) -> None:
        self._apply = apply
        self._reverting: asyncio.TimerHandle | None = None
        self.level = 0

    def set(self, level: int, seconds: float) -> None:
        """Change the level for a while; raises Invalid for one that there is not."""
        if not 0 <= level <= MOST_LEVEL:
            raise Invalid(f"Invalid level '{level}'; expected 0 to {MOST_LEVEL}", "set_logging_level.level")
        if seconds < 0:
            raise Invalid("Expecting 'duration' to be non-negative", "set_logging_level.duration")
        self.close()
        self._change(level)
        self._reverting = asyncio.get_running_loop().call_later(seconds, self._change, 0)

    def close(self) -> None:
        """Forget that the level is to go back."""
        if self._reverting is not None:
            self._reverting.cancel()
            self._reverting = None

    def _change(self, level: int) -> None:
        if level != self.level:
            self.level = level
            self._apply(level)
