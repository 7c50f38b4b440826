from __future__ import annotations

import os
import select
import signal
import threading
from pathlib import Path

from portico.node import processes
from portico.node.processes import Watch


def spawn(*argv: str) -> int:
    return os.posix_spawn(argv[0], argv, dict(os.environ), setsid=True)


def test_a_peek_tells_and_leaves_the_dead_alone() -> None:
    pid = spawn("/bin/sh", "-c", "exit 3")
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    for _ in range(2):
        death = processes.peek(pid)
        assert death is not None
        assert (death.pid, death.code) == (pid, 3)
        assert death.cpu_micros > 0
        assert death.peak_memory > 100_000
    processes.reap(pid)
    assert processes.peek(pid) is None
    processes.reap(pid)


def test_a_peek_tells_the_signal() -> None:
    pid = spawn("/bin/sleep", "100")
    assert processes.peek(pid) is None
    assert processes.signal_group(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    death = processes.peek(pid)
    assert death is not None
    assert death.code == -9
    processes.reap(pid)
    assert not processes.signal_group(pid, signal.SIGKILL)


def test_a_pid_is_known_by_its_start() -> None:
    own = processes.start_time(os.getpid())
    assert own > 0
    fd = processes.open_process(os.getpid(), own)
    assert fd is not None
    os.close(fd)
    assert processes.open_process(os.getpid(), own + 1) is None
    pid = spawn("/bin/true")
    os.waitpid(pid, 0)
    assert processes.start_time(pid) == 0
    assert processes.open_process(pid, 1) is None


def test_a_process_is_found_by_parent_session_and_environment() -> None:
    pid = os.posix_spawn("/bin/sleep", ["sleep", "100"], {"PORTICO_RUN_ID": "r"}, setsid=True)
    stat = processes.read_stat(pid)
    assert stat is not None
    assert (stat.parent, stat.session, stat.group) == (os.getpid(), pid, pid)
    assert pid in processes.children(os.getpid())
    while not processes.environment(pid):
        os.sched_yield()  # the program is loaded, its stack is not yet laid out
    assert processes.environment(pid) == {b"PORTICO_RUN_ID": b"r"}
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert processes.children(pid) == []
    assert processes.environment(pid) == {}


def test_the_watch_tells_each_death_once() -> None:
    watch = Watch()
    pid = spawn("/bin/sleep", "100")
    fd = os.pidfd_open(pid)
    watch.add(fd)
    assert watch.dead() == []
    os.kill(pid, signal.SIGKILL)
    select.select([watch.fileno()], [], [])
    assert watch.dead() == [fd]
    assert watch.dead() == []
    os.close(fd)
    processes.reap(pid)
    watch.close()


def test_a_thread_may_have_a_directory_of_its_own(tmp_path: Path) -> None:
    before = Path.cwd()
    inside: list[Path] = []

    def work() -> None:
        processes.unshare_directory()
        os.chdir(tmp_path)
        inside.append(Path.cwd())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [tmp_path]
    assert Path.cwd() == before


def test_signals_have_names() -> None:
    assert processes.signal_name(9) == "SIGKILL"
    assert processes.signal_name(63) == "signal 63"
    assert len(processes.boot_id()) == 36
