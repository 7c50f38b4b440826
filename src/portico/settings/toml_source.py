"""The configuration file as TOML.

Owns reading the one file and saying where its syntax breaks. Must never raise anything but SettingsError for
what a file holds, and touches no other file.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from portico.settings.problems import SettingsError, printable

if TYPE_CHECKING:
    from pathlib import Path

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """Give the file's text (with plain line ends) and its tree; raises SettingsError with the broken line."""
    name = printable(str(path))
    try:
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError([f"{name}: cannot be read: {printable(reason)}; expected a readable TOML file"]) from error
    try:
        text = raw.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError([f"{name}:{line}: syntax: bytes that are not UTF-8; expected TOML"]) from error
    try:
        return text, tomllib.loads(text)
    except RecursionError as error:
        raise SettingsError([f"{name}:1: syntax: values nested too deeply; expected TOML"]) from error
    except ValueError as error:  # TOMLDecodeError, and plain ValueError for numbers of absurd length
        raise SettingsError([f"{name}:{_broken_line(str(error), text)}"]) from error


def _broken_line(message: str, text: str) -> str:
    """Turn the parser's message into `LINE: syntax: …`."""
    place = _PLACE.search(message)
    if place is None:
        return f"1: syntax: {printable(message)}; expected TOML"
    line = int(place.group(1) or text.count("\n") + 1)
    return f"{line}: syntax: {printable(message[: place.start()])}; expected TOML"
