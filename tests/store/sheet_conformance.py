"""What every store must do with sheets. A store's test module subclasses it and provides the fixture `home`."""

from __future__ import annotations

import pytest
from store.records import SHEETS, Home, attempt, bulk, note, numbers, reading, run, write

from portico.domain.errors import Conflict, Invalid
from portico.domain.identity import Revision
from portico.store.port import Batch, Operator
from portico.store.sheets import (
    FEW,
    Assign,
    Bulk,
    BulkChange,
    Cell,
    Contains,
    Erase,
    EraseWhere,
    Extend,
    Field,
    Insert,
    SheetQuery,
    Test,
    extend,
)

EVERYTHING = SheetQuery("tries")
MOST = (1 << 48) - 1


def tries(*rows: tuple[Cell, ...]) -> Insert:
    return Insert("tries", rows)


def which(*tests: Test | Contains, order: tuple[tuple[Field, bool], ...] = ()) -> SheetQuery:
    return SheetQuery("tries", (tests,), order=order)


def is_(column: str, value: str | int | None, operator: Operator = Operator.EQ) -> Test:
    return Test(Field(column), operator, value)


class SheetConformance:
    """Tests of the words of `sheets`, for any store."""

    def test_a_new_sheet_is_empty(self, home: Home) -> None:
        with reading(home.store) as reader:
            assert reader.rows(EVERYTHING, (Field("number"),)) == []
            assert reader.rows_by_number("tries", (1, 2), ("state",)) == []
            assert reader.count_rows(EVERYTHING) == 0
            assert reader.tally(EVERYTHING, (Field("state"),)) == []
            assert reader.count_distinct(EVERYTHING, (Field("state"),)) == 0
            assert reader.last_number("tries") == 0

    def test_what_was_inserted_is_read_whatever_it_holds(self, home: Home) -> None:
        odd = (5, -1, (1 << 63) - 1, None, "", "a\0b\U0010ffff", b"\0\xff", -(1 << 63), 0)
        write(home.store, bulk(1, tries(attempt(MOST), odd, (0, *[None] * 8))))
        for reopen in (home.reopen, home.crash):
            with reading(reopen()) as reader:
                columns = ("owner", "state", "terms", "alias", "label", "data", "begun_at", "ended_at")
                assert reader.rows_by_number("tries", (MOST, 9, 5, 5, 0), columns) == [
                    (0, *[None] * 8),
                    odd,
                    attempt(MOST),
                ]
                assert reader.last_number("tries") == MOST
                assert reader.last_revision() == 1

    @pytest.mark.parametrize("count", [0, 1, 3, 255, 256, 257, 1000])
    def test_a_stretch_of_rows_is_added(self, home: Home, count: int) -> None:
        stretch = range(1, count + 1)
        each = {"label": [f"l{n}" for n in stretch], "data": [None if n % 3 else bytes(n % 7) for n in stretch]}
        write(home.store, bulk(1, Extend("tries", stretch, {"owner": 7, "alias": None, "begun_at": -1}, each)))
        columns = ("owner", "state", "alias", "label", "data", "begun_at")
        with reading(home.reopen()) as reader:
            assert reader.rows_by_number("tries", list(stretch), columns) == [
                (n, 7, None, None, f"l{n}", None if n % 3 else bytes(n % 7), -1) for n in stretch
            ]

    def test_a_stretch_takes_no_number_twice(self, home: Home) -> None:
        write(home.store, bulk(1, Extend("tries", [1, 2], {}, {})))
        for taken in ([2, 3], [4, 4]):
            with pytest.raises(Conflict, match="'tries' is taken"):
                write(home.store, bulk(2, Extend("tries", taken, {}, {"owner": [1, 1]})))
        assert numbers(home.store, EVERYTHING) == [1, 2]

    @pytest.mark.parametrize("count", [FEW, FEW + 1])
    def test_rows_are_added_alike_however_many_they_are(self, home: Home, count: int) -> None:
        (sheet,) = (one for one in SHEETS if one.name == "tries")
        change = extend(sheet, range(count), {"owner": 7}, {"label": ["l"] * count})
        assert isinstance(change, Extend if count > FEW else Insert)
        write(home.store, bulk(1, change))
        with reading(home.store) as reader:
            assert reader.rows(EVERYTHING, [Field("owner"), Field("label"), Field("state")]) == [(7, "l", None)] * count

    def test_blobs_are_each_written_and_weighed_though_all_are_alike(self, home: Home) -> None:
        (sheet,) = (one for one in SHEETS if one.name == "tries")
        change = extend(sheet, range(FEW + 1), {"owner": 7}, {"data": [bytes(2048)] * (FEW + 1)})
        assert isinstance(change, Extend)
        assert list(change.each) == ["data"]
        assert bulk(1, change).weight == 3 * (FEW + 1)
        write(home.store, bulk(1, change))
        with reading(home.store) as reader:
            assert reader.rows(EVERYTHING, [Field("data")]) == [(bytes(2048),)] * (FEW + 1)

    @pytest.mark.parametrize("count", [1, 3, 255, 256, 257, 1000])
    def test_many_rows_are_added_changed_and_removed(self, home: Home, count: int) -> None:
        write(home.store, bulk(1, tries(*(attempt(n, n % 7, None if n % 3 else n) for n in range(1, count + 1)))))
        assert numbers(home.store, EVERYTHING) == list(range(1, count + 1))
        changed = [(n + 0, "new" if n % 2 else None, n) for n in range(count, 0, -2)]
        write(home.store, bulk(2, Assign("tries", ("begun_at", "label"), changed)))
        with reading(home.store) as reader:
            assert reader.rows(which(is_("label", "x", Operator.NE)), (Field("begun_at"), Field("label"))) == sorted(
                (row[:2] for row in changed), key=lambda row: row[0]
            )
        write(home.store, bulk(3, Erase("tries", [*range(2, count + 9), 77_777])))
        assert numbers(home.store, EVERYTHING) == [1]

    def test_changes_of_a_batch_follow_each_other(self, home: Home) -> None:
        write(
            home.store,
            bulk(1, tries(attempt(1), attempt(2), attempt(3))),
            run(2, "r1"),
            bulk(3, Assign("tries", ("state",), ((5, 1), (5, 2), (6, 2), (9, 99)))),
            bulk(4, Erase("tries", (1, 3))),
            note(5, "n1"),
            bulk(6, Assign("tries", ("label", "state"), (("late", 8, 1), ("b", 4, 2)))),
            bulk(7, Assign("tries", ("state",), ((7, 2),))),
            bulk(8, tries(attempt(1, 3))),
            bulk(9, EraseWhere("tries", "owner", 3, 10)),
            bulk(10, tries(attempt(1, 4))),
        )
        with reading(home.store) as reader:
            assert reader.rows(EVERYTHING, (Field("number"), Field("owner"), Field("state"), Field("label"))) == [
                (1, 4, 1, "x"),
                (2, 1, 7, "b"),
            ]
            assert reader.get("runs", "r1") is not None
            assert [event.revision for event in reader.events(Revision(0), 99)] == [2, 5]
            assert reader.last_revision() == 10

    def test_erase_where_goes_no_further_than_its_limit(self, home: Home) -> None:
        write(home.store, bulk(1, tries(*(attempt(n, n % 2) for n in range(1, 11)))))
        write(home.store, bulk(2, EraseWhere("tries", "owner", 1, 3)))
        with reading(home.store) as reader:
            assert reader.tally(EVERYTHING, (Field("owner"),)) == [(0, 5), (1, 2)]
        write(home.store, bulk(3, EraseWhere("tries", "owner", 1, 0)), bulk(4, EraseWhere("tries", "owner", 0, 99)))
        with reading(home.store) as reader:
            assert reader.tally(EVERYTHING, (Field("owner"),)) == [(1, 2)]

    def test_empty_changes_change_nothing(self, home: Home) -> None:
        write(home.store, bulk(1, tries()), bulk(2, Assign("tries", ("state",), ())), bulk(3, Erase("tries", ())))
        write(home.store, bulk(4, tries()))
        with reading(home.store) as reader:
            assert reader.last_revision() == 4

    def test_a_number_that_is_taken_is_a_conflict_and_nothing_of_the_batch_stays(self, home: Home) -> None:
        write(home.store, bulk(1, tries(attempt(1), attempt(2))))
        for rows in [(attempt(3), attempt(2)), (attempt(3), attempt(3))]:
            with pytest.raises(Conflict, match="a number in 'tries' is taken"):
                write(
                    home.store,
                    run(2, "r1"),
                    bulk(3, Assign("tries", ("state",), ((9, 1),))),
                    bulk(4, Erase("tries", (1,))),
                    bulk(5, tries(*rows)),
                )
        with reading(home.store) as reader:
            assert reader.rows(EVERYTHING, (Field("number"), Field("state"))) == [(1, 1), (2, 1)]
            assert reader.get("runs", "r1") is None
            assert reader.last_revision() == 1
        write(home.store, bulk(2, tries(attempt(3))))
        with pytest.raises(Conflict, match="does not come after"):
            write(home.store, bulk(2, tries(attempt(4))))

    @pytest.mark.parametrize(
        "change",
        [
            Insert("nothing", ((1,),)),
            Extend("nothing", (1,), {}, {}),
            Extend("tries", (1,), {"number": 1}, {}),
            Extend("tries", (1,), {"strange": 1}, {}),
            Extend("tries", (1,), {}, {"strange": (1,)}),
            Extend("tries", (1,), {"owner": 1}, {"owner": (1,)}),
            Extend("tries", (1, 2), {}, {"owner": (1,)}),
            Extend("tries", (1,), {"owner": "x"}, {}),
            Extend("tries", (1,), {}, {"owner": ("x",)}),
            Extend("tries", (-1,), {}, {}),
            Extend("tries", (1 << 48,), {}, {}),
            Extend("tries", (None,), {}, {}),  # type: ignore[arg-type]
            Insert("runs", ((1,),)),
            tries((1, 2)),
            tries(attempt(1), (*attempt(2), 1)),
            tries(attempt(-1)),
            tries(attempt(MOST + 1)),
            tries((None, *attempt(1)[1:])),
            tries(("1", *attempt(1)[1:])),
            tries(attempt(1, "1")),
            tries(attempt(1, 1.5)),  # type: ignore[arg-type]
            tries(attempt(1, 1 << 63)),
            tries(attempt(1, 1, 1, 1, 1)),
            tries(attempt(1, 1, 1, 1, b"a")),
            tries(attempt(1, 1, 1, 1, "\ud800")),
            tries(attempt(1, 1, 1, 1, "a", "x", "data")),
            Insert("terms", ((1, 1, 1, "", "{"),)),
            Insert("terms", ((1, 1, 1, "", ""),)),
            Insert("terms", ((1, 1, 1, "", '{"a": 1}'),)),
            Insert("terms", ((1, 1, 1, "", "[]"),)),
            Assign("tries", (), ((1,),)),
            Assign("tries", ("number",), ((1, 2),)),
            Assign("tries", ("state", "state"), ((1, 1, 1),)),
            Assign("tries", ("nope",), ((1, 1),)),
            Assign("tries", ("state",), ((1,),)),
            Assign("tries", ("state",), (("a", 1),)),
            Assign("tries", ("state",), ((1 << 64, 1),)),
            Assign("tries", ("state",), ((1, None),)),
            Assign("tries", ("label",), (("\udfff", 1),)),
            Assign("terms", ("more",), (("no map", 1),)),
            Erase("tries", ("1",)),  # type: ignore[arg-type]
            Erase("tries", (None,)),  # type: ignore[arg-type]
            EraseWhere("tries", "label", 1, 1),
            EraseWhere("tries", "nope", 1, 1),
            EraseWhere("tries", "owner", 1, -1),
            EraseWhere("tries", "owner", "1", 1),  # type: ignore[arg-type]
        ],
        ids=lambda change: str(change)[:80],
    )
    def test_a_batch_with_one_bad_change_of_a_sheet_writes_nothing(self, home: Home, change: Bulk) -> None:
        write(home.store, bulk(1, tries(attempt(1))))
        with pytest.raises(Invalid):
            write(home.store, run(2, "r1"), bulk(3, tries(attempt(7))), bulk(4, change))
        with reading(home.store) as reader:
            assert numbers(home.store, EVERYTHING) == [1]
            assert reader.get("runs", "r1") is None
            assert reader.last_revision() == 1

    def test_flags_and_enumerations_are_numbers(self, home: Home) -> None:
        write(home.store, bulk(1, tries(attempt(1, True, 3, None, Operator.EQ))))  # noqa: FBT003
        write(home.store, bulk(2, Assign("tries", ("state", "label"), ((False, Operator.NE, 1), (2, "x", 2)))))
        with reading(home.store) as reader:
            (row,) = reader.rows(EVERYTHING, (Field("owner"), Field("state"), Field("alias"), Field("label")))
        assert row == (1, 0, "eq", "ne")
        assert [type(cell) for cell in row] == [int, int, str, str]

    def test_a_snapshot_holds_sheets_too(self, home: Home) -> None:
        write(home.store, bulk(1, tries(attempt(1))))
        with reading(home.store) as reader:
            with reader.snapshot():
                write(home.store, bulk(2, tries(attempt(2))), bulk(3, Assign("tries", ("state",), ((9, 1),))))
                assert reader.rows(EVERYTHING, (Field("number"), Field("state"))) == [(1, 1)]
                assert reader.last_number("tries") == 1
                assert reader.last_revision() == 1
            assert reader.rows(EVERYTHING, (Field("number"), Field("state"))) == [(1, 9), (2, 1)]

    def test_a_lone_change_of_a_sheet_is_a_batch_too(self, home: Home) -> None:
        home.store.write(Batch((BulkChange(Revision(4), tries(attempt(1))),)))
        with reading(home.store) as reader:
            assert reader.last_revision() == 4
            assert reader.events(Revision(0), 9) == []
            assert reader.count_rows(EVERYTHING) == 1
