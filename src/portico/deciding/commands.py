"""How a command line is made of a kind's pattern and an Instance's arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portico.domain.errors import Invalid

_PLACE = re.compile(r"\{(\d+)\}")


def names_arguments(pattern: Sequence[str]) -> bool:
    """Tell whether the pattern says where arguments go."""
    return any(_PLACE.search(part) for part in pattern)


def fill(pattern: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
    """Put arguments in place of {0}, {1}, …; where the pattern names none, append them.

    Raises Invalid when the pattern names an argument that was not given, or when one given is named nowhere.
    """
    if not names_arguments(pattern):
        return (*pattern, *arguments)
    used: set[int] = set()

    def put(match: re.Match[str]) -> str:
        position = int(match.group(1))
        if position >= len(arguments):
            raise Invalid(f"the command needs argument {position}, but {len(arguments)} were given", "arguments")
        used.add(position)
        return arguments[position]

    filled = tuple(_PLACE.sub(put, part) for part in pattern)
    if len(used) < len(arguments):
        spare = next(position for position in range(len(arguments)) if position not in used)
        raise Invalid(f"the command has no place for argument {spare}", "arguments")
    return filled
