from __future__ import annotations

import os
import queue
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from node.control import order, shell

from portico.node import processes
from portico.node.cgroup_contract import NoCgroups
from portico.node.sandbox import Sandboxes
from portico.node.spawn_call import SpawnCall
from portico.node.spawner import UNDER_WAY, Launching, Spawned, Spawner


class Shop:
    """A spawner with somebody who waits for it."""

    def __init__(self, root: Path) -> None:
        self.sandboxes = Sandboxes(root)
        self.bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.spawner = Spawner("n", self.sandboxes, NoCgroups("none"), "", lambda: self.bell.put(None))
        self.spawner.start()

    def take(self, count: int) -> list[Spawned]:
        taken: list[Spawned] = []
        while len(taken) < count:
            self.bell.get(timeout=10)
            taken += self.spawner.take()
        return taken

    def output(self, run: str, done: Spawned) -> bytes:
        os.waitpid(done.pid, 0)
        return self.sandboxes.head(run, "stdout", 1000)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "sandboxes")
    yield shop
    shop.spawner.close()
    shop.sandboxes.close()


def launching(run: str, script: str, **rest: object) -> Launching:
    return Launching(shell(run, script, **rest), "", "")


def test_a_process_is_born_in_its_place(shop: Shop, tmp_path: Path) -> None:
    here, umask = Path.cwd(), os.umask(0o022)
    assert shop.spawner.submit(launching("a", "pwd; umask", working_directory=str(tmp_path), umask=0o027)) is None
    assert not shop.spawner.idle
    (done,) = shop.take(1)
    assert shop.spawner.idle
    assert done.start == processes.start_time(done.pid)
    assert shop.output("a", done) == f"{tmp_path}\n0027\n".encode()
    assert shop.spawner.submit(launching("b", "pwd; umask")) is None
    (done,) = shop.take(1)
    assert shop.output("b", done) == f"{tmp_path}/sandboxes/b\n0022\n".encode()
    assert Path.cwd() == here
    os.umask(umask)


def test_nothing_of_ours_is_inherited(shop: Shop) -> None:
    held = os.open(os.devnull, os.O_RDONLY)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    script = f"test -e /proc/$$/fd/{held} || echo closed; sed -En 's/^Sig(Blk|Ign):\\t//p' /proc/self/status"
    assert shop.spawner.submit(launching("a", script)) is None
    (done,) = shop.take(1)
    closed, blocked, ignored = shop.output("a", done).split()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    os.close(held)
    assert closed == b"closed"
    assert int(blocked, 16) == 0
    assert not int(ignored, 16) & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1))


def test_what_cannot_be_started_is_said(shop: Shop, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_bytes(b"\x7fELF no program at all")
    text.chmod(0o755)
    at_once = [
        Launching(order("nul", "/bin/echo", "a\0b"), "", ""),
        Launching(order("absent", "absent-program"), "", ""),
        Launching(order("odd/name", "/bin/true"), "", ""),
    ]
    for one, words in zip(at_once, ("NUL", "no such program", "odd/name"), strict=True):
        failed = shop.spawner.submit(one)
        assert failed is not None
        assert words in failed.error
    assert shop.spawner.idle
    assert shop.spawner.submit(Launching(order("format", str(text)), "", "")) is None
    assert shop.spawner.submit(launching("nowhere", "true", working_directory="/no/where")) is None
    errors = {done.run: done.error for done in shop.take(2)}
    assert errors == {"format": f"{text}: Exec format error", "nowhere": "no such working directory: /no/where"}


def test_many_are_made_in_order_and_no_file_stays_open(shop: Shop) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(UNDER_WAY):
        assert shop.spawner.submit(launching(f"r{number}", "exit 0")) is None
    assert shop.spawner.room == 0
    done = shop.take(UNDER_WAY)
    assert [one.run for one in done] == [f"r{number}" for number in range(UNDER_WAY)]
    for one in done:
        assert os.waitpid(one.pid, 0)[1] == 0
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_ends_the_thread_is_raised_where_it_is_noticed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: SpawnCall) -> tuple[int, int]:
        raise MemoryError("none left")

    monkeypatch.setattr(SpawnCall, "make", broken)
    assert shop.spawner.submit(launching("a", "true")) is None
    shop.bell.get(timeout=10)
    with pytest.raises(MemoryError, match="none left"):
        shop.spawner.take()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a Run as another user")
def test_a_run_of_another_user_keeps_its_variables_from_what_still_has_our_rights(shop: Shop) -> None:
    script = "id -un; echo $LD_PRELOAD; tr '\\0' '\\n' < /proc/$$/environ | grep -c LD_PRELOAD"
    told = shell("r", script, user="nobody", environment={"LD_PRELOAD": "/nowhere.so"})
    assert shop.spawner.submit(Launching(told, "", "")) is None
    (done,) = shop.take(1)
    assert shop.output("r", done) == b"nobody\n/nowhere.so\n1\n"
    complaints = shop.sandboxes.head("r", "stderr", 10_000).count(b"/nowhere.so")
    assert complaints >= 1  # the program itself was told to load it
    assert complaints <= 4  # sh, id, tr and grep: neither env nor setpriv
