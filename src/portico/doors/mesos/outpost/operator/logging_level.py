"""How much the outpost writes on its log: raised for a while, and back by itself."""

from __future__ import annotations

import asyncio
import logging

from portico.domain.errors import Invalid

LOUDEST = 3
_LEAST_LOUD = 0
_LONGEST_SECONDS = 10 * 365 * 86_400


class LoggingLevel:
    """The level of a logger, as the API counts it: 0 is what it began with, more is louder."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger("portico")
        self._first = self._logger.level
        self._reverting: asyncio.TimerHandle | None = None
        self.level = _LEAST_LOUD

    def change(self, level: int, seconds: float) -> None:
        """Set the level for that long; raises Invalid for what is no level or duration."""
        if not _LEAST_LOUD <= level <= LOUDEST:
            raise Invalid(f"'{level}' is not a logging level between {_LEAST_LOUD} and {LOUDEST}", "level")
        if not 0 <= seconds <= _LONGEST_SECONDS:
            raise Invalid("'duration' must not be negative or endless", "duration")
        self._set(level)
        if level:
            self._reverting = asyncio.get_running_loop().call_later(seconds, self._set, _LEAST_LOUD)

    def _set(self, level: int) -> None:
        if self._reverting is not None:
            self._reverting.cancel()
            self._reverting = None
        self.level = level
        self._logger.setLevel(logging.DEBUG if level else self._first)
