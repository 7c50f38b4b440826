"""How a command line is made of a kind's pattern and an Instance's arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portico.domain.errors import Invalid

_PLACE = re.compile(r"\{(\{\d+\})\}|\{(\d+)\}")
"""A number in two pairs of braces, which stands for itself in one pair, or the place of an argument."""


def names_arguments(pattern: Sequence[str]) -> bool:
    """Tell whether the pattern says where arguments go."""
    return any(match.group(2) for part in pattern for match in _PLACE.finditer(part))


def fill(pattern: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
    """Put arguments in place of {0}, {1}, …; where the pattern names none, append them. {{1}} becomes {1} as it stands.

    Raises Invalid when the pattern names an argument that was not given, or when one given is named nowhere.
    """
    used: set[int] = set()

    def put(match: re.Match[str]) -> str:
        if match.group(1):
            return match.group(1)
        position = int(match.group(2))
        if position >= len(arguments):
            raise Invalid(f"the command names argument {position}, counted from 0; got {len(arguments)}", "arguments")
        used.add(position)
        return arguments[position]

    filled = tuple(_PLACE.sub(put, part) for part in pattern)
    if not names_arguments(pattern):
        return (*filled, *arguments)
    if len(used) < len(arguments):
        spare = next(position for position in range(len(arguments)) if position not in used)
        raise Invalid(f"the command has no place for argument {spare}", "arguments")
    return filled
