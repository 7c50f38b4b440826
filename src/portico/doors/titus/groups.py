"""Capacity groups as REST documents: what a body says, and what is answered.

Pure functions between JSON values and the extension's commands and views; who routes requests mounts them under
`/api/v2/management/applications`:

    GET    /          ListGroups      → `documents`, 200
    POST   /          `creation`      → 201, 409 for a name that is taken
    GET    /{name}    FindGroup       → `document`, 200, 404
    PUT    /{name}    `replacement`   → 204, 404
    DELETE /{name}    DeleteGroup     → 204, 400 for DEFAULT, 404

With `?extended=true` the documents have `reservationUsage`. A body that breaks rules is refused with all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from portico.domain.resources import CPUS, DISK, MEM, NETWORK, WHOLE
from portico.doors.titus import errors
from portico.doors.titus.errors import Violation
from portico.doors.titus.extension.group_records import FLEX, TIERS, CapacityGroup, CreateGroup, GroupView, ReplaceGroup

PATH = "/v2/management/applications"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
_LARGEST = 1 << 31
_LARGEST_GROUP = 1 << 40
"""Of what all instances of a group have together; amounts beyond it are no longer whole numbers everywhere."""

_SIZES = {
    "instanceCPU": ("cpus", 1),
    "instanceMemoryMB": ("mem", 1),
    "instanceDiskMB": ("disk", 1),
    "instanceNetworkMbs": ("network", 1),
    "instanceGPU": ("gpus", 0),
    "instanceCount": ("count", 1),
}
"""The field of a document, the field of a group, and the least value."""

_UNITS = frozenset({"count"})
_OPTIONAL = frozenset({"instanceGPU"})
_TEXTS = {"schedulerName": "scheduler", "resourcePool": "resource_pool"}
_PASSED_OVER = frozenset({"reservationUsage", "cellId", "lastUpdate"})
_KNOWN = frozenset({"appName", "tier", *_SIZES, *_TEXTS, *_PASSED_OVER})


def creation(body: Any) -> CreateGroup:
    """Read the body of a POST; raises TitusError."""
    return CreateGroup(_read(body, ""))


def replacement(name: str, body: Any) -> ReplaceGroup:
    """Read the body of a PUT to a name; raises TitusError, also when it names another group."""
    return ReplaceGroup(_read(body, name))


def documents(views: Iterable[GroupView], *, extended: bool = False) -> list[dict[str, Any]]:
    """Write many groups."""
    return [document(view, extended=extended) for view in views]


def document(view: GroupView, *, extended: bool = False) -> dict[str, Any]:
    """Write one group."""
    group = view.group
    written: dict[str, Any] = {
        "appName": group.id,
        "tier": group.tier,
        "instanceCPU": group.cpus / WHOLE,
        "instanceMemoryMB": group.mem // WHOLE,
        "instanceDiskMB": group.disk // WHOLE,
        "instanceNetworkMbs": group.network // WHOLE,
        "instanceGPU": group.gpus // WHOLE,
        "instanceCount": group.count,
        "schedulerName": group.scheduler,
        "resourcePool": group.pool_name,
    }
    if extended:
        usage = view.usage
        written["reservationUsage"] = {
            "cpu": usage.get(CPUS, 0) / WHOLE,
            "memoryMB": usage.get(MEM, 0) // WHOLE,
            "diskMB": usage.get(DISK, 0) // WHOLE,
            "networkMbs": usage.get(NETWORK, 0) // WHOLE,
        }
    return written


def _read(body: Any, name: str) -> CapacityGroup:
    if not isinstance(body, Mapping):
        raise errors.invalid_argument("The body is not a JSON object")
    unknown = sorted(str(key) for key in body if key not in _KNOWN)
    if unknown:
        raise errors.invalid_argument(f"Unrecognized field(s) [{', '.join(unknown)}]")
    broken: list[Violation] = []
    fields: dict[str, Any] = {"id": _name(body, name, broken), "tier": _tier(body, broken)}
    for field, (kept, least) in _SIZES.items():
        fields[kept] = round(_size(body, field, least, broken) * (1 if kept in _UNITS else WHOLE))
    for field, kept in _TEXTS.items():
        fields[kept] = _text(body, field, broken)
    if (
        max(fields[kept] for kept, _ in _SIZES.values() if kept not in _UNITS) * fields["count"]
        > _LARGEST_GROUP * WHOLE
    ):
        broken.append(Violation("instanceCount", f"the group may not have more than {_LARGEST_GROUP} of anything"))
    if broken:
        raise errors.broken_rules(broken)
    return CapacityGroup(**fields)


def _name(body: Mapping[str, Any], name: str, broken: list[Violation]) -> str:
    written = _text(body, "appName", broken) or name
    if not _NAME.fullmatch(written):
        broken.append(Violation("appName", "must be letters, digits, '.', '_' and '-', a letter or digit first"))
    elif name and written != name:
        broken.append(Violation("appName", f"names another group than the path, which says {name!r}"))
    return written


def _tier(body: Mapping[str, Any], broken: list[Violation]) -> str:
    tier = body.get("tier") or FLEX
    if tier not in TIERS:
        broken.append(Violation("tier", f"must be one of {', '.join(TIERS)}"))
        return FLEX
    return str(tier)


def _size(body: Mapping[str, Any], field: str, least: int, broken: list[Violation]) -> float:
    value = body.get(field)
    if value is None:
        if field not in _OPTIONAL:
            broken.append(Violation(field, "must not be null"))
        return least
    whole = field != "instanceCPU"
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        broken.append(Violation(field, "must be a whole number" if whole else "must be a number"))
    elif not least <= value < _LARGEST:
        broken.append(Violation(field, f"must be greater than or equal to {least}, and less than {_LARGEST}"))
    else:
        return value
    return least


def _text(body: Mapping[str, Any], field: str, broken: list[Violation]) -> str:
    value = body.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        broken.append(Violation(field, "must be a text"))
        return ""
    return value.strip()
