from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.frames import LaunchOrder
from portico.domain.identity import Instant, Micros
from portico.domain.runs import EndCause, Outcome, RunSpec, StopOrder, StopReason
from portico.node.charges import Charges, Stage, replay
from portico.node.journal import (
    Ended,
    Gone,
    Handle,
    Intent,
    Journal,
    Kept,
    Opened,
    Record,
    StopTold,
    decode_records,
    encode_record,
)

T = Instant(1_700_000_000_000_000)
names = st.sampled_from(["a", "b", "c"])
tokens = st.integers(1, 3)


def intent(run: str, token: int = 1, argv: tuple[str, ...] = ("true",)) -> Intent:
    return Intent(LaunchOrder(run=run, token=token, spec=RunSpec(argv=argv), grace=Micros(1)), f"g/{run}", T)


records = st.lists(
    st.one_of(
        st.builds(Opened, st.just("boot")),
        st.builds(intent, names, tokens, st.tuples(st.text(max_size=20))),
        st.builds(Handle, names, tokens, st.integers(1, 9999), st.integers(1, 9999), st.just(T)),
        st.builds(StopTold, names, tokens, st.just(StopOrder(StopReason.CANCELLED, T, Micros(5)))),
        st.builds(Ended, names, tokens, st.just(T), st.builds(Outcome, st.just(EndCause.EXITED), st.integers(0, 255))),
        st.builds(Kept, names, tokens, st.just(T)),
        st.builds(Gone, names),
    ),
    max_size=12,
)


@given(records)
def test_what_is_written_is_read(given_records: list[Record]) -> None:
    data = b"".join(map(encode_record, given_records))
    assert decode_records(data) == (given_records, 0)


@given(records, st.integers(0, 10_000))
def test_a_torn_end_costs_the_last_record_only(given_records: list[Record], cut: int) -> None:
    pieces = [encode_record(record) for record in given_records]
    data = b"".join(pieces)
    cut = min(cut, len(data))
    whole, size = 0, 0
    for piece in pieces:
        if size + len(piece) > cut:
            break
        size += len(piece)
        whole += 1
    read, damaged = decode_records(data[:cut])
    assert read == given_records[:whole]
    assert damaged == (0 if size == cut else 1)


@given(records.filter(lambda found: len(found) > 2), st.data())
def test_damage_inside_costs_what_it_hits(given_records: list[Record], data: st.DataObject) -> None:
    pieces = [encode_record(record) for record in given_records]
    hit = data.draw(st.integers(0, len(pieces) - 1))
    place = data.draw(st.integers(0, len(pieces[hit]) - 1))
    broken = bytearray(pieces[hit])
    broken[place] ^= 0xFF
    read, damaged = decode_records(b"".join([*pieces[:hit], bytes(broken), *pieces[hit + 1 :]]))
    assert damaged >= 1
    assert read == given_records[:hit] + given_records[hit + 1 :]


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(noise: bytes) -> None:
    found, damaged = decode_records(noise)
    assert damaged or not noise
    assert found == []


@given(records)
def test_compaction_says_the_same(given_records: list[Record]) -> None:
    charges, _ = replay(given_records)
    again, _ = replay([record for charge in charges for record in charge.records()])
    assert [_facts(charge) for charge in again] == [_facts(charge) for charge in charges]


def _facts(charge: object) -> tuple[object, ...]:
    names = ("run", "token", "stage", "pid", "start", "stop", "outcome", "ended_at", "order", "cgroup")
    return tuple(getattr(charge, name) for name in names)


def test_append_compact_and_reopen(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append([Opened("b"), intent("a")])
    journal.append([intent("b")])
    journal.compact([Opened("b"), intent("b")])
    journal.append([Kept("b", 1, T)])
    assert not journal.full
    journal.close()
    again = Journal(tmp_path / "journal")
    assert again.read() == ([Opened("b"), intent("b"), Kept("b", 1, T)], 0)
    again.close()


def test_replay_follows_a_run_through_its_life() -> None:
    order = StopOrder(StopReason.CANCELLED, T, Micros(5))
    outcome = Outcome(EndCause.EXITED, exit_code=3)
    story: list[Record] = [Opened("b1"), intent("r"), Handle("r", 1, 7, 8, T), StopTold("r", 1, order)]
    stages = [Stage.PREPARING, Stage.RUNNING, Stage.RUNNING]
    for length, stage in zip((2, 3, 4), stages, strict=True):
        (charge,), boot = replay(story[:length])
        assert (charge.stage, boot) == (stage, "b1")
    (charge,), _ = replay([*story, Ended("r", 1, T, outcome)])
    assert (charge.stage, charge.outcome, charge.pid, charge.stop) == (Stage.ENDED, outcome, 7, order)
    (charge,), _ = replay([*story, Ended("r", 1, T, outcome), Kept("r", 1, T)])
    assert (charge.stage, charge.outcome) == (Stage.KEPT, None)
    assert replay([*story, Gone("r")])[0] == []


def test_words_about_another_try_are_not_about_this_one() -> None:
    (charge,), _ = replay([intent("r", 1), intent("r", 2), Handle("r", 1, 7, 8, T)])
    assert (charge.token, charge.stage) == (2, Stage.PREPARING)


def test_the_table_knows_families_and_who_is_live() -> None:
    table = Charges()
    orders = [
        LaunchOrder(run="p", token=1, spec=RunSpec(), grace=Micros(1)),
        LaunchOrder(run="c", token=1, spec=RunSpec(), grace=Micros(1), parent="p", host="p"),
    ]
    charges, _ = replay([Intent(order, "", T) for order in orders])
    for charge in charges:
        table.add(charge)
    parent, child = charges
    assert table.children("p") == table.hosted("p") == [child]
    assert [fact.run for fact in table.facts()] == ["p", "c"]
    table.bind(child, 55)
    assert table.by_pidfd(55) is child
    assert table.unbind(child) == 55
    assert table.by_pidfd(55) is None
    table.end(child)
    assert table.children("p") == []
    assert table.live() == [parent]
    assert len(table) == 2
    table.remove("c")
    assert table.get("c") is None


def test_a_disk_that_takes_nothing_is_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.close()
    with pytest.raises(OSError, match="Bad file"):
        journal.append([Opened("b")])
