from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from portico.node import reaped
from portico.node.reaped import Reaped, ReapedLog, ReapedReader, parse_line


def record(number: int) -> Reaped:
    return Reaped(number, 10 * number, -9, 5, 6, 7)


def test_what_the_keeper_writes_the_agent_reads_once(tmp_path: Path) -> None:
    log, reader = ReapedLog(str(tmp_path)), ReapedReader(str(tmp_path))
    assert reader.read() == []
    log.append(record(1))
    log.append(record(2))
    assert reader.read() == [record(1), record(2)]
    assert reader.read() == []
    log.append(record(3))
    assert reader.read() == [record(3)]
    assert ReapedReader(str(tmp_path)).read() == [record(1), record(2), record(3)]


def test_without_a_keeper_there_is_nothing(tmp_path: Path) -> None:
    assert ReapedReader(str(tmp_path)).read() == []


def test_a_torn_line_of_a_dead_keeper_spoils_nothing(tmp_path: Path) -> None:
    ReapedLog(str(tmp_path)).append(record(1))
    with (tmp_path / "reaped").open("ab") as file:
        file.write(b"12 34 0 1 2 17")
    reader = ReapedReader(str(tmp_path))
    assert reader.read() == [record(1)]
    ReapedLog(str(tmp_path)).append(record(2))
    assert reader.read() == [record(2)]
    assert ReapedReader(str(tmp_path)).read() == [record(1), record(2)]


def test_rotation_loses_nothing_to_a_reader_that_keeps_up(tmp_path: Path) -> None:
    log, reader = ReapedLog(str(tmp_path)), ReapedReader(str(tmp_path))
    log.append(record(1))
    assert reader.read() == [record(1)]
    count = reaped.ROTATE_AT // len(" ".join(map(str, record(1234))) + " .\n") + 5000
    for number in range(2, count):
        log.append(record(1000 + number % 5000))
    assert (tmp_path / "reaped.1").exists()
    assert len(reader.read()) == count - 2
    assert len(ReapedReader(str(tmp_path)).read()) == count - 1


@given(st.binary(max_size=60).filter(lambda line: b"\n" not in line))
def test_a_line_is_a_record_or_nothing(line: bytes) -> None:
    found = parse_line(line)
    assert found is None or len(found) == 6
