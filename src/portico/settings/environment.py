"""Values from `PORTICO_…` variables and from the command line.

Owns their names: `PORTICO_` and the key in upper case, `__` between levels, a number for a place in an array.
A value is read as TOML; what is not TOML is a plain string.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from portico.settings.problems import Key, printable

if TYPE_CHECKING:
    from portico.settings.layers import Layers

PREFIX = "PORTICO_"

CONFIG_VARIABLE = "PORTICO_CONFIG"
"""Names the configuration file itself, so it is no key in it."""


def add_environment(layers: Layers, environ: Mapping[str, str]) -> None:
    """Lay the environment over the file; outer keys first, so that inner ones refine them."""
    names = [name for name in environ if name.startswith(PREFIX) and name != CONFIG_VARIABLE]
    for name in sorted(names, key=lambda name: (name.count("__"), name)):
        raw = environ[name]
        key: Key = ()
        for level in name.removeprefix(PREFIX).split("__"):
            key = (*key, layers.match_name(key, level))
        layers.overlay(key, _read_value(raw), f"environment {printable(name)}", raw)


def add_overrides(layers: Layers, overrides: Mapping[str, object]) -> None:
    """Lay the command line over everything; None is a flag that was not given."""
    for name, value in overrides.items():
        if value is not None:
            key: Key = tuple(name.split("."))
            layers.overlay(key, _plain(value), f"--{printable(name).replace('_', '-')}")


def _read_value(raw: str) -> object:
    try:
        read = tomllib.loads(f"value = {raw}")
    except (ValueError, RecursionError):
        return raw
    return read["value"] if len(read) == 1 else raw


def _plain(value: object) -> object:
    """Give the TOML shape of a value that a program handed over."""
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return value
