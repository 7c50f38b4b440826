"""What every store must answer about sheets. A store's test module subclasses it and provides the fixture `home`."""

from __future__ import annotations

import pytest
from store.records import SUFFIX, Home, attempt, bulk, numbers, reading, text, write
from store.sheet_conformance import EVERYTHING, is_, tries, which

from portico.domain.errors import Invalid
from portico.store.port import Operator
from portico.store.sheets import (
    Contains,
    Field,
    Insert,
    SheetQuery,
    Test,
)

NAME = Field("number", suffix=SUFFIX, alias="alias")
LEVEL = Field("level", link="terms")
COLOUR = Field("more", link="terms", key="colour")


class SheetQueryConformance:
    """Tests of the queries of `sheets`, for any store."""

    def test_order_puts_null_first_and_ends_by_number(self, home: Home) -> None:
        rows = ((1, 2, "b"), (2, None, "a"), (3, 2, None), (4, -1, "b"))
        write(home.store, bulk(1, tries(*(attempt(n, 1, s, None, None, label) for n, s, label in rows))))
        state, label, number = Field("state"), Field("label"), Field("number")
        for order, expected in {
            ((state, True),): [2, 4, 1, 3],
            ((state, False),): [3, 1, 4, 2],
            ((state, False), (number, False)): [3, 1, 4, 2],
            ((label, True), (state, True)): [3, 2, 4, 1],
            ((number, False), (state, True)): [4, 3, 2, 1],
        }.items():
            assert numbers(home.store, SheetQuery("tries", order=order)) == expected
            assert numbers(home.store, SheetQuery("tries", order=order, limit=2, offset=1)) == expected[1:3]
            assert numbers(home.store, SheetQuery("tries", order=order, offset=3)) == expected[3:]
            assert numbers(home.store, SheetQuery("tries", order=order, limit=0)) == []

    def test_always_narrows_every_alternative(self, home: Home) -> None:
        write(home.store, bulk(1, tries(*(attempt(n, n % 2, n % 3) for n in range(1, 13)))))
        query = SheetQuery("tries", ((is_("state", 0),), (is_("state", 1),)), (is_("owner", 1),))
        assert numbers(home.store, query) == [1, 3, 7, 9]
        assert numbers(home.store, SheetQuery("tries", ((is_("state", 0),), ()), (is_("owner", 1),))) == [
            1,
            3,
            5,
            7,
            9,
            11,
        ]
        assert numbers(home.store, SheetQuery("tries", always=(Test(Field("state"), any_of=(1, 2)),), limit=3)) == [
            1,
            2,
            4,
        ]
        assert numbers(home.store, which(Test(Field("state"), any_of=()))) == []
        with reading(home.store) as reader:
            assert reader.count_rows(query) == 4

    def test_thousands_of_alternatives_are_no_trouble(self, home: Home) -> None:
        write(home.store, bulk(1, tries(*(attempt(n) for n in range(1, 101)))))
        named = tuple((Test(NAME, value=text(n)),) for n in range(2, 10_001, 2))
        assert len(numbers(home.store, SheetQuery("tries", named))) == 50
        ranged = tuple((is_("number", n, Operator.LE), is_("number", n, Operator.GE)) for n in range(51, 2051))
        assert len(numbers(home.store, SheetQuery("tries", ranged))) == 50

    def test_texts_of_numbers_are_searched_and_sorted_as_texts(self, home: Home) -> None:
        write(
            home.store,
            bulk(
                1, tries(attempt(1), attempt(70_000), attempt(3, 1, 1, 1, f"{text(1)}###2"), attempt(2, 1, 1, 1, "!"))
            ),
        )
        names = {1: text(1), 2: "!", 3: f"{text(1)}###2", 70_000: text(70_000)}
        with reading(home.store) as reader:
            assert dict(reader.rows(EVERYTHING, (Field("number"), NAME))) == names  # type: ignore[arg-type]
        by_name = sorted(names, key=lambda number: names[number])
        assert numbers(home.store, SheetQuery("tries", order=((NAME, True),))) == by_name
        assert numbers(home.store, SheetQuery("tries", order=((NAME, False),), limit=3)) == by_name[:0:-1]
        for value in [*names.values(), text(3), text(2), "", "x", text(1).upper(), text(1)[:-1], f"{text(1)}0"]:
            for operator, holds in {
                Operator.EQ: str.__eq__,
                Operator.NE: str.__ne__,
                Operator.LT: str.__lt__,
                Operator.GE: str.__ge__,
                Operator.CONTAINS: str.__contains__,
                Operator.STARTS_WITH: str.startswith,
                Operator.ENDS_WITH: str.endswith,
            }.items():
                expected = [number for number in sorted(names) if holds(names[number], value)]
                assert numbers(home.store, which(Test(NAME, operator, value))) == expected, (operator, value)
            assert numbers(home.store, which(Test(NAME, any_of=(value, text(70_000))))) == sorted(
                {number for number, name in names.items() if name in (value, text(70_000))}
            )
        assert numbers(home.store, which(Test(NAME, Operator.EQ, None))) == []
        assert numbers(home.store, which(Test(NAME, Operator.NE, None))) == sorted(names)

    def test_a_text_of_no_number_is_null(self, home: Home) -> None:
        write(home.store, bulk(1, tries(attempt(1, 5), attempt(2, None))))
        owner = Field("owner", suffix=SUFFIX)
        with reading(home.store) as reader:
            assert reader.rows(EVERYTHING, (owner,)) == [(text(5),), (None,)]
        assert numbers(home.store, which(Test(owner, Operator.NE, text(5)))) == [2]
        assert numbers(home.store, which(Test(owner, Operator.NE, "none's"))) == [1, 2]
        assert numbers(home.store, which(Test(owner, Operator.EQ, None))) == [2]
        assert numbers(home.store, which(Test(owner, Operator.LE, text(6)))) == [1]
        assert numbers(home.store, SheetQuery("tries", order=((owner, True),))) == [2, 1]

    def test_linked_rows_are_searched_ordered_by_and_given(self, home: Home) -> None:
        terms = (
            (1, 1, 7, "low", '{"colour": "red", "size": "1"}'),
            (2, 1, None, "none", "{}"),
            (3, 1, 9, "high", None),
        )
        write(
            home.store,
            bulk(1, Insert("terms", terms)),
            bulk(2, tries(*(attempt(n, None, n, terms) for n, terms in enumerate([1, 3, 2, None, 77, 1], 1)))),
        )
        with reading(home.store) as reader:
            given = reader.rows(EVERYTHING, (Field("number"), LEVEL, Field("title", link="terms"), COLOUR))
        assert given == [
            (1, 7, "low", "red"),
            (2, 9, "high", None),
            (3, None, "none", None),
            (4, None, None, None),
            (5, None, None, None),
            (6, 7, "low", "red"),
        ]
        level, colour = (lambda operator, value: Test(LEVEL, operator, value)), (lambda o, v: Test(COLOUR, o, v))
        for query, expected in {
            which(level(Operator.EQ, 7)): [1, 6],
            which(level(Operator.GT, 7)): [2],
            which(level(Operator.NE, 7)): [2, 3, 4, 5],
            which(level(Operator.EQ, None)): [3, 4, 5],
            which(level(Operator.NE, None)): [1, 2, 6],
            which(colour(Operator.EQ, "red"), level(Operator.LE, 7)): [1, 6],
            which(colour(Operator.EQ, "red"), level(Operator.GT, 7)): [],
            which(colour(Operator.NE, "red"), level(Operator.NE, 9)): [3, 4, 5],
            which(colour(Operator.STARTS_WITH, "re"), is_("state", 6)): [6],
            which(Test(Field("title", link="terms"), any_of=("low", "high"))): [1, 2, 6],
            which(Contains(Field("title", link="terms"), "low", negated=True)): [1, 2, 3, 4, 5, 6],
            which(order=((LEVEL, False), (Field("number"), False))): [2, 6, 1, 5, 4, 3],
        }.items():
            assert numbers(home.store, query) == expected, query
            page = SheetQuery(query.sheet, query.any_of, order=query.order, limit=2, offset=1)
            assert numbers(home.store, page) == expected[1:3], query
            with reading(home.store) as reader:
                assert reader.count_rows(query) == len(expected)

    def test_a_row_is_linked_to_another_of_its_own_sheet(self, home: Home) -> None:
        write(home.store, bulk(1, tries(attempt(1, None, 1, 1, "first"), attempt(2, 1), attempt(3, 2), attempt(4, 9))))
        owner = Field("number", link="owner", suffix=SUFFIX, alias="alias")
        with reading(home.store) as reader:
            assert reader.rows(EVERYTHING, (owner,)) == [(None,), ("first",), (text(2),), (None,)]
        assert numbers(home.store, which(Test(owner, Operator.EQ, "first"))) == [2]
        assert numbers(home.store, which(Test(owner, Operator.EQ, text(2)))) == [3]
        assert numbers(home.store, which(Test(owner, Operator.NE, text(2)))) == [1, 2, 4]

    @pytest.mark.parametrize("key", ["a", "", "a.b", "a b", '"', "\\", "$", "é", "[0]", "a'; --", "\n"])
    def test_any_key_of_a_map_is_found(self, home: Home, key: str) -> None:
        import msgspec

        more = msgspec.json.encode({key: "it", "other": "x"}).decode()
        write(home.store, bulk(1, Insert("terms", ((1, 1, 1, "", more), (2, 1, 1, "", "{}"), (3, 1, 1, "", None)))))
        field = Field("more", key=key)
        with reading(home.store) as reader:
            assert reader.rows(SheetQuery("terms"), (field,)) == [("it",), (None,), (None,)]
            assert reader.count_rows(SheetQuery("terms", ((Test(field, Operator.EQ, "it"),),))) == 1
            assert reader.count_rows(SheetQuery("terms", ((Test(field, Operator.NE, "it"),),))) == 2
            assert reader.count_rows(SheetQuery("terms", ((Test(field, Operator.CONTAINS, "t"),),))) == 1

    def test_a_difference_with_null_is_null(self, home: Home) -> None:
        spans = ((10, 15), (10, None), (None, 3), (20, 10))
        write(
            home.store, bulk(1, tries(*(attempt(n, 1, 1, 1, None, "", b"", *span) for n, span in enumerate(spans, 1))))
        )
        span = Field("ended_at", minus="begun_at")
        with reading(home.store) as reader:
            assert reader.rows(EVERYTHING, (span,)) == [(5,), (None,), (None,), (-10,)]
        assert numbers(home.store, which(Test(span, Operator.GT, 0))) == [1]
        assert numbers(home.store, which(Test(span, Operator.LT, 6))) == [1, 4]
        assert numbers(home.store, which(Test(span, Operator.EQ, None))) == [2, 3]
        assert numbers(home.store, SheetQuery("tries", order=((span, False),))) == [1, 4, 3, 2]

    def test_lists_in_texts_are_searched(self, home: Home) -> None:
        lists = (
            '["a","b"]',
            '["ab"]',
            "[]",
            "a",
            None,
            '{"k":"a"}',
            '[1,["a"],null]',
            '["\\u0061","it\'s"]',
            "",
            '"a"',
        )
        write(home.store, bulk(1, tries(*(attempt(n, 1, 1, 1, None, label) for n, label in enumerate(lists, 1)))))
        label = Field("label")
        assert numbers(home.store, which(Contains(label, "a"))) == [1, 8]
        assert numbers(home.store, which(Contains(label, "a", negated=True))) == [2, 3, 4, 5, 6, 7, 9, 10]
        assert numbers(home.store, which(Contains(label, "it's"))) == [8]
        assert numbers(home.store, which(Contains(label, "1"))) == []

    def test_a_tally_counts_combinations_in_order(self, home: Home) -> None:
        write(
            home.store,
            bulk(1, Insert("terms", ((1, 1, 5, "a", None), (2, 1, 5, "b", None), (3, 1, 5, "a", None)))),
            bulk(2, tries(*(attempt(n, 1, n % 2, terms) for n, terms in enumerate([1, 2, 3, 1, None, 99], 1)))),
        )
        state, title = Field("state"), Field("title", link="terms")
        with reading(home.store) as reader:
            every = [(None, 0, 1), (None, 1, 1), ("a", 0, 1), ("a", 1, 2), ("b", 0, 1)]
            assert reader.tally(EVERYTHING, (title, state)) == every
            assert reader.tally(EVERYTHING, (title,)) == [(None, 2), ("a", 3), ("b", 1)]
            assert reader.tally(which(is_("state", 1)), (title,)) == [(None, 1), ("a", 2)]
            assert reader.tally(which(Test(title, Operator.NE, "a")), (title,)) == [(None, 2), ("b", 1)]
            assert reader.tally(SheetQuery("tries", order=((title, False),)), (state, title)) == [
                (0, "b", 1),
                (0, "a", 1),
                (1, "a", 2),
                (0, None, 1),
                (1, None, 1),
            ]
            page = SheetQuery("tries", order=((title, True),), limit=1, offset=1)
            assert reader.tally(page, (title,)) == [("a", 3)]
            assert reader.count_distinct(page, (title,)) == 3
            assert reader.count_distinct(EVERYTHING, (title, state)) == 5
            assert reader.tally(EVERYTHING, (NAME, state))[0] == (text(1), 1, 1)

    @pytest.mark.parametrize(
        "query",
        [
            SheetQuery("nothing"),
            SheetQuery("runs"),
            SheetQuery("tries", limit=-2),
            SheetQuery("tries", offset=-1),
            SheetQuery("tries", limit=1 << 63),
            which(is_("nope", 1)),
            which(is_('number" OR 1=1 --', 1)),
            which(is_("number", "1")),
            which(is_("label", 1)),
            which(is_("data", "d")),
            which(is_("label", None, Operator.LT)),
            which(is_("state", "1", Operator.CONTAINS)),
            which(is_("state", 1 << 63)),
            which(is_("label", "\ud800")),
            which(Test(Field("state"), any_of=(1, "2"))),
            which(Test(Field("state"), any_of=tuple(range(30_001)))),
            which(Test(Field("state", suffix=SUFFIX), value=1)),
            which(Test(Field("state", suffix="\ud800"), value="x")),
            which(Test(Field("label", suffix=SUFFIX), value="x")),
            which(Test(Field("number", alias="alias"), value=1)),
            which(Test(Field("number", suffix=SUFFIX, alias="state"), value="x")),
            which(Test(Field("state", minus="label"), value=1)),
            which(Test(Field("label", minus="state"), value=1)),
            which(Test(Field("state", minus="begun_at", suffix=SUFFIX), value="x")),
            which(Test(Field("label", key="x"), value="x")),
            which(Test(Field("more", link="terms", key="\ud800"), value="x")),
            which(Test(Field("level", link="state"), value=1)),
            which(Test(Field("state", link="terms"), value=1)),
            which(Contains(Field("state"), "a")),
            which(Contains(Field("label"), "\ud800")),
            SheetQuery("tries", always=(is_("nope", 1),)),
            SheetQuery("tries", order=((Field("nope"), True),)),
            SheetQuery("tries", order=((Field("id; DROP TABLE tries"), True),)),
        ],
        ids=lambda query: str(query)[:100],
    )
    def test_a_query_that_makes_no_sense_is_invalid(self, home: Home, query: SheetQuery) -> None:
        with reading(home.store) as reader:
            for ask in (
                lambda: reader.rows(query, (Field("number"),)),
                lambda: reader.count_rows(query),
                lambda: reader.tally(query, (Field("number"),)),
                lambda: reader.count_distinct(query, (Field("number"),)),
            ):
                with pytest.raises(Invalid):
                    ask()

    def test_fields_and_columns_that_are_not_there_are_invalid(self, home: Home) -> None:
        with reading(home.store) as reader:
            for ask in (
                lambda: reader.rows(EVERYTHING, (Field("nope"),)),
                lambda: reader.rows_by_number("tries", (1,), ("nope",)),
                lambda: reader.rows_by_number("nothing", (1,), ()),
                lambda: reader.last_number("nothing"),
                lambda: reader.tally(EVERYTHING, ()),
                lambda: reader.tally(SheetQuery("tries", order=((Field("label"), True),)), (Field("state"),)),
            ):
                with pytest.raises(Invalid):
                    ask()
