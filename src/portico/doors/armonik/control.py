"""What the door's services need of control: to carry out commands, to answer queries, and how things are named."""

from __future__ import annotations

from typing import Any, Protocol

from portico.control.commands import Command
from portico.control.queries import Query
from portico.domain.calls.naming import Naming


class Names(Protocol):
    """Knows how Sessions, Calls and Results are named."""

    @property
    def naming(self) -> Naming:
        """Give the texts of this data directory."""
        ...


class Control(Protocol):
    """Answers queries and carries out commands."""

    @property
    def calls(self) -> Names:
        """Give what knows the names."""
        ...

    async def ask(self, query: Query) -> Any:
        """Answer a query."""
        ...

    async def submit(self, command: Command) -> Any:
        """Carry out a command."""
        ...
