"""Task folders: used again only when nothing is left in them, and full disks said so."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from portico.domain.errors import Exhausted, NotFound
from portico.doors.armonik.outpost.rooms import Rooms


def closed(rooms, room, *, in_order):
    async def scene():
        rooms.close(room, in_order=in_order)
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(scene())


def test_a_folder_is_used_again_when_its_task_ended_in_order(tmp_path):
    rooms = Rooms(tmp_path, 0)
    room = rooms.open("a")
    room.write("data", b"x")
    closed(rooms, room, in_order=True)
    assert rooms.open("b").path == room.path
    assert not list((tmp_path / "a").iterdir())


def test_data_in_hand_are_counted_and_become_files_when_they_are_wanted(tmp_path):
    room = Rooms(tmp_path, 10).open("a")
    room.hold("one", b"12345")
    room.carry(5)
    assert not list((tmp_path / "a").iterdir())
    assert room.held() == 10
    with pytest.raises(Exhausted, match="10 bytes"):
        room.hold("two", b"1")
    room.lay_down()
    assert (tmp_path / "a" / "one").read_bytes() == b"12345"
    assert room.held() == 5


def test_a_folder_that_no_worker_has_entered_is_used_again(tmp_path):
    rooms = Rooms(tmp_path, 0)
    room = rooms.open("a")
    room.hold("data", b"x")
    closed(rooms, room, in_order=True)
    assert rooms.open("b").path == room.path


@pytest.mark.parametrize("in_order", [True, False])
def test_a_folder_in_which_something_is_left_is_removed(tmp_path, in_order):
    rooms = Rooms(tmp_path, 0)
    room = rooms.open("a")
    room.entered = True
    (tmp_path / "a" / "scratch").mkdir()
    closed(rooms, room, in_order=in_order)
    assert not (tmp_path / "a").exists()
    assert rooms.open("b").path != room.path


def test_a_worker_in_a_container_sees_its_folder_elsewhere(tmp_path):
    room = Rooms(tmp_path, 0, Path("/cache/shared")).open("a")
    assert (room.path, room.seen) == (str(tmp_path / "a"), "/cache/shared/a")


def test_outputs_are_read_up_to_a_size(tmp_path):
    room = Rooms(tmp_path, 0).open("a")
    room.write("data", b"12345")
    assert room.read("data", 5) == b"12345"
    assert room.read("data", 4) is None


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.symlink_to("/etc/passwd"), os.mkdir])
def test_what_is_no_file_is_not_read(tmp_path, make):
    room = Rooms(tmp_path, 0).open("a")
    make(tmp_path / "a" / "data")
    with pytest.raises(NotFound, match="data"):
        room.read("data", 5)


def test_a_limit_counts_all_that_is_there(tmp_path):
    room = Rooms(tmp_path, 10).open("a")
    room.write("one", b"12345")
    (tmp_path / "a" / "deep").mkdir()
    (tmp_path / "a" / "deep" / "two").write_bytes(b"12345")
    room.entered = True
    assert not room.overfull()
    with pytest.raises(Exhausted, match="10 bytes"):
        room.write("three", b"1")


def test_what_a_file_does_not_take_on_disk_is_not_counted(tmp_path):
    room = Rooms(tmp_path, 1 << 20).open("a")
    room.entered = True
    with (tmp_path / "a" / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert not room.overfull()


def test_a_folder_no_worker_has_entered_is_known_without_a_look(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "walk", lambda _: pytest.fail("looked"))
    room = Rooms(tmp_path, 10).open("a")
    asyncio.run(room.append("one", b"12345", first=True))
    room.write("two", b"1234")
    assert room.held() == 9
    with pytest.raises(Exhausted, match="10 bytes"):
        room.hold("three", b"12")


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    room = Rooms(tmp_path, 0).open("a")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Exhausted, match="data cannot be written into the task's folder: the disk is full"):
        room.write("data", b"x")
