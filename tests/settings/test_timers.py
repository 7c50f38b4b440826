"""The names of `[timers]`: those that the doors ask for, and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import portico
from portico.domain.identity import SECOND
from portico.doors.mesos.extension.standing import Periods
from portico.settings import DOORS, SettingsError, load
from portico.settings.timers import TIMERS


def asked() -> Iterator[str]:
    """Give every name that is asked for with a literal `settings.timer("…", …)` anywhere in the source."""
    (root,) = portico.__path__
    for file in Path(root).rglob("*.py"):
        text = file.read_text()
        if ".timer(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "timer":
                continue
            if isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def test_every_name_that_a_door_asks_for_can_be_set_and_every_name_is_asked_for() -> None:
    wanted = {*asked(), *(f"mesos.{name}" for name in Periods.__struct_fields__)}
    assert len(wanted) > 20
    served = {name for name in TIMERS if not name.startswith("peloton.")}
    assert wanted == served


def test_the_page_of_the_configuration_lists_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    rows = re.findall(r"^\| (Titus|Mesos|ArmoniK) \| (.*) \|$", page, re.MULTILINE)
    listed = {f"{door.lower()}.{name}" for door, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert listed == {name for name in TIMERS if not name.startswith("peloton.")}


def test_names_are_of_doors_and_different() -> None:
    assert len(set(TIMERS)) == len(TIMERS)
    assert {name.partition(".")[0] for name in TIMERS} <= set(DOORS)


@pytest.mark.parametrize("name", TIMERS)
def test_each_can_be_set_in_the_file_and_by_the_environment(tmp_path: Path, name: str) -> None:
    file = tmp_path / "portico.toml"
    file.write_text(f'[timers]\n"{name}" = "7s"\n')
    assert load(file, {}, {}).timers == {name: 7 * SECOND}
    door, _, period = name.partition(".")
    variable = f"PORTICO_TIMERS__{door.upper()}__{period.upper()}"
    assert load(file, {variable: "9s"}, {}).timers == {name: 9 * SECOND}


def test_a_door_without_timers_has_none(tmp_path: Path) -> None:
    file = tmp_path / "portico.toml"
    file.write_text('[timers]\n"jobv1.poll" = "1s"\n')
    with pytest.raises(SettingsError, match=r"2: timers.\"jobv1.poll\": 'jobv1.poll' is not a timer; expected "):
        load(file, {}, {})
