"""Saying much to one framework: in slices, no faster than it listens.

Promises: what is said is durable by then; once the framework has another event stream, or none, nothing more is said.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from portico.domain.identity import Micros
from portico.doors.mesos.extension.stepping import AT_ONCE, Job

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.mesos.extension.happenings import Outlet
    from portico.doors.mesos.extension.standing import Standing

T = TypeVar("T")
Say = Callable[["Transaction", T], None]

SLICE = 100
MOST_WAITING = 5_000
"""Happenings that wait for a framework to read them before it is given a rest."""
REST = Micros(50_000)


def tell_all(standing: Standing, framework: str, things: Iterable[T], say: Say[T]) -> None:
    """Begin to say something about each of these things to whoever listens for a framework now."""
    outlet = standing.outlets.get(framework)
    if outlet is not None:
        standing.stepping.begin(_telling(standing, framework, outlet, things, say))


def _telling(standing: Standing, framework: str, outlet: Outlet, things: Iterable[T], say: Say[T]) -> Job:
    left = iter(things)
    while standing.outlets.get(framework) is outlet:
        if outlet.waiting > MOST_WAITING:
            yield REST
            continue
        part = list(itertools.islice(left, SLICE))
        if not part:
            return
        with standing.plane.begin() as tx:
            for thing in part:
                say(tx, thing)
        yield AT_ONCE
