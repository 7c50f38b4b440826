"""Roots by themselves, and what a stop does to a container that is not there yet."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from node.containers.site import PLAIN, boxed, bundles, ship, told
from node.control import play, until

from portico.domain.runs import EndCause
from portico.node.containers.roots import Roots
from portico.node.containers.tools import ToolFailed, run_tool, said

SKOPEO = """#!/bin/sh
touch {place}/asked
while [ ! -e {place}/go ]; do sleep 0.02; done
exec {skopeo} "$@"
"""


def names(place: Path) -> list[str]:
    return sorted(entry.name for entry in place.iterdir())


def content(path: str) -> str:
    return Path(path, "file").read_text()


def changed(path: str) -> None:
    Path(path, "file").write_text("changed")


def test_without_layers_each_container_gets_a_copy(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.mkdir()
    (image / "file").write_text("given")

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            roots = Roots(tmp_path / "roots", tmp_path / "layers", group)
            roots.layered = False
            roots.open()
            first = await roots.take("d", str(image))
            changed(first.path)
            second = await roots.take("d", str(image))
            assert content(second.path) == "given"
            roots.ended(first)
            assert names(tmp_path / "layers") == [Path(second.path).name]
            roots.end()

    asyncio.run(asyncio.wait_for(story(), 15))


def test_layers_that_no_container_uses_are_thrown_away(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            roots = Roots(tmp_path / "roots", tmp_path / "layers", group)
            roots.open()
            for name in ("used", "left"):
                (tmp_path / "layers" / name / "upper").mkdir(parents=True)
                (tmp_path / "roots" / name).mkdir(parents=True)
            roots.keep_only({str(tmp_path / "layers" / "used")})
            for place in ("layers", "roots"):
                assert names(tmp_path / place) == ["used"]
            await until(lambda: not names(tmp_path / "layers.trash"))

    asyncio.run(asyncio.wait_for(story(), 15))


def test_a_program_that_takes_too_long_is_killed_and_named() -> None:
    with pytest.raises(ToolFailed, match=r"sleep took longer than 0\.05 s"):
        asyncio.run(run_tool(["sleep", "1000"], 0.05))


@pytest.mark.parametrize(
    ("errors", "sentence"),
    [
        (b"", ""),
        (b"plain\nlast words\n\n", "last words"),
        (b'time="x" level=fatal msg="a \\"b\\" c" more=1\n', 'a "b" c'),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
    ],
)
def test_the_last_words_of_a_program(errors: bytes, sentence: str) -> None:
    assert said(errors) == sentence


def slow_path(place: Path) -> str:
    """Give a PATH on which bringing an image waits until it is told to go on."""
    slow = place / "bin" / "skopeo"
    slow.parent.mkdir()
    slow.write_text(SKOPEO.format(place=place, skopeo=shutil.which("skopeo")))
    slow.chmod(0o755)
    return f"{slow.parent}:{os.environ['PATH']}"


@pytest.mark.containers
def test_a_stop_while_an_image_is_brought(layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Run ends at once; the image is brought all the same, for the next one."""
    monkeypatch.setenv("PATH", slow_path(tmp_path))

    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(boxed("r", "/bin/true"))
            await until((tmp_path / "asked").exists)
            control.stop("r")
            outcome = await control.outcome("r")
            assert (outcome.cause, outcome.message) == (EndCause.STOPPED, "Stopped before it was started (cancelled)")
            assert not bundles(site)
            (tmp_path / "go").touch()
            assert (await told(site, boxed("s", "/bin/echo", "well", image=PLAIN)))[1] == "well\n"

    play(story())


@pytest.mark.containers
def test_an_agent_killed_while_an_image_is_brought(
    layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", slow_path(tmp_path))

    async def story() -> None:
        async with ship(layout) as site:
            control = site.control
            control.launch(boxed("r", "/bin/true"))
            await until((tmp_path / "asked").exists)
            await site.kill_agent()
            assert (await control.outcome("r")).cause is EndCause.LOST
            (tmp_path / "go").touch()
            assert (await told(site, boxed("s", "/bin/echo", "well")))[1] == "well\n"
            images = site.directory / "images"
            assert not [entry for entry in images.iterdir() if entry.name.startswith(".")]

    play(story())
