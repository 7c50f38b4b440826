"""The table `[doors.mesos]`: what only the Mesos door is told.

A secret is never repeated in a problem, nor is a line of a file that holds some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.settings.model import PERF_EVENTS
from portico.settings.problems import Rejected
from portico.settings.reading import Place, Table, entries
from portico.settings.scalars import absolute, any_text, boolean, names, some_of

if TYPE_CHECKING:
    from pathlib import Path

_EXPECTED = "a table of secrets by principal, or a file with lines PRINCIPAL SECRET or JSON as Mesos reads it"


class Mesos(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[doors.mesos]` as read."""

    hierarchical_roles: bool = False
    perf_events: tuple[str, ...] = ()
    credentials: dict[str, str] = {}
    limit_disk: bool = False
    whitelist: frozenset[str] | None = None


def mesos(place: Place) -> Mesos:
    """What the Mesos door is told."""
    with Table(place) as table:
        credentials: dict[str, str] = table.take("credentials", _credentials, {})
        authenticate = table.take("authenticate", boolean, default=bool(credentials))
        if authenticate and not credentials:
            place.inner("authenticate", None).reject("nobody has credentials", "doors.mesos.credentials beside it")
        return Mesos(
            hierarchical_roles=table.take("hierarchical_roles", boolean, default=False),
            perf_events=table.take("perf_events", some_of(PERF_EVENTS), ()),
            credentials=credentials if authenticate else {},
            limit_disk=table.take("limit_disk", boolean, default=False),
            whitelist=table.take("whitelist", _whitelist, None),
        )


def _whitelist(place: Place) -> frozenset[str]:
    return frozenset(names(place))


# ---- principals ------------------------------------------------------------------------------------------------


class _Credential(msgspec.Struct, frozen=True):
    principal: str
    secret: str


class _Credentials(msgspec.Struct, frozen=True):
    credentials: list[_Credential]


def _credentials(place: Place) -> dict[str, str]:
    """Secrets by principal, from a table or from a file."""
    found: dict[str, str] = {}
    if isinstance(place.value, dict):
        for name, entry in entries(place):
            found[name] = entry.read(any_text, "")
    elif isinstance(place.value, str) and place.value.strip():
        found = _from_file(absolute(place.value, place))
    else:
        raise Rejected("neither a table nor the name of a file", _EXPECTED)
    for name, secret in found.items():
        _check(place, name, secret)
    return found


def _check(place: Place, name: str, secret: str) -> None:
    at = place.inner(name, None) if isinstance(place.value, dict) else place
    if not name or ":" in name or not name.isprintable():
        at.reject(f"{name!r} cannot name a principal", "a name without a colon")
    elif not secret or not secret.isprintable():
        at.reject(f"the secret of {name!r} is empty or has characters that cannot be sent", "a printable secret")


def _from_file(file: Path) -> dict[str, str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Rejected(f"{file} cannot be read: {reason}", _EXPECTED) from None
    if text.lstrip().startswith("{"):
        return _from_json(file, text)
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2:
            raise Rejected(f"{file}:{number} is not a principal and its secret", _EXPECTED)
        found[words[0]] = words[1]
    return _some(file, found)


def _from_json(file: Path, text: str) -> dict[str, str]:
    try:
        read = msgspec.json.decode(text, type=_Credentials)
    except msgspec.DecodeError:
        raise Rejected(f"{file} is not the JSON of credentials", _EXPECTED) from None
    return _some(file, {one.principal: one.secret for one in read.credentials})


def _some(file: Path, found: dict[str, str]) -> dict[str, str]:
    if not found:
        raise Rejected(f"{file} has no credentials in it", _EXPECTED)
    return found
