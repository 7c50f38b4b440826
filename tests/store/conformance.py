"""What every store must do. A store's test module subclasses `Conformance` and provides the fixture `home`."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from store.records import Home, gone, ids, note, reading, run, where, write

from portico.domain.errors import AlreadyExists, Compacted, Conflict, Invalid
from portico.domain.identity import Revision
from portico.store.port import Batch, Change, Condition, Operator, Prune, PruneEvents, Row, Select, StoredEvent

EVERYTHING = Select("runs")
AWKWARD = (
    "",
    "a",
    "A",
    "%",
    "_",
    "*",
    "[a]",
    "a%b",
    "a_b",
    "'; DROP TABLE runs; --",
    '"',
    "\\",
    "é",
    "日本",
    "a\0b",
    "\U0010ffff",
    "\ud7ff",
)


class Conformance:
    """Tests of the port, for any store."""

    def test_a_new_store_is_empty(self, home: Home) -> None:
        with reading(home.store) as reader:
            assert reader.last_revision() == 0
            assert reader.select(EVERYTHING) == []
            assert reader.count(EVERYTHING) == 0
            assert reader.events(Revision(0), 10) == []
            assert reader.get("runs", "r1") is None
            assert list(reader.active("runs")) == []

    def test_what_was_written_is_read(self, home: Home) -> None:
        write(home.store, run(1, "r1", body=b"\0\xff"), note(2, "n1"))
        with reading(home.store) as reader:
            assert reader.get("runs", "r1") == Row("r1", Revision(1), b"\0\xff")
            assert reader.get("notes", "n1") == Row("n1", Revision(2), b"note")
            assert reader.last_revision() == 2

    def test_the_last_of_several_changes_stays_and_all_are_logged(self, home: Home) -> None:
        write(home.store, run(1, "r1", body=b"1"), run(2, "r1", body=b"2"), gone(3, "r1"), run(4, "r1", body=b"4"))
        with reading(home.store) as reader:
            assert reader.get("runs", "r1") == Row("r1", Revision(4), b"4")
            assert [event.body for event in reader.events(Revision(0), 10)] == [b"1", b"2", None, b"4"]

    def test_a_row_removed_at_the_end_of_its_batch_is_gone(self, home: Home) -> None:
        write(home.store, run(1, "r1"), run(2, "r2"))
        write(home.store, run(3, "r1"), gone(4, "r1"), gone(5, "never"))
        assert ids(home.store, EVERYTHING) == ["r2"]

    def test_an_overwritten_row_is_found_by_its_new_columns_only(self, home: Home) -> None:
        write(home.store, run(1, "r1", state="RUNNING"))
        write(home.store, run(2, "r1", state="DONE", live=0))
        assert ids(home.store, where(("state", Operator.EQ, "RUNNING"))) == []
        assert ids(home.store, where(("state", Operator.EQ, "DONE"))) == ["r1"]
        with reading(home.store) as reader:
            assert list(reader.active("runs")) == []

    def test_active_gives_marked_rows_by_id_and_whole_tables_without_a_mark(self, home: Home) -> None:
        write(
            home.store,
            run(1, "r3"),
            run(2, "r1"),
            run(3, "r2", live=0),
            run(4, "r4", live=None),
            note(5, "n2"),
            note(6, "n1"),
        )
        with reading(home.store) as reader:
            assert [row.id for row in reader.active("runs")] == ["r1", "r3"]
            assert [row.id for row in reader.active("notes")] == ["n1", "n2"]

    def test_active_shows_the_state_at_the_call(self, home: Home) -> None:
        write(home.store, *(run(n, f"r{n}") for n in range(1, 4)))
        with reading(home.store) as reader:
            rows = reader.active("runs")
            write(home.store, gone(4, "r2"), run(5, "r9"))
            assert [row.id for row in rows] == ["r1", "r2", "r3"]
            assert [row.id for row in reader.active("runs")] == ["r1", "r3", "r9"]

    def test_order_puts_null_first_and_ends_by_id(self, home: Home) -> None:
        write(
            home.store,
            run(1, "c", priority=2),
            run(2, "b", priority=None),
            run(3, "a", priority=2),
            run(4, "d", priority=-1),
        )
        assert ids(home.store, Select("runs", order=(("priority", True),))) == ["b", "d", "a", "c"]
        assert ids(home.store, Select("runs", order=(("priority", False),))) == ["a", "c", "d", "b"]
        assert ids(home.store, Select("runs", order=(("priority", False), ("id", False)))) == ["c", "a", "d", "b"]
        assert ids(home.store, Select("runs", order=(("revision", False),))) == ["d", "a", "b", "c"]

    def test_a_page_is_cut_from_the_order(self, home: Home) -> None:
        write(home.store, *(run(n, f"r{n}") for n in range(1, 6)))
        assert ids(home.store, Select("runs", limit=2, offset=1)) == ["r2", "r3"]
        assert ids(home.store, Select("runs", offset=3)) == ["r4", "r5"]
        assert ids(home.store, Select("runs", limit=0)) == []
        with reading(home.store) as reader:
            assert reader.count(Select("runs", limit=2, offset=1)) == 5

    def test_alternatives_are_joined_by_or_and_conditions_by_and(self, home: Home) -> None:
        write(
            home.store,
            run(1, "r1", job="a", priority=1),
            run(2, "r2", job="a", priority=2),
            run(3, "r3", job="b", priority=1),
        )
        both = Select(
            "runs",
            (
                (Condition("job", Operator.EQ, "a"), Condition("priority", Operator.GE, 2)),
                (Condition("job", Operator.EQ, "b"),),
            ),
        )
        assert ids(home.store, both) == ["r2", "r3"]
        assert ids(home.store, Select("runs", ((), (Condition("job", Operator.EQ, "b"),)))) == ["r1", "r2", "r3"]

    def test_thousands_of_alternatives_are_no_trouble(self, home: Home) -> None:
        write(home.store, *(run(n, f"r{n:04}", priority=n) for n in range(1, 101)))
        by_id = Select("runs", tuple((Condition("id", Operator.EQ, f"r{n:04}"),) for n in range(2, 20_001, 2)))
        assert len(ids(home.store, by_id)) == 50
        by_range = Select(
            "runs",
            tuple(
                (Condition("priority", Operator.LE, n), Condition("priority", Operator.GE, n)) for n in range(51, 2051)
            ),
        )
        assert len(ids(home.store, by_range)) == 50

    def test_null_answers_only_to_ne_and_to_none(self, home: Home) -> None:
        write(home.store, run(1, "null", job=None), run(2, "text", job="x"))
        matching = {operator: ids(home.store, where(("job", operator, "x"))) for operator in Operator}
        assert matching == {
            Operator.EQ: ["text"],
            Operator.NE: ["null"],
            Operator.LT: [],
            Operator.LE: ["text"],
            Operator.GT: [],
            Operator.GE: ["text"],
            Operator.CONTAINS: ["text"],
            Operator.NOT_CONTAINS: [],
            Operator.STARTS_WITH: ["text"],
            Operator.ENDS_WITH: ["text"],
        }
        assert ids(home.store, where(("job", Operator.EQ, None))) == ["null"]
        assert ids(home.store, where(("job", Operator.NE, None))) == ["text"]

    @pytest.mark.parametrize("value", AWKWARD)
    def test_text_is_compared_as_it_is(self, home: Home, value: str) -> None:
        stored = sorted({*AWKWARD, *(f"x{text}y" for text in AWKWARD), *(f"{text}y" for text in AWKWARD)})
        write(home.store, *(run(n + 1, f"{n:03}", job=text) for n, text in enumerate(stored)))
        expected = {
            Operator.EQ: [text == value for text in stored],
            Operator.NE: [text != value for text in stored],
            Operator.LT: [text < value for text in stored],
            Operator.LE: [text <= value for text in stored],
            Operator.GT: [text > value for text in stored],
            Operator.GE: [text >= value for text in stored],
            Operator.CONTAINS: [value in text for text in stored],
            Operator.NOT_CONTAINS: [value not in text for text in stored],
            Operator.STARTS_WITH: [text.startswith(value) for text in stored],
            Operator.ENDS_WITH: [text.endswith(value) for text in stored],
        }
        for operator, hits in expected.items():
            wanted = [f"{n:03}" for n, hit in enumerate(hits) if hit]
            assert ids(home.store, where(("job", operator, value))) == wanted, operator

    @pytest.mark.parametrize(
        "query",
        [
            Select("nothing"),
            Select("runs; DROP TABLE runs"),
            where(("nope", Operator.EQ, "x")),
            where(('job" OR 1=1 --', Operator.EQ, "x")),
            where(("body", Operator.EQ, "x")),
            where(("job", Operator.EQ, 1)),
            where(("priority", Operator.EQ, "1")),
            where(("priority", Operator.CONTAINS, "1")),
            where(("job", Operator.LT, None)),
            where(("job", Operator.EQ, "\ud800")),
            where(("priority", Operator.EQ, 1 << 63)),
            Select("runs", order=(("nope", True),)),
            Select("runs", order=(("id; DROP TABLE runs", True),)),
            Select("runs", limit=-2),
            Select("runs", offset=-1),
            Select("runs", ((Condition("id", Operator.EQ, "x"),),) * 30_001),
        ],
        ids=lambda query: str(query)[:100],
    )
    def test_a_select_that_makes_no_sense_is_invalid(self, home: Home, query: Select) -> None:
        with reading(home.store) as reader:
            with pytest.raises(Invalid):
                reader.select(query)
            with pytest.raises(Invalid):
                reader.count(query)
        with pytest.raises(Invalid):
            home.store.write(Batch((), (Prune(query),)))

    @pytest.mark.parametrize(
        "change",
        [
            Change(Revision(2), 0, "nothing", "x"),
            Change(Revision(2), 0, "runs", "x", ("j",), b""),
            Change(Revision(2), 0, "runs", "x", (1, "s", 0, 1), b""),
            Change(Revision(2), 0, "runs", "x", ("j", "s", "0", 1), b""),
            Change(Revision(2), 0, "runs", "x", ("j", "s", 1 << 63, 1), b""),
            Change(Revision(2), 0, "runs", "\udfff", ("j", "s", 0, 1), b""),
            Change(Revision(1 << 63), 0, "notes", "x", (), b""),
        ],
        ids=str,
    )
    def test_a_batch_with_one_bad_change_writes_nothing(self, home: Home, change: Change) -> None:
        with pytest.raises(Invalid):
            write(home.store, run(1, "r1"), change)
        with reading(home.store) as reader:
            assert reader.get("runs", "r1") is None
            assert reader.last_revision() == 0
            assert reader.events(Revision(0), 10) == []

    def test_revisions_only_rise(self, home: Home) -> None:
        write(home.store, run(5, "r1"))
        for changes in [(run(5, "r2"),), (run(7, "r2"), run(6, "r3")), (run(4, "r2", logged=False),)]:
            with pytest.raises(Conflict):
                write(home.store, *changes)
        assert ids(home.store, EVERYTHING) == ["r1"]

    def test_events_come_in_order_by_scope_and_in_pages(self, home: Home) -> None:
        write(home.store, run(1, "r1", scope="a", body=b"x"), note(2, "n1", scope="b"), note(3, "n2", logged=False))
        write(home.store, gone(4, "r1", scope="a"), note(9, "n3"))
        with reading(home.store) as reader:
            every = reader.events(Revision(0), 10)
            assert [event.revision for event in every] == [1, 2, 4, 9]
            assert every[0] == StoredEvent(Revision(1), 10, "runs", "r1", "a", b"x")
            assert every[2].body is None
            assert reader.events(Revision(0), 10, "a") == [every[0], every[2]]
            assert reader.events(Revision(1), 10, "a") == [every[2]]
            assert reader.events(Revision(1), 2) == [every[1], every[2]]
            assert reader.events(Revision(2), 0) == []
            assert reader.events(Revision(1 << 64), 5) == []
            assert reader.events(Revision(0), 10, "\ud800") == []
            assert reader.get("runs", "\ud800") is None

    def test_an_unlogged_change_counts_for_the_last_revision(self, home: Home) -> None:
        write(home.store, note(7, "n1", logged=False))
        with reading(home.reopen()) as reader:
            assert reader.last_revision() == 7

    def test_pruned_events_are_compacted_and_the_last_revision_survives(self, home: Home) -> None:
        write(home.store, *(note(n, "n1") for n in range(1, 6)))
        home.store.write(Batch((), (PruneEvents(Revision(3)),)))
        home.store.write(Batch((), (PruneEvents(Revision(2)),)))
        with reading(home.store) as reader:
            assert [event.revision for event in reader.events(Revision(3), 10)] == [4, 5]
            for scope in ("", "any"):
                with pytest.raises(Compacted, match="after revision 3"):
                    reader.events(Revision(2), 10, scope)
        home.store.write(Batch((), (PruneEvents(Revision(99)),)))
        while home.store.tidy():
            pass
        with reading(home.crash()) as reader:
            assert reader.last_revision() == 5
            assert reader.events(Revision(5), 10) == []
            with pytest.raises(Compacted):
                reader.events(Revision(4), 10)
        with pytest.raises(Conflict):
            write(home.store, note(5, "n2"))
        write(home.store, note(6, "n2"))

    def test_a_prune_deletes_the_first_rows_in_order_without_events(self, home: Home) -> None:
        write(home.store, *(run(n, f"r{n}", priority=-n, live=n % 2) for n in range(1, 7)))
        old = Select("runs", ((Condition("live", Operator.EQ, 0),),), (("priority", True),), limit=2)
        home.store.write(Batch((run(7, "r7"),), (Prune(old),)))
        assert ids(home.store, EVERYTHING) == ["r1", "r2", "r3", "r5", "r7"]
        home.store.write(Batch((), (Prune(Select("runs", order=(("id", False),), offset=3)),)))
        assert ids(home.store, EVERYTHING) == ["r3", "r5", "r7"]
        with reading(home.store) as reader:
            assert len(reader.events(Revision(0), 99)) == 7

    def test_a_snapshot_holds_one_state(self, home: Home) -> None:
        write(home.store, run(1, "r1"))
        with reading(home.store) as reader:
            with reader.snapshot():
                write(home.store, run(2, "r2"), gone(3, "r1"))
                assert [row.id for row in reader.select(EVERYTHING)] == ["r1"]
                assert reader.count(EVERYTHING) == 1
                assert reader.get("runs", "r2") is None
                assert reader.last_revision() == 1
                assert len(reader.events(Revision(0), 9)) == 1
                with pytest.raises(Conflict), reader.snapshot():
                    pass
            assert [row.id for row in reader.select(EVERYTHING)] == ["r2"]

    def test_a_reader_in_another_thread_sees_whole_batches(self, home: Home) -> None:
        write(home.store, note(1, "a", b"0"), note(2, "b", b"0"))
        seen: list[set[bytes]] = []
        ready, done = threading.Event(), threading.Event()

        def watch() -> None:
            with reading(home.store) as reader:
                while not done.is_set():
                    seen.append({row.body for row in reader.select(Select("notes"))})
                    ready.set()

        thread = threading.Thread(target=watch)
        thread.start()
        ready.wait()
        for n in range(100):
            write(home.store, note(3 + 2 * n, "a", b"%d" % n), note(4 + 2 * n, "b", b"%d" % n))
        done.set()
        thread.join()
        assert seen
        assert all(len(bodies) == 1 for bodies in seen)

    def test_everything_survives_a_reopen_and_a_crash(self, home: Home) -> None:
        write(home.store, run(1, "r1"), note(2, "n1"))
        for reopen in (home.reopen, home.crash):
            with reading(reopen()) as reader:
                assert reader.get("runs", "r1") == Row("r1", Revision(1), b"body")
                assert [event.revision for event in reader.events(Revision(0), 9)] == [1, 2]

    def test_a_backup_overwrites_nothing(self, home: Home, tmp_path: Path) -> None:
        write(home.store, run(1, "r1"))
        target = tmp_path / "copy"
        home.store.backup(str(target))
        kept = target.read_bytes()
        with pytest.raises(AlreadyExists, match="copy exists"):
            home.store.backup(str(target))
        assert target.read_bytes() == kept
        with pytest.raises(Invalid):
            home.store.backup(str(tmp_path / "none" / "copy"))
        assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == ["copy"]
