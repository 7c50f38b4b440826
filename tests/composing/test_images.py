"""What the configured sources say of images: folders and registries that are there, lack a tag, or do not answer."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from node.containers.images import make_layout
from node.containers.registry import push, registry

from portico.composing import images as module
from portico.composing.images import KEPT, MOST_KEPT, ConfiguredImages
from portico.domain.errors import NotFound, Unavailable
from portico.node.containers.sources import Layout, Registry
from portico.node.containers.tools import ToolFailed
from portico.settings import ImageSource
from portico.settings.model import BUILT_IN_IMAGES

DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
EMPTY = bytes.fromhex("1f8b08000000000000030300000000000000000000")
"""A layer without files."""
UNKNOWN = "reading manifest 1 in reg.example/web: manifest unknown: manifest unknown"
REMOTE = ImageSource(scheme="registry", location="reg.example/web")


def folder(place: Path, tag: str) -> ImageSource:
    return ImageSource(scheme="oci", location=str(place), tag=tag)


def ask(images: ConfiguredImages, name: str) -> str:
    return asyncio.run(images.digest_of(name))


def test_only_images_of_the_table_are_asked_for(tmp_path: Path) -> None:
    images = ConfiguredImages(
        {**BUILT_IN_IMAGES, "acme/shell": ImageSource(scheme="host"), "acme/tool:1": folder(tmp_path, "a")}
    )
    names = ("portico/host", "acme/shell:3", "acme/tool:2", "acme/other:1", "quay.io/x/y:1", "No Image", f"a@{DIGEST}")
    assert [ask(images, name) for name in names] == [""] * len(names)


def test_a_folder_says_what_its_tag_means_now(tmp_path: Path) -> None:
    digests = make_layout(tmp_path, {"a": {"Cmd": ["a"]}, "b": {"Cmd": ["b"]}}, EMPTY)
    images = ConfiguredImages(
        {
            "acme/tool:1": folder(tmp_path, "a"),
            "acme/tool:2": folder(tmp_path, "b"),
            "acme/tool:3": folder(tmp_path, "c"),
        }
    )
    assert ask(images, "acme/tool:1") == digests["a"]
    assert ask(images, f"acme/tool:1@{digests['a']}") == digests["a"]
    with pytest.raises(NotFound, match="not the digest asked for"):
        ask(images, f"acme/tool:1@{DIGEST}")
    with pytest.raises(NotFound, match="has no tag 'c'"):
        ask(images, "acme/tool:3")
    moved = make_layout(tmp_path, {"a": {"Cmd": ["other"]}}, EMPTY)
    assert ask(images, "acme/tool:1") == moved["a"] != digests["a"]


def test_a_digest_without_tag_may_be_any_of_its_name(tmp_path: Path) -> None:
    digests = make_layout(tmp_path, {"a": {"Cmd": ["a"]}, "b": {"Cmd": ["b"]}}, EMPTY)
    images = ConfiguredImages({"acme/tool:1": folder(tmp_path, "a"), "acme/tool:2": folder(tmp_path, "b")})
    assert ask(images, f"acme/tool@{digests['b']}") == digests["b"]
    with pytest.raises(NotFound, match="not the digest asked for"):
        ask(images, f"acme/tool@{DIGEST}")


def test_of_a_folder_that_is_not_here_nothing_is_said(tmp_path: Path) -> None:
    images = ConfiguredImages({"acme/tool:1": folder(tmp_path / "none", "a")})
    with pytest.raises(Unavailable, match="no image layout on this machine"):
        ask(images, "acme/tool:1")


# ---- registries, in their tool's words -----------------------------------------------------------------------------


class Tool:
    """Stands for the tool that asks registries: counts, and answers what it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.answer: str | Exception = DIGEST
        self.gate: Callable[[], Awaitable[object]] | None = None
        monkeypatch.setattr(module, "name_digest", self.name_digest)

    async def name_digest(self, source: Layout | Registry) -> str:
        assert isinstance(source, Registry)
        self.asked.append(str(source.reference))
        if self.gate is not None:
            await self.gate()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Watch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Tool:
    return Tool(monkeypatch)


def test_an_answer_holds_for_a_while(tool: Tool) -> None:
    watch = Watch()
    images = ConfiguredImages({"acme/web": REMOTE}, now=watch)
    assert [ask(images, name) for name in ("acme/web:1", "acme/web:1", "acme/web:2", "acme/web")] == [DIGEST] * 4
    assert tool.asked == ["reg.example/web:1", "reg.example/web:2", "reg.example/web:latest"]
    watch.now += KEPT - 0.1
    tool.answer = OTHER
    assert ask(images, "acme/web:1") == DIGEST
    watch.now += 0.2
    assert ask(images, "acme/web:1") == OTHER


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (UNKNOWN, NotFound),
        ("reading manifest 1 in reg.example/web: name unknown: repository not known to registry", NotFound),
        ("reading manifest 1 in reg.example/web: StatusCode: 404, <html>", NotFound),
        ("reading manifest 1 in reg.example/web: received unexpected HTTP status: 404 Not Found", NotFound),
        ("reading manifest 1 in reg.example/web: unauthorized: access to the requested resource", Unavailable),
        ("reading manifest manifest-unknown in reg.example/web: denied", Unavailable),
        ("reading manifest 1 in reg.example/web: dial tcp 10.0.0.1:404: refused", Unavailable),
        ("pinging container registry reg.example: StatusCode: 404", Unavailable),
    ],
)
def test_what_a_registry_says_is_understood(tool: Tool, said: str, kind: type[Exception]) -> None:
    tool.answer = ToolFailed(said)
    with pytest.raises(kind) as caught:
        ask(ConfiguredImages({"acme/web": REMOTE}), "acme/web:1")
    assert str(caught.value) == said


@pytest.mark.parametrize("error", [Unavailable("no tool"), OSError("no memory")])
def test_silence_holds_for_a_while_and_a_lack_does_not(tool: Tool, error: Exception) -> None:
    watch = Watch()
    images = ConfiguredImages({"acme/web": REMOTE}, now=watch)
    tool.answer = error
    with pytest.raises(Unavailable, match=r"^no "):
        ask(images, "acme/web:1")
    tool.answer = ToolFailed(UNKNOWN)
    with pytest.raises(Unavailable, match=r"^no "):
        ask(images, "acme/web:1")
    watch.now += KEPT + 1
    with pytest.raises(NotFound):
        ask(images, "acme/web:1")
    tool.answer = DIGEST
    watch.now += 0.001
    assert ask(images, "acme/web:1") == DIGEST


@pytest.mark.parametrize("answer", [DIGEST, ToolFailed(UNKNOWN)])
def test_a_crowd_asks_once_for_all_who_came_before(tool: Tool, answer: str | Exception) -> None:
    async def story() -> None:
        images = ConfiguredImages({"acme/web": REMOTE})
        gate = asyncio.Event()
        tool.gate, tool.answer = gate.wait, answer
        asking = [asyncio.ensure_future(images.digest_of("acme/web:1")) for _ in range(50)]
        while not tool.asked:
            await asyncio.sleep(0)
        asking.pop(0).cancel()  # who asks for all goes away
        gate.set()
        found = await asyncio.gather(*asking, return_exceptions=True)
        assert {str(one) for one in found} == {str(answer)}
        assert len(tool.asked) == 2

    asyncio.run(story())


def test_few_registries_are_asked_at_once(tool: Tool) -> None:
    async def story() -> None:
        images = ConfiguredImages({"acme/web": REMOTE})
        gate = asyncio.Event()
        tool.gate = gate.wait
        asking = [asyncio.ensure_future(images.digest_of(f"acme/web:{number}")) for number in range(10)]
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(tool.asked) == module.ASKED_AT_ONCE
        gate.set()
        assert await asyncio.gather(*asking) == [DIGEST] * 10

    asyncio.run(story())


def test_what_is_remembered_is_bounded(tool: Tool) -> None:
    images = ConfiguredImages({"acme/web": REMOTE})

    async def story() -> None:
        for number in range(MOST_KEPT + 1):
            await images.digest_of(f"acme/web:{number}")
        await images.digest_of(f"acme/web:{MOST_KEPT}")
        assert len(tool.asked) == MOST_KEPT + 1
        await images.digest_of("acme/web:0")
        assert tool.asked[MOST_KEPT + 1 :] == ["reg.example/web:0"]

    asyncio.run(story())


# ---- registries ----------------------------------------------------------------------------------------------------


@pytest.fixture
def tools() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can have the tools installed")
    missing = [name for name in ("skopeo", "docker-registry") if shutil.which(name) is None]
    assert not missing, f"{', '.join(missing)} not installed; `make containers` does it"


@pytest.mark.containers
@pytest.mark.usefixtures("tools")
def test_a_registry_is_asked(tmp_path: Path) -> None:
    digests = make_layout(tmp_path / "layout", {"a": {}}, EMPTY)

    async def story(address: str) -> None:
        images = ConfiguredImages({"acme/web": ImageSource(scheme="registry", location=f"{address}/team/web")})
        with pytest.raises(NotFound, match="manifest unknown"):
            await images.digest_of("acme/web:1")
        await asyncio.to_thread(push, tmp_path / "layout", "a", f"{address}/team/web:1")
        assert await images.digest_of("acme/web:1") == digests["a"]
        assert await images.digest_of(f"acme/web:9@{digests['a']}") == digests["a"]
        for name in ("acme/web:2", f"acme/web@{DIGEST}"):
            with pytest.raises(NotFound, match="manifest unknown"):
                await images.digest_of(name)

    with registry(tmp_path / "registry") as address:
        asyncio.run(story(address))


@pytest.mark.containers
@pytest.mark.usefixtures("tools")
def test_a_registry_that_does_not_answer_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        source = ImageSource(scheme="registry", location=f"{address}/team/web")
        images = ConfiguredImages({"acme/web": source}, patience=0.3)
        with pytest.raises(Unavailable, match=r"was not told within 0\.3 s"):
            ask(images, "acme/web:1")
    with pytest.raises(Unavailable, match="was not told within"):
        ask(images, "acme/web:1")  # remembered: by now it would be refused
