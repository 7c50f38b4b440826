"""What the configuration says to the parts of the ArmoniK door."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico import __version__
from portico.composing.armonik import ArmonikServices, call_settings, pages, patience
from portico.composing.endpoints import describe
from portico.control.calls.agents import Patience
from portico.domain.calls.values import Partition
from portico.domain.errors import Invalid
from portico.domain.identity import HOUR, Micros
from portico.settings import (
    ArmonikAuth,
    ArmonikGui,
    ArmonikSettings,
    PartitionSettings,
    RetentionSettings,
    Settings,
)

DATA = Path("/data")


def settings(**more) -> Settings:
    return Settings(data_dir=DATA, **more)


def test_the_core_is_told_of_partitions_and_places() -> None:
    told = call_settings(
        settings(
            partitions={
                "default": PartitionSettings(),
                "gpu": PartitionSettings(pod_max=4, priority=2, parents=("default",), configuration={"a": "b"}),
            },
            armonik=ArmonikSettings(default_partition="gpu", import_folder=Path("/in")),
            retention=RetentionSettings(sessions_age=HOUR, sessions_count=3, sessions_idle=HOUR),
        ),
        DATA,
    )
    assert told.partitions == (
        Partition("default", pod_reserved=1, pod_max=1),
        Partition("gpu", ("default",), 1, 4, 0, 2, {"a": "b"}),
    )
    assert (told.default_partition, told.objects, told.imports) == ("gpu", DATA / "objects", Path("/in"))
    assert (told.sessions_age, told.sessions_count, told.sessions_idle) == (HOUR, 3, HOUR)


def test_what_is_not_said_is_kept_for_ever_and_what_is_in_memory_has_no_folder() -> None:
    told = call_settings(settings(), DATA)
    assert (told.sessions_age, told.sessions_count, told.sessions_idle) == (None, None, None)
    assert call_settings(settings(store="memory"), DATA).objects is None


def test_timers_say_how_long_is_waited() -> None:
    assert patience(settings()) == Patience()
    timers = {"armonik.crashed_delay": 1, "armonik.cancel": 2, "armonik.give_back": 3}
    assert patience(settings(timers=timers)) == Patience(crashed=Micros(1), cancel=Micros(2), unbegun=Micros(3))


def test_pages_are_told_what_is_true(tmp_path: Path) -> None:
    told = pages(settings(host="h1"))
    assert told.folder is None
    assert told.environment == {
        "name": "Portico",
        "description": "Portico at h1",
        "color": "blue",
        "version": __version__,
    }
    assert told.configuration == {}
    (tmp_path / "gui.json").write_text('{"language": "fr"}')
    gui = ArmonikGui(name="n", description="d", color="c", version="v", configuration=tmp_path / "gui.json")
    told = pages(settings(armonik=ArmonikSettings(admin=tmp_path, gui=gui)))
    assert told.folder == tmp_path
    assert told.environment == {"name": "n", "description": "d", "color": "c", "version": "v"}
    assert told.configuration == {"language": "fr"}


@pytest.mark.parametrize("content", [None, "[]", "{"])
def test_what_pages_cannot_read_stops_the_start(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "gui.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Invalid, match=r"doors\.armonik\.gui\.configuration"):
        pages(settings(armonik=ArmonikSettings(gui=ArmonikGui(configuration=file))))


def test_a_folder_of_pages_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"doors\.armonik\.admin: .*gone is no folder"):
        pages(settings(armonik=ArmonikSettings(admin=tmp_path / "gone")))


def test_an_authentication_that_lets_nobody_in_stops_the_start() -> None:
    armonik = ArmonikSettings(auth=ArmonikAuth(require_authentication=True))
    with pytest.raises(Invalid, match="lets nobody in"):
        ArmonikServices(None, settings(armonik=armonik), None, list)  # type: ignore[arg-type]


def test_endpoints_tell_where_the_door_is() -> None:
    told = describe("h", 1, 2, ("armonik",), tls=True)
    assert (told["armonik"], told["armonik_web"]) == ("h:1", "https://h:2")
    assert "armonik" not in describe("h", 1, 2, ("titus",), tls=False)
