"""What ids and roles may look like; texts say what is wrong with one."""

from __future__ import annotations

import unicodedata

from portico.domain.errors import Invalid

ANYBODY = "*"
"""The role of what is kept for nobody."""

_NEVER_IN_ROLES = frozenset("/ \b\t\n\v\f\r\0")


def check_id(text: str, field: str) -> None:
    """Raise Invalid for a task, executor or persistence id that cannot be a folder's name."""
    if not text:
        raise Invalid("ID must not be empty", field)
    if text in (".", ".."):
        raise Invalid(f"'{text}' is disallowed", field)
    if any(char in "/\\" or unicodedata.category(char) == "Cc" for char in text):
        raise Invalid(f"'{text}' contains invalid characters", field)


def check_text(text: str, field: str) -> str:
    """Give a text that no kernel would cut short; raises Invalid for one with a null byte in it."""
    if "\0" in text:
        raise Invalid(f"'{field}' must not contain null bytes", field)
    return text


def check_role(role: str, field: str = "role", *, hierarchical: bool = False) -> None:
    """Raise Invalid for what cannot name a role; `hierarchical` ones (`a/b`) are of later releases."""
    if role == ANYBODY:
        return
    for part in role.split("/") if hierarchical else (role,):
        _check_part(role, part, field)


def _check_part(role: str, part: str, field: str) -> None:
    if not part:
        raise Invalid("Empty role name is invalid", field)
    if part in (".", "..") or (part == ANYBODY and part != role):
        raise Invalid(f"Role name '{role}' is invalid", field)
    if part.startswith("-"):
        raise Invalid(f"Role name '{role}' is invalid because it begins with a dash", field)
    if not _NEVER_IN_ROLES.isdisjoint(part):
        raise Invalid(f"Role name '{role}' is invalid because it contains backspace, slash or whitespace", field)
