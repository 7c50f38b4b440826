"""What the door's services need of control: to carry out commands, and to answer queries."""

from __future__ import annotations

from typing import Any, Protocol

from portico.control.commands import Command
from portico.control.queries import Query


class Asking(Protocol):
    """Answers queries."""

    async def ask(self, query: Query) -> Any:
        """Answer a query."""
        ...


class Control(Asking, Protocol):
    """Answers queries and carries out commands."""

    async def submit(self, command: Command) -> Any:
        """Carry out a command."""
        ...
