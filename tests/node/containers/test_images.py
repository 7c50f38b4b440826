"""Where images come from, how they are kept, and what is said when they cannot be had."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Coroutine
from pathlib import Path

import pytest
from node.containers.images import make_layout
from node.containers.registry import push, registry
from node.containers.site import PLAIN, boxed, script, ship, told
from node.control import Node, play

from portico.domain.identity import Instant
from portico.domain.runs import EndCause, Fetch, Outcome
from portico.node.containers import store as store_module
from portico.node.containers.image_config import ImageConfig
from portico.node.containers.store import ImageStore, ImageUnavailable

pytestmark = pytest.mark.containers


def kept(site: Node) -> list[str]:
    return sorted(entry.name for entry in (site.directory / "images").iterdir() if entry.name.startswith("sha256-"))


def drafts(site: Node) -> list[str]:
    return [entry.name for entry in (site.directory / "images").iterdir() if entry.name.startswith(".")]


async def refusal(site: Node, image: str) -> str:
    outcome, _ = await told(site, boxed(f"r{len(site.control.outcomes)}", "true", image=image))
    assert outcome.cause is EndCause.LAUNCH_FAILED
    assert not drafts(site)
    return outcome.message


def test_many_that_want_one_image_first_unpack_it_once(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            names = [f"r{number}" for number in range(8)]
            site.control.launch(*(boxed(name, "true") for name in names))
            outcomes: list[Outcome] = [await site.control.outcome(name) for name in names]
            assert {(outcome.exit_code, outcome.cause, outcome.message) for outcome in outcomes} == {
                (0, EndCause.EXITED, outcomes[0].message)
            }
            assert len(kept(site)) == 1
            assert not drafts(site)

    play(story())


def test_it_is_said_when_an_image_or_files_must_be_brought_first(layout: Path, tmp_path: Path) -> None:
    async def story() -> None:
        async with ship(layout) as site:
            wanted = tmp_path / "wanted"
            wanted.write_text("words")
            for name, fetch in (("first", ()), ("second", ()), ("third", (Fetch(f"file://{wanted}"),))):
                await told(site, boxed(name, "true", fetch=fetch))
            assert [said.run for said in site.control.said if said.preparing] == ["first", "third"]

    play(story())


def test_an_unknown_image_is_named() -> None:
    async def story() -> None:
        async with ship(Path("/nowhere")) as site:
            assert (
                await refusal(site, "acme/none:1")
                == "image 'acme/none:1' is not in the table [images] and names no registry"
            )
            assert "is not the name of an image" in await refusal(site, "Not An Image")
            assert "/nowhere is no image layout" in await refusal(site, PLAIN)

    play(story())


def test_a_harmed_layout_is_refused_and_heals(tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    digest = make_layout(folder, {"plain": {"Env": ["PATH=/bin"]}})["plain"]
    manifest = json.loads((folder / "blobs/sha256" / digest.partition(":")[2]).read_bytes())
    places = {
        name: folder / "blobs/sha256" / found.partition(":")[2]
        for name, found in {
            "manifest": digest,
            "config": manifest["config"]["digest"],
            "layer": manifest["layers"][0]["digest"],
        }.items()
    }

    async def story() -> None:
        async with ship(folder) as site:
            for name, place in places.items():
                whole = place.read_bytes()
                place.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
                message = await refusal(site, PLAIN)
                assert message.startswith(f"image '{PLAIN}' cannot be had: "), name
                assert not kept(site)
                place.write_bytes(whole)
            assert (await told(site, boxed("well", "true")))[0].exit_code == 0

    play(story())


def test_a_digest_is_held_to(layout: Path, tmp_path: Path) -> None:
    digests = make_layout(tmp_path / "two", {"a": {"Cmd": ["/bin/echo", "a"]}, "b": {"Cmd": ["/bin/echo", "b"]}})
    images = {"acme/two:a": f"oci:{tmp_path}/two:a", "acme/two:b": f"oci:{tmp_path}/two:b"}

    async def story() -> None:
        async with ship(layout, images=images) as site:
            assert (await told(site, boxed("b", image=f"acme/two@{digests['b']}")))[1] == "b\n"
            assert (await told(site, boxed("a", image=f"acme/two:a@{digests['a']}")))[1] == "a\n"
            wrong = f"acme/two@sha256:{'ab' * 32}"
            assert "is not the digest asked for" in await refusal(site, wrong)

    play(story())


def test_a_tag_that_moves_is_followed_in_a_layout(tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    make_layout(folder, {"plain": {"Cmd": ["/bin/echo", "one"]}})

    async def story() -> None:
        async with ship(folder) as site:
            assert (await told(site, boxed("a")))[1] == "one\n"
            make_layout(folder, {"plain": {"Cmd": ["/bin/echo", "two"]}})
            assert (await told(site, boxed("b")))[1] == "two\n"
            assert len(kept(site)) == 2

    play(story())


def test_a_digest_is_had_as_long_as_its_image_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "layout"
    first = make_layout(folder, {"plain": {"Cmd": ["/bin/echo", "one"]}})["plain"]

    async def story() -> None:
        async with ship(folder) as site:
            assert (await told(site, boxed("a")))[1] == "one\n"
            make_layout(folder, {"plain": {"Cmd": ["/bin/echo", "two"]}})
            assert (await told(site, boxed("b")))[1] == "two\n"
            assert (await told(site, boxed("c", image=f"{PLAIN}@{first}")))[1] == "one\n"

    play(story())


def test_images_come_from_a_registry(layout: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tags"
    make_layout(folder, {"one": {"Cmd": ["/bin/echo", "one"]}, "two": {"Cmd": ["/bin/echo", "two"]}})

    async def story(address: str) -> None:
        images = {"acme/far": f"registry:{address}/team/far"}
        async with ship(layout, images=images) as site:
            assert (await told(site, boxed("a", image="acme/far:1")))[1] == "one\n"
            push(folder, "two", f"{address}/team/far:1")
            assert (await told(site, boxed("b", image="acme/far:1")))[1] == "one\n"
            assert (await told(site, boxed("c", image="acme/far:1", force_pull=True)))[1] == "two\n"
            assert (await told(site, boxed("d", image="acme/far:1")))[1] == "two\n"
            assert (await told(site, boxed("e", image=f"{address}/team/far:1")))[1] == "two\n"
            digest = kept(site)[0].replace("-", ":", 1)
            assert (await told(site, boxed("f", image=f"acme/far@{digest}")))[0].exit_code == 0
            assert "cannot be had" in await refusal(site, "acme/far:none")
            assert "cannot be had" in await refusal(site, f"acme/far@sha256:{'ab' * 32}")

    with registry(tmp_path / "registry") as address:
        push(folder, "one", f"{address}/team/far:1")
        play(story(address))


def test_a_registry_that_is_gone_is_said(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout, images={"acme/far": "registry:127.0.0.1:9/far"}) as site:
            assert "connection refused" in await refusal(site, "acme/far:1")

    play(story())


def test_unused_images_go_by_age_and_size(layout: Path) -> None:
    async def story() -> None:
        async with ship(layout, image_age=0, collection_period=200_000) as site:
            site.control.launch(script("using", "echo ready; sleep 1000", grace=0))
            await site.control.runs("using")
            assert (await told(site, boxed("b", "true", image="acme/quits:1", entrypoint=())))[0].exit_code == 0
            held = kept(site)
            while len(kept(site)) != 1:
                await asyncio.sleep(0.02)
            assert kept(site)[0] in held
            assert (await told(site, boxed("c", "/bin/echo", "again", image="acme/quits:1", entrypoint=())))[
                1
            ] == "again\n"
            site.control.stop("using", 0)
            await site.control.outcome("using")
            while kept(site):
                await asyncio.sleep(0.02)

    play(story())


# ---- the store by itself ---------------------------------------------------------------------------------------


def alone(story: Coroutine[object, object, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 15))


def test_what_was_not_finished_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".draft-1-2-3" / "rootfs").mkdir(parents=True)

    async def story() -> None:
        ImageStore(tmp_path, {}).open()

    alone(story())
    assert [entry.name for entry in tmp_path.iterdir()] == ["names"]


def test_an_unreadable_record_means_bringing_it_again(layout: Path, tmp_path: Path) -> None:
    async def story() -> None:
        images = {"a:1": f"oci:{layout}:plain"}
        first = ImageStore(tmp_path, images)
        first.open()
        image = await first.ensure("a:1", "r")
        (Path(image.root).parent / "image.json").write_text("{")
        second = ImageStore(tmp_path, images)
        second.open()
        assert (await second.ensure("a:1", "r")).digest == image.digest
        assert json.loads((Path(image.root).parent / "image.json").read_text())["digest"] == image.digest

    alone(story())


def test_one_who_stops_waiting_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulls: list[str] = []
    gate = asyncio.Event()
    digest = f"sha256:{'cd' * 32}"

    async def name(source: object) -> str:
        return digest

    async def slow(source: object, wanted: str, folder: Path) -> ImageConfig:
        pulls.append(wanted)
        (folder / "rootfs").mkdir()
        (folder / "layout").mkdir()
        await gate.wait()
        return ImageConfig()

    monkeypatch.setattr(store_module, "name_digest", name)
    monkeypatch.setattr(store_module, "pull", slow)

    async def story() -> None:
        store = ImageStore(tmp_path, {"a:1": "oci:/l:1"})
        store.open()
        waiting = [asyncio.create_task(store.ensure("a:1", f"r{number}")) for number in range(3)]
        while not pulls:
            await asyncio.sleep(0)
        waiting[0].cancel()
        gate.set()
        images = await asyncio.gather(*waiting[1:])
        assert {image.digest for image in images} == {digest}
        assert pulls == [digest]
        store.release("r0")
        assert await store.collect(Instant(1 << 60), 0, 0) == []
        for run in ("r1", "r2"):
            store.release(run)
        assert await store.collect(Instant(1 << 60), 0, 0) == [digest]

    alone(story())
    assert list(tmp_path.iterdir()) == [tmp_path / "names"]


def test_a_missing_program_is_named(layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only = tmp_path / "bin"
    only.mkdir()
    found = shutil.which("skopeo")
    assert found is not None
    (only / "skopeo").symlink_to(found)
    monkeypatch.setenv("PATH", str(only))

    async def story() -> None:
        store = ImageStore(tmp_path / "images", {"a:1": f"oci:{layout}:plain"})
        store.open()
        with pytest.raises(ImageUnavailable, match="unpacking images needs 'umoci', which is not installed"):
            await store.ensure("a:1", "r")

    alone(story())
