"""Putting answers on the screen: tables for people, plain aligned text for pipes, JSON for programs.

Promises: colours only on a terminal, and not when NO_COLOR is set; nothing from a job is taken for markup; text for
pipes is never cut off. A write to a pipe that was closed ends the command quietly (see `app`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from portico.cli import words

if TYPE_CHECKING:
    from rich.console import Console

GAP = "  "
LEAST = 4
"""Characters that a column has at least."""


class Column(msgspec.Struct, frozen=True):
    """A column; a `rigid` one keeps its width on a narrow terminal, while the others give way."""

    title: str
    right: bool = False
    rigid: bool = True
    wrap: bool = False


class Cell(msgspec.Struct, frozen=True):
    """Text with its style on a terminal."""

    text: str
    style: str = ""


Row = Sequence[str | Cell]


def identity(text: str) -> Cell:
    """Show an id: whole, and not in the way."""
    return Cell(words.printable(text), "dim")


def state(text: str) -> Cell:
    """Show a state in its colour."""
    return Cell(words.printable(text), words.colour(text))


def terminal() -> bool:
    """Tell whether a person reads our output."""
    return sys.stdout.isatty()


def console(*, error: bool = False) -> Console:
    """Give a terminal to draw on."""
    from rich.console import Console  # noqa: PLC0415 — pipes and JSON do without

    return Console(stderr=error, highlight=False, markup=False, emoji=False)


def line(text: str = "") -> None:
    """Print one line."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Tell something that is no part of the answer."""
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def objects(records: Iterable[dict[str, Any]]) -> None:
    """Print one JSON object per line, each with id, door, state and created_at."""
    for record in records:
        sys.stdout.write(json.dumps(complete(record), separators=(",", ":"), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def complete(record: dict[str, Any]) -> dict[str, Any]:
    """Add what every object has: null where it means nothing."""
    return {"id": None, "door": "portico", "state": None, "created_at": None} | record


def table(columns: Sequence[Column], rows: Iterable[Row], empty: str) -> None:
    """Print a table, or say that there is nothing to show."""
    cells = [[cell if isinstance(cell, Cell) else Cell(words.printable(cell)) for cell in row] for row in rows]
    if not cells:
        note(empty)
    elif terminal():
        _draw(columns, cells)
    else:
        sys.stdout.write("".join(f"{text}\n" for text in align(columns, cells)))


def facts(pairs: Iterable[tuple[str, str | Cell]]) -> None:
    """Print one thing as names and values; those without a value are left out."""
    told = [(name, value if isinstance(value, Cell) else Cell(words.printable(value))) for name, value in pairs]
    told = [(name, value) for name, value in told if value.text]
    width = max((len(name) for name, _ in told), default=0)
    if not terminal():
        sys.stdout.write("".join(f"{name:<{width}}{GAP}{value.text}\n" for name, value in told))
        return
    columns = (Column(""), Column("", rigid=False, wrap=True))
    _draw(columns, [[Cell(name, "bold"), value] for name, value in told], header=False)


def align(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Write a table as plain lines."""
    lines = [[column.title.upper() for column in columns], *([cell.text for cell in row] for row in rows)]
    widths = [max(len(texts[index]) for texts in lines) for index in range(len(columns))]
    return [
        GAP.join(
            text.rjust(width) if column.right else text.ljust(width)
            for column, text, width in zip(columns, texts, widths, strict=True)
        ).rstrip()
        for texts in lines
    ]


def _draw(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, header: bool = True) -> None:
    from rich.cells import cell_len  # noqa: PLC0415 — as above
    from rich.table import Table  # noqa: PLC0415 — as above
    from rich.text import Text  # noqa: PLC0415 — as above

    screen = console()
    natural = [
        max(cell_len(column.title), *(cell_len(row[index].text) for row in rows))
        for index, column in enumerate(columns)
    ]
    drawn = Table(box=None, show_header=header, header_style="bold", pad_edge=False, padding=(0, len(GAP), 0, 0))
    for column, width in zip(columns, fit(columns, natural, screen.width), strict=True):
        drawn.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.wrap,
            overflow="fold" if column.wrap else "ellipsis",
            width=width,
        )
    for row in rows:
        drawn.add_row(*(Text(cell.text, style=cell.style) for cell in row))
    screen.print(drawn, crop=False)


def fit(columns: Sequence[Column], natural: Sequence[int], width: int) -> list[int]:
    """Give each column its width: what it needs, but those that are not rigid share what the others leave."""
    given = list(natural)
    left = width - len(GAP) * len(columns)
    left -= sum(need for column, need in zip(columns, natural, strict=True) if column.rigid)
    sharing = sorted((need, index) for index, need in enumerate(natural) if not columns[index].rigid)
    for position, (need, index) in enumerate(sharing):
        given[index] = max(min(need, left // (len(sharing) - position)), LEAST)
        left -= given[index]
    return given
