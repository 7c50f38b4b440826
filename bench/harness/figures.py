"""What a benchmark gives back: figures, their goals, and how they are summed up and shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

BYTES_PER_INSTANCE = 600


class Sense(StrEnum):
    """Which way a goal points."""

    AT_LEAST = ">="
    AT_MOST = "<="


class Goal(msgspec.Struct, frozen=True):
    """A bound, on the ratio to the peer where there is one, else on the value itself."""

    sense: Sense
    bound: float

    def met(self, value: float) -> bool:
        return value >= self.bound if self.sense is Sense.AT_LEAST else value <= self.bound


def at_least(bound: float) -> Goal:
    return Goal(Sense.AT_LEAST, bound)


def at_most(bound: float) -> Goal:
    return Goal(Sense.AT_MOST, bound)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing measured: the medians of the rounds on both sides, and every round's own value."""

    name: str
    unit: str
    portico: tuple[float, ...]
    peer: tuple[float, ...] = ()
    peer_name: str = ""
    goal: Goal | None = None
    notes: str = ""

    @property
    def value(self) -> float:
        return median(self.portico)

    @property
    def ratio(self) -> float | None:
        return self.value / median(self.peer) if self.peer else None

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.goal.met(self.value if self.ratio is None else self.ratio)

    def as_record(self) -> dict[str, object]:
        """Give the form in which results are kept."""
        return {
            "name": self.name,
            "unit": self.unit,
            "portico": self.value,
            "portico_rounds": self.portico,
            "peer": median(self.peer) if self.peer else None,
            "peer_rounds": self.peer,
            "peer_name": self.peer_name,
            "ratio": self.ratio,
            "goal": None if self.goal is None else f"{self.goal.sense} {self.goal.bound}",
            "met": self.met,
            "notes": self.notes,
        }


def memory(name: str, growth: tuple[float, ...]) -> list[Figure]:
    """Give the figure of a server's growth, where it was measured."""
    return [Figure(name=name, unit="bytes", portico=growth, goal=at_most(BYTES_PER_INSTANCE))] if growth else []


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table of all figures."""
    table = Table("figure", "unit", "Portico", "peer", "ratio", "goal", "met")
    table.columns[0].no_wrap = True
    for column in table.columns[2:5]:
        column.justify = "right"
    for figure in figures:
        table.add_row(
            figure.name,
            figure.unit,
            _number(figure.value),
            f"{_number(median(figure.peer))} {figure.peer_name}" if figure.peer else "",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "" if figure.goal is None else f"{figure.goal.sense} {figure.goal.bound:g}",
            {True: "yes", False: "NO", None: ""}[figure.met],
        )
        if figure.notes:
            table.add_row(f"  [dim]{figure.notes}[/dim]")
    console.print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


Benchmark = Callable[["Scale"], list[Figure]]


class Scale(msgspec.Struct, frozen=True):
    """How large a run is: `divisor` shrinks every count, `folder` is where everything temporary goes."""

    folder: str
    divisor: int = 1
    rounds: int = 3

    def of(self, count: int) -> int:
        return max(1, count // self.divisor)
