"""The page of the configuration is true: what it shows can be read, shows every key there is, and the defaults are so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from portico.settings import Settings, SettingsError, load
from portico.settings.model import (
    AuthSettings,
    KindSettings,
    LogSettings,
    NodeSettings,
    PoolSettings,
    RetentionSettings,
)

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def shown() -> str:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(text)


def loaded(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "portico.toml"
    file.write_text(text)
    for name in ("server.pem", "server.key", "clients.pem"):
        (tmp_path / name).touch()
    return load(file, {"HOME": "/home/me"}, {})


def known_keys(tmp_path: Path) -> set[str]:
    with pytest.raises(SettingsError) as refusal:
        loaded(tmp_path, "zzzzzzzzzzzzzzzz = 1")
    return set(str(refusal.value).partition("one of ")[2].split(", "))


def test_what_is_shown_can_be_read_and_is_all_there_is(tmp_path: Path) -> None:
    settings = loaded(tmp_path, shown())
    tree = tomllib.loads(shown())
    assert set(tree) == known_keys(tmp_path)
    derived = {KindSettings: {"name", "stated"}, Settings: set()}
    tables: list[tuple[type[msgspec.Struct], set[str]]] = [
        (KindSettings, {key for kind in tree["kinds"].values() for key in kind} | {"schedule_at"}),
        (NodeSettings, set(tree["nodes"][0])),
        (PoolSettings, set(tree["pools"]["/batch"])),
        (RetentionSettings, set(tree["retention"])),
        (AuthSettings, set(tree["auth"])),
        (LogSettings, set(tree["log"])),
    ]
    for record, keys in tables:
        assert keys == set(record.__struct_fields__) - derived.get(record, set()), record
    assert settings.kinds["backup"].command[-1] == "{0}"


@pytest.mark.parametrize("table", ["retention", "log", "python"])
def test_shown_defaults_are_the_defaults(tmp_path: Path, table: str) -> None:
    found: Any = getattr(loaded(tmp_path, shown()), table)
    default = getattr(Settings(data_dir=Path("/")), table)
    assert msgspec.structs.replace(found, path=()) == default if table == "python" else found == default


def test_shown_addresses_are_the_defaults(tmp_path: Path) -> None:
    found, default = loaded(tmp_path, shown()), Settings(data_dir=Path("/home/me/.local/share/portico"))
    names = (
        "data_dir",
        "host",
        "grpc_port",
        "http_port",
        "mesos_port",
        "agent_port",
        "native_ports",
        "engine",
        "store",
    )
    assert [getattr(found, name) for name in names] == [getattr(default, name) for name in names]
    assert found.objects == default.objects
