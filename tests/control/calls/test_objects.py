from __future__ import annotations

import asyncio
import hashlib
import os

import pytest
from calls.customer import Client, clear
from calls.stage import opened

from portico.control.calls.commands import ImportData, PutContent
from portico.control.calls.objects import SWEEP_SECONDS, remove_unnamed
from portico.control.calls.objects_in_files import FileObjects
from portico.control.calls.objects_in_memory import MemoryObjects
from portico.control.calls.queries import GetResult
from portico.domain.calls.values import SMALL
from portico.domain.errors import Conflict, NotFound

LARGE = b"0123456789abcdef" * (SMALL // 8)
NAME = hashlib.sha256(LARGE).hexdigest()


@pytest.fixture(params=["files", "memory"])
def objects(request, tmp_path):
    return FileObjects(tmp_path / "objects") if request.param == "files" else MemoryObjects()


def _names(folder):
    return [path.name for path in folder.iterdir()]


async def _store(objects, data, piece=1000):
    upload = objects.open()
    for start in range(0, len(data), piece):
        await upload.write(data[start : start + piece])
    content = await upload.finish()
    upload.discard()
    return content


def test_small_data_become_inline_and_large_ones_an_object(objects):
    async def story():
        small = await _store(objects, b"x" * SMALL)
        assert (small.inline, small.size, small.large) == (b"x" * SMALL, SMALL, "")
        assert (await _store(objects, b"")).inline == b""
        large = await _store(objects, LARGE)
        assert (large.inline, large.size, large.large) == (None, len(LARGE), NAME)
        assert await objects.read(NAME, 3, 5) == LARGE[3:8]
        assert await objects.read(NAME, len(LARGE) - 2, -1) == LARGE[-2:]
        assert await objects.read(NAME, len(LARGE), 9) == b""
        assert await objects.find(NAME.encode()) == large
        for name in ("0" * 64, "../etc/passwd", "r:x", ""):
            assert await objects.find(name.encode()) is None
            with pytest.raises(NotFound):
                await objects.read(name, 0, 1)

    asyncio.run(story())


def test_an_object_stays_as_long_as_somebody_may_name_it(objects):
    async def story():
        await _store(objects, LARGE)
        await _store(objects, LARGE)
        for left in (True, True, False):
            objects.doom([NAME])
            await objects.remove([NAME])
            assert (await _there(objects)) is left
            objects.named([NAME])

    asyncio.run(story())


def test_what_is_finished_while_somebody_looks_for_its_rows_stays(objects):
    async def story():
        await _store(objects, LARGE)
        objects.named([NAME])
        objects.doom([NAME])
        await _store(objects, LARGE)
        objects.named([NAME])
        await objects.remove([NAME])
        assert await _there(objects)

    asyncio.run(story())


async def _there(objects):
    try:
        await objects.read(NAME, 0, 1)
    except NotFound:
        return False
    return True


def test_halves_are_removed_at_the_start_and_by_their_uploader(tmp_path):
    async def story():
        objects = FileObjects(tmp_path)
        half, given_up = objects.open(), objects.open()
        await half.write(LARGE)
        await given_up.write(LARGE)
        assert len(_names(tmp_path)) == 2
        given_up.discard()
        assert len(_names(tmp_path)) == 1
        FileObjects(tmp_path)
        assert _names(tmp_path) == []
        half._file.close()

    asyncio.run(story())


def test_old_files_that_no_row_names_are_swept(tmp_path):
    async def story():
        async with opened() as stage:
            objects = stage.calls.objects = FileObjects(tmp_path)
            client = await Client.begin(stage)
            (result,) = await client.promise()
            content = await _store(objects, LARGE)
            await stage.plane.submit(PutContent(client.session, result, content))
            other = await _store(objects, LARGE[1:])
            objects.named([other.large])
            assert await objects.old(SWEEP_SECONDS) == []
            past = 1_000_000_000
            for name in (NAME, other.large):
                os.utime(tmp_path / name, (past, past))
            assert sorted(await objects.old(SWEEP_SECONDS)) == sorted([NAME, other.large])
            await remove_unnamed(stage.plane, await objects.old(SWEEP_SECONDS))
            assert _names(tmp_path) == [NAME]

    asyncio.run(story())


def test_files_go_with_the_last_result_that_names_them(tmp_path):
    async def story():
        async with opened() as stage:
            stage.calls.objects = FileObjects(tmp_path)
            client, other = await Client.begin(stage), await Client.begin(stage)
            results = []
            for owner in (client, client, other):
                (result,) = await owner.promise()
                await stage.plane.submit(PutContent(owner.session, result, await _store(stage.calls.objects, LARGE)))
                results.append(result)
            await client.delete_data(results[0], "nonsense")
            assert _names(tmp_path) == [NAME]
            assert await client.read(results[1]) == LARGE
            await client.change("close")
            await client.change("purge")
            await clear(stage)
            assert _names(tmp_path) == [NAME]
            await other.change("delete")
            await clear(stage)
            assert _names(tmp_path) == []

    asyncio.run(story())


def test_data_are_imported_by_opaque_id_or_from_a_folder(tmp_path):
    async def story():
        async with opened() as stage:
            (tmp_path / "in").mkdir()
            (tmp_path / "in" / "file").write_bytes(LARGE)
            (tmp_path / "secret").write_bytes(b"secret")
            stage.calls.objects = FileObjects(tmp_path / "objects", tmp_path / "in")
            client = await Client.begin(stage)
            (inline,) = await client.data(b"inline")
            one, two, three, four = await client.promise(4)

            async def take(*pairs):
                return await stage.plane.submit(ImportData(client.session, pairs))

            made = await take((one, f"r:{inline}".encode()), (two, b"file"))
            assert [(str(result.state), result.size, result.opaque) for result in made] == [
                ("completed", 6, f"r:{inline}".encode()),
                ("completed", len(LARGE), b"file"),
            ]
            await take((three, NAME.encode()))
            assert [await client.read(result) for result in (one, two, three)] == [b"inline", LARGE, LARGE]
            for opaque in (b"../secret", b"nothing", b"r:nothing", str(tmp_path / "secret").encode(), b"\xff"):
                with pytest.raises(NotFound, match="Opaque id was not found"):
                    await take((four, b"file"), (four, opaque))
            with pytest.raises(Conflict):
                await take((four, b"file"), (one, b"file"))
            with pytest.raises(NotFound, match="Result was not found"):
                await take(("nonsense", b"file"))
            assert await take() == []
            assert str((await stage.plane.ask(GetResult(four))).state) == "created"

    asyncio.run(story())
