"""Which table descriptions are accepted."""

from __future__ import annotations

import pytest

from portico.domain.errors import Invalid
from portico.store.catalogue import Catalogue
from portico.store.port import Column, Table
from portico.store.sheets import Sheet, SheetColumn, SheetIndex


@pytest.mark.parametrize(
    "table",
    [
        Table("Runs"),
        Table(""),
        Table("runs "),
        Table("runs\n"),
        Table("events"),
        Table("meta"),
        Table("sqlite_x"),
        Table("a__b"),
        Table("x" * 64),
        Table("t", (Column("id"),)),
        Table("t", (Column("rowid"),)),
        Table("t", (Column("a"), Column("a"))),
        Table("t", (Column("a", "real"),)),
        Table("t", (Column('a"; --'),)),
        Table("t", (Column("a"),), (("b",),)),
        Table("t", (Column("a"),), ((),)),
        Table("t", (Column("a"),), active="a"),
        Table("t", active="b"),
    ],
    ids=str,
)
def test_a_description_that_cannot_be_stored_is_invalid(table: Table) -> None:
    with pytest.raises(Invalid):
        Catalogue((table,))


@pytest.mark.parametrize(
    "sheet",
    [
        Sheet("Runs", ()),
        Sheet("events", ()),
        Sheet("sqlite_x", ()),
        Sheet("s", (SheetColumn("number"),)),
        Sheet("s", (SheetColumn("rowid"),)),
        Sheet("s", (SheetColumn("a"), SheetColumn("a"))),
        Sheet("s", (SheetColumn("a", "real"),)),
        Sheet("s", (SheetColumn('a"; --'),)),
        Sheet("s", (SheetColumn("a"),), (SheetIndex(("b",)),)),
        Sheet("s", (SheetColumn("a"),), (SheetIndex(()),)),
        Sheet("s", (SheetColumn("a"),), (SheetIndex(("a",), where="b"),)),
        Sheet("s", (SheetColumn("a", "text"),), links={"a": "s"}),
        Sheet("s", (SheetColumn("a"),), links={"b": "s"}),
        Sheet("s", (SheetColumn("a"),), links={"a": "t"}),
    ],
    ids=str,
)
def test_a_sheet_that_cannot_be_stored_is_invalid(sheet: Sheet) -> None:
    with pytest.raises(Invalid):
        Catalogue((), (sheet,))


def test_a_sheet_is_described_once_and_is_no_table() -> None:
    with pytest.raises(Invalid, match="twice"):
        Catalogue((), (Sheet("s", ()), Sheet("s", ())))
    with pytest.raises(Invalid, match="a table and a sheet"):
        Catalogue((Table("s"),), (Sheet("s", ()),))


def test_a_table_is_described_once() -> None:
    with pytest.raises(Invalid, match="twice"):
        Catalogue((Table("t"), Table("t")))


def test_words_of_sql_are_good_names() -> None:
    order = Table("order", (Column("group"), Column("select", "integer")), (("group", "id"),), active="select")
    assert Catalogue((order,)).table("order") is order
