"""What the demo writes with: a table that lives on a terminal, elsewhere a line for each piece of news."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from portico.cli import rendering, words

Rows = Callable[[], Iterable[Sequence[Text]]]
_RIGHT = frozenset({"tries"})
_WRAPPED = frozenset({"result"})
_WIDEST = {"command": 28}
"""Characters that a column takes on a terminal; what is longer is cut off."""


class Screen:
    """Where everything is written."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._begun = time.monotonic()

    def begin(self, title: str) -> None:
        """Begin a part; the time of its news counts from now."""
        self.say(title, "bold")
        self._begun = time.monotonic()

    def say(self, text: str = "", style: str = "") -> None:
        """Write a line."""
        self._console.print(Text(words.printable(text), style=style), soft_wrap=True)

    def tell(self, name: str, *texts: str) -> None:
        """Write a piece of news, where no table can be drawn."""
        if sys.stdout.isatty():
            return
        told = "  ".join(words.printable(text) for text in texts if text)
        sys.stdout.write(f"{time.monotonic() - self._begun:6.2f} s  {name:<10} {told}\n")
        sys.stdout.flush()

    @contextmanager
    def shown(self, columns: Sequence[str], rows: Rows) -> Iterator[None]:
        """Show a table: live on a terminal, elsewhere as it is in the end."""
        if sys.stdout.isatty():
            with Live(get_renderable=lambda: _draw(columns, rows), console=self._console, refresh_per_second=10):
                yield
            return
        yield
        plain = [[rendering.Cell(cell.plain) for cell in row] for row in rows()]
        titles = [rendering.Column(title, right=title in _RIGHT) for title in columns]
        self.say()
        for line in rendering.align(titles, plain):
            self.say(line)


def _draw(columns: Sequence[str], rows: Rows) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for title in columns:
        table.add_column(
            title,
            justify="right" if title in _RIGHT else "left",
            no_wrap=title not in _WRAPPED,
            max_width=_WIDEST.get(title),
        )
    for row in rows():
        table.add_row(*row)
    return table
