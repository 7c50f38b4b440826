"""Which table descriptions are accepted."""

from __future__ import annotations

import pytest

from portico.domain.errors import Invalid
from portico.store.catalogue import Catalogue
from portico.store.port import Column, Table


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


def test_a_table_is_described_once() -> None:
    with pytest.raises(Invalid, match="twice"):
        Catalogue((Table("t"), Table("t")))


def test_words_of_sql_are_good_names() -> None:
    order = Table("order", (Column("group"), Column("select", "integer")), (("group", "id"),), active="select")
    assert Catalogue((order,)).table("order") is order
