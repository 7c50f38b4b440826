"""The options that every command takes.

The value classes are dataclasses, since these are what the parser fills.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

COMMON = Group("Common options", sort_key=90)
DATA_DIRECTORY_VARIABLE = "PORTICO_DATA_DIR"
"""The setting's own variable: the same word must mean the same directory to `up` and to every other command."""


@Parameter(name="*", group=COMMON)
@dataclass(frozen=True)
class Target:
    """Which server is meant."""

    data_dir: Annotated[
        Path | None, Parameter(help="The server's data directory [default: ~/.local/share/portico].")
    ] = None
    server: Annotated[str | None, Parameter(help="Address of the server instead, such as http://host:8080.")] = None
    token_file: Annotated[Path | None, Parameter(help="File with the bearer token of the server.")] = None
    ca_file: Annotated[
        Path | None, Parameter(help="PEM file with the authorities that a TLS server is trusted by.")
    ] = None
    cert_file: Annotated[
        Path | None, Parameter(help="PEM file with the certificate to show, if the server wants one.")
    ] = None
    key_file: Annotated[Path | None, Parameter(help="PEM file with its key, if it is not in the same file.")] = None

    @property
    def directory(self) -> Path:
        """Give the data directory meant."""
        return data_directory(self.data_dir)

    def command(self, *words: str) -> str:
        """Write a command for the same server, to be copied by a person."""
        chosen: list[str] = []
        if self.server is not None:
            chosen += ["--server", self.server]
        elif self.data_dir is not None:
            chosen += ["--data-dir", str(self.data_dir)]
        files = (
            ("--token-file", self.token_file),
            ("--ca-file", self.ca_file),
            ("--cert-file", self.cert_file),
            ("--key-file", self.key_file),
        )
        for option, file in files:
            chosen += [option, str(file)] if file is not None else []
        return shlex.join(["portico", *words, *chosen])


@Parameter(name="*", group=COMMON)
@dataclass(frozen=True)
class Asked(Target):
    """Which server is meant, and in which form its answer is wanted."""

    json: Annotated[bool, Parameter(negative=(), help="Print one JSON object per line.")] = False


def data_directory(chosen: Path | None) -> Path:
    """Give the directory chosen by flag, by environment, or else the default."""
    if chosen is not None:
        return chosen
    named = os.environ.get(DATA_DIRECTORY_VARIABLE)
    if named:
        return Path(named).expanduser()
    return Path.home() / ".local/share/portico"
