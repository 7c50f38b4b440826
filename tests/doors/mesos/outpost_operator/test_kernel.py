"""What the kernel says of containers, from folders like its own and from the real ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from doors.mesos.outpost_operator.agent import play, resources
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Conflict, NotFound
from portico.domain.frames import Usage
from portico.doors.mesos.outpost.operator import attaching, kernel
from portico.doors.mesos.outpost.operator.kernel import Seen, leaders, look
from portico.doors.mesos.outpost.operator.statistics import Sample, statistics

NET = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0
  eth0: 100 10 1 2 0 0 0 0 200 20 3 4 0 0 0 0
  eth1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0
"""
SNMP = """Ip: Forwarding DefaultTTL InReceives
Ip: 1 64 77
Tcp: RtoAlgorithm CurrEstab Unheard
Tcp: 1 5 9
Udp: InDatagrams
Udp: 3
"""


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    place = tmp_path / "proc"
    write(
        place,
        {
            "7/net/dev": NET,
            "7/net/snmp": SNMP,
            "7/status": "voluntary_ctxt_switches:\t4\nnonvoluntary_ctxt_switches:\t2\n",
        },
    )
    for process, space in (("7", "net:[1]"), ("self", "net:[2]")):
        (place / process / "ns").mkdir(parents=True, exist_ok=True)
        (place / process / "ns/net").symlink_to(space)
    return place


def test_separate_hierarchies_are_read(proc: Path, tmp_path: Path) -> None:
    write(
        proc, {"7/cgroup": "4:memory:/slice/run\n3:cpuacct:/slice/run\n2:cpu:/slice/run\n1:pids:/slice/other\n0::/\n"}
    )
    groups = tmp_path / "groups"
    write(
        groups,
        {
            "memory/slice/run/memory.stat": "cache 1\ntotal_cache 10\ntotal_rss 20\ntotal_mapped_file 5\ntotal_unevictable 1\n",
            "memory/slice/run/memory.usage_in_bytes": "35\n",
            "memory/slice/run/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/slice/run/cgroup.procs": "7\n8\n",
            "memory/slice/run/tasks": "7\n8\n9\n",
            "cpuacct/slice/run/cpuacct.stat": "user 150\nsystem 50\n",
            "cpu/slice/run/cpu.stat": "nr_periods 8\nnr_throttled 2\nthrottled_time 1500000000\n",
        },
    )
    seen = look(7, "run", proc, groups)
    tick = os.sysconf("SC_CLK_TCK")
    assert seen.numbers["cpus_user_time_secs"] == 150 / tick
    assert seen.numbers["cpus_throttled_time_secs"] == 1.5
    assert (seen.numbers["mem_rss_bytes"], seen.numbers["mem_file_bytes"], seen.numbers["mem_total_bytes"]) == (
        20,
        10,
        35,
    )
    assert "mem_limit_bytes" not in seen.numbers
    assert (seen.numbers["processes"], seen.numbers["threads"]) == (2, 3)
    assert (seen.numbers["net_rx_bytes"], seen.numbers["net_tx_dropped"]) == (101, 4)
    assert seen.snmp["tcp"]["CurrEstab"] == 5
    assert seen.switches == 6
    message = statistics(2.0, Usage("run", 9), seen, resources(cpus=1, mem=1), Sample(1.0, 4, 1))
    assert (message.mem_rss_bytes, message.mem_limit_bytes, message.cpus_limit) == (20, 1 << 20, 1.0)
    assert (message.net_rx_packets, message.net_snmp_statistics.udp_stats.InDatagrams) == (11, 3)
    assert (message.perf.duration, message.perf.context_switches, message.perf.task_clock) == (1.0, 5, 0.005)


def test_the_one_hierarchy_is_read(proc: Path, tmp_path: Path) -> None:
    write(proc, {"7/cgroup": "0::/slice/run\n"})
    groups = tmp_path / "groups"
    write(
        groups,
        {
            "slice/run/memory.stat": "anon 20\nfile 10\nfile_mapped 5\n",
            "slice/run/memory.current": "35\n",
            "slice/run/memory.max": "max\n",
            "slice/run/cpu.stat": "usage_usec 3\nuser_usec 2000000\nsystem_usec 500000\nnr_periods 1\nnr_throttled 1\nthrottled_usec 250000\n",
            "slice/run/cgroup.threads": "7\n",
        },
    )
    numbers = look(7, "run", proc, groups).numbers
    assert (numbers["cpus_user_time_secs"], numbers["cpus_system_time_secs"]) == (2.0, 0.5)
    assert (numbers["cpus_throttled_time_secs"], numbers["threads"]) == (0.25, 1)
    assert (numbers["mem_rss_bytes"], numbers["mem_cache_bytes"], numbers["mem_total_bytes"]) == (20, 10, 35)


def test_what_is_gone_says_nothing(tmp_path: Path) -> None:
    assert look(7, "run", tmp_path, tmp_path) == Seen({}, {})
    assert leaders([], tmp_path / "none") == {}


def test_the_host_s_network_is_nobody_s(proc: Path, tmp_path: Path) -> None:
    (proc / "7/ns/net").unlink()
    (proc / "7/ns/net").symlink_to("net:[2]")
    assert look(7, "run", proc, tmp_path) == Seen({}, {}, 6)


def test_the_process_of_a_run_is_found_by_what_it_was_started_with() -> None:
    environment = {**os.environ, "PORTICO_RUN_ID": "found-by-its-environment"}
    with subprocess.Popen(["/bin/sleep", "100"], env=environment) as process:
        assert leaders(["found-by-its-environment", "another"]) == {"found-by-its-environment": process.pid}
        assert look(process.pid, "x").snmp == {}
        process.kill()


@given(st.text())
def test_any_table_is_read(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    place = tmp_path_factory.mktemp("table") / "file"
    place.write_bytes(text.encode(errors="replace"))
    assert all(isinstance(number, int) for number in kernel._table(place).values())


# ---- switchboards that are none ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"", NotFound),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", NotFound),
        (b"H\0\0\0\2xx", NotFound),
        (b"H\xff\xff\xff\xff", NotFound),
        (b"H\0\0\0\x15portico switchboard 1", NotFound),
        (b"H\0\0\0\x15portico switchboard 1N\0\0\0\2no", Conflict),
    ],
)
def test_whatever_listens_is_asked_nothing_before_it_greets(
    tmp_path: Path, said: bytes, error: type[Exception]
) -> None:
    async def story() -> None:
        heard = bytearray()
        over = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            with contextlib.suppress(OSError):
                writer.write_eof()
                while piece := await reader.read(100):
                    heard.extend(piece)
            writer.transport.abort()
            over.set()

        async with await asyncio.start_unix_server(serve, tmp_path / attaching.SOCKET):
            with pytest.raises(error):
                await attaching.attach(tmp_path, attaching.READER)
            await over.wait()
            await asyncio.sleep(0)
        assert bool(heard) == said.startswith(b"H\0\0\0\x15")

    play(story())


def test_a_sandbox_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    async def story() -> None:
        async with await asyncio.start_unix_server(lambda *_: None, tmp_path / attaching.SOCKET):
            link = tmp_path / "link"
            link.symlink_to(tmp_path)
            with pytest.raises(NotFound):
                await attaching.attach(link, attaching.READER)

    play(story())
