from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from doors.jobv1.outpost.rig import Rig

from portico.doors.jobv1.outpost.worker import read_settings

KINDS = """
@portico.kind
def nothing(): pass
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("text", "names"),
    [("one:two", ("one", "two")), ("", ()), ('["one", "two"]', ("one", "two")), (" [] ", ())],
)
def test_lists_are_joined_or_json(text: str, names: tuple[str, ...]) -> None:
    environment = {
        "PORTICO_WORKER_LINK": "tcp:[::1]:70",
        "PORTICO_RUN_ID": "r",
        "PORTICO_RUN_TOKEN": "1",
        "PORTICO_WORKER_MODULES": text,
    }
    settings = read_settings(environment)
    assert settings.modules == names
    assert (settings.link.host, settings.link.port) == ("::1", 70)


def test_modules_that_cannot_be_loaded_end_the_worker(rig: Rig) -> None:
    rig.start("import no_such_module_anywhere")
    assert rig.exit_code() == 1
    assert "cannot load module rig_kinds: ModuleNotFoundError" in rig.output("err")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTICO_WORKER_LINK", "carrier-pigeon:7"),
        ("PORTICO_RUN_TOKEN", "x"),
        ("PORTICO_RUN_ID", ""),
        ("PORTICO_WORKER_MODULES", "[1]"),
        ("PORTICO_WORKER_SECRET_FILE", "/no/such/file"),
    ],
)
def test_a_wrong_environment_is_named(rig: Rig, name: str, value: str) -> None:
    rig.start(KINDS, **{name: value})
    assert rig.exit_code() == 2
    assert name in rig.output("err")
