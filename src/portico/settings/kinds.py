"""The tables `[kinds.NAME]` and `[python]`: what `job.v1` clients may start."""

from __future__ import annotations

from functools import partial

from portico.settings.capacity import resources
from portico.settings.model import KindSettings, PythonSettings
from portico.settings.problems import Rejected
from portico.settings.reading import Place, Table, entries, list_reader, table_of
from portico.settings.scalars import (
    any_text,
    boolean,
    cron_text,
    duration,
    instant,
    integer,
    names,
    path,
    paths,
    pool_path,
    text,
    variable_name,
)

_DEFAULT = KindSettings(name="", command=())
_PYTHON = PythonSettings()
_MOST_OUTPUT = 1 << 30


def kinds(place: Place) -> dict[str, KindSettings]:
    """Kinds that are commands, by name."""
    found: dict[str, KindSettings] = {}
    for name, entry in entries(place):
        if not name.strip() or "\0" in name:
            entry.reject("the name of the kind is empty or has a NUL in it", "a name")
        found[name] = entry.read(partial(_kind, name), _DEFAULT)
    return found


def _kind(name: str, place: Place) -> KindSettings:
    with Table(place) as table:
        return KindSettings(
            name=name,
            command=table.require("command", command, (), 'an array such as ["/bin/echo", "{0}"]'),
            description=table.take("description", any_text, ""),
            cron_spec=table.take("cron_spec", cron_text, None),
            schedule_at=table.take("schedule_at", instant, None),
            priority=table.take("priority", integer(-(2**31)), _DEFAULT.priority),
            retries=table.take("retries", integer(-1), _DEFAULT.retries),
            backoff=table.take("backoff", duration, _DEFAULT.backoff),
            timeout=table.take("timeout", duration, _DEFAULT.timeout),
            concurrency=table.take("concurrency", integer(0), _DEFAULT.concurrency),
            resources=table.take("resources", resources, _DEFAULT.resources),
            stated=table.take("resources", stated, _DEFAULT.stated),
            pool=table.take("pool", pool_path, _DEFAULT.pool),
            catch_up=table.take("catch_up", boolean, _DEFAULT.catch_up),
            working_directory=table.take("working_directory", path, None),
            environment=table.take("environment", variables, {}),
            user=table.take("user", text, None),
            grace=table.take("grace", duration, _DEFAULT.grace),
            max_output=table.take("max_output", integer(0, _MOST_OUTPUT), _DEFAULT.max_output),
        )


def stated(place: Place) -> frozenset[str]:
    """Which kinds of resources are written down."""
    return frozenset(table_of(place)) if isinstance(place.value, dict) else frozenset()


def command(place: Place) -> tuple[str, ...]:
    """A program and its arguments."""
    words = list_reader(any_text, "strings")(place)
    if not words:
        raise Rejected("no program is named", "an array of at least one string")
    if not words[0]:
        raise Rejected("the program's name is empty", "the name or path of a program")
    return words


def variables(place: Place) -> dict[str, str]:
    """Environment variables by name."""
    found: dict[str, str] = {}
    for name, entry in entries(place):
        try:
            variable_name(name)
        except Rejected as refusal:
            entry.reject(refusal.what, refusal.expected)
        found[name] = entry.read(any_text, "")
    return found


def python(place: Place) -> PythonSettings:
    """Where functions marked as kinds are found, and who runs them."""
    with Table(place) as table:
        return PythonSettings(
            modules=table.take("modules", names, _PYTHON.modules),
            path=table.take("path", paths, _PYTHON.path),
            workers=table.take("workers", integer(0, 10_000), _PYTHON.workers),
            hang_grace=table.take("hang_grace", duration, _PYTHON.hang_grace),
        )
