"""The programs of genuine Mesos clients, each in the environment of its client."""

from __future__ import annotations

import json
from pathlib import Path

from clients import program
from clients.mesos.environments import python_of

PROGRAMS = Path(__file__).with_name("programs")


class Program(program.Program):
    """A program of this folder at work."""

    def __init__(self, client, script, *args, log):
        super().__init__([python_of(client), PROGRAMS / f"{script}.py", *(_word(one) for one in args)], log)


def _word(value):
    return value if isinstance(value, str) else json.dumps(value)
