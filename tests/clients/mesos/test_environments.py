"""Environments are made once, whoever asks, and a failure says what failed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clients.mesos import environments
from clients.mesos.environments import CLIENTS, BuildFailed, cache, key, once, run


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_many_who_ask_at_once_get_one(home):
    made = []

    def make(place, pins):
        made.append(pins)
        (place / "content").write_text("whole")

    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda _: once("one", ("a==1",), make), range(16)))
    assert made == [("a==1",)]
    assert {(place / "content").read_text() for place in places} == {"whole"}
    assert places[0].is_relative_to(home)


def test_what_was_not_finished_is_made_anew():
    def half(place, _):
        (place / "half").touch()
        raise BuildFailed("no network")

    with pytest.raises(BuildFailed, match="no network"):
        once("one", (), half)
    place = once("one", (), lambda place, _: (place / "whole").touch())
    assert sorted(each.name for each in place.iterdir()) == ["finished", "whole"]


def test_a_failing_command_is_told_with_its_words():
    with pytest.raises(BuildFailed, match=r"(?s)exited with 3.*out.*err"):
        run("sh", "-c", "echo out; echo err >&2; exit 3")


def test_other_pins_another_compiler_or_another_python_are_another_place(monkeypatch):
    keys = {key(("a==1",)), key(("a==2",))}
    monkeypatch.setattr(environments, "compiles", lambda: "otherwise")
    keys.add(key(("a==1",)))
    monkeypatch.setattr(environments.sys, "version", "4.0")
    keys.add(key(("a==1",)))
    assert len(keys) == 4


def test_the_source_tree_stays_clean(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert not cache().is_relative_to(Path(__file__).parents[3])


def test_every_version_is_pinned():
    assert all("==" in pin for pins in CLIENTS.values() for pin in pins)
