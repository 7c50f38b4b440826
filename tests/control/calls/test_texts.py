from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portico.control.calls.texts import FEW, numbers_of
from portico.domain.calls.naming import MOST, Kind, Naming

NAMING = Naming("0123456789abcdef")
OTHER = Naming("fedcba9876543210")

numbers = st.integers(1, MOST)
good = numbers.map(lambda number: NAMING.text(Kind.RESULT, number))
foreign = numbers.map(lambda number: OTHER.text(Kind.RESULT, number))
other_kind = numbers.map(lambda number: NAMING.text(Kind.CALL, number))


@st.composite
def damaged(draw):
    text = draw(good)
    place = draw(st.integers(0, len(text) - 1))
    return text[:place] + draw(st.sampled_from([*"0aAfFg-_ +é٣", ""])) + text[place + 1 :]


@st.composite
def shifted(draw):
    """Two texts that together look like two good ones."""
    one, two = draw(good), draw(good)
    cut = draw(st.integers(1, 35))
    return [(one + two)[: 36 + cut], (one + two)[36 + cut :]]


texts = st.lists(st.one_of(good, foreign, other_kind, damaged(), st.text(max_size=40)), max_size=30)


@given(texts, st.one_of(st.just([]), shifted()))
def test_many_at_once_say_the_same_as_one_by_one(some, more):
    asked = [*some, *more, *[NAMING.text(Kind.RESULT, 7)] * FEW]
    assert numbers_of(NAMING, Kind.RESULT, asked) == [NAMING.number(Kind.RESULT, text) for text in asked]


@given(st.lists(numbers, min_size=FEW))
def test_texts_become_the_numbers_that_they_were_made_from(some):
    assert numbers_of(NAMING, Kind.RESULT, [NAMING.text(Kind.RESULT, number) for number in some]) == some


@given(st.sampled_from(Kind), st.integers(1, MOST - 20_000), st.integers(0, 9000))
def test_texts_in_a_row_are_those_of_each_number(kind, first, count):
    assert NAMING.texts(kind, first, count) == [NAMING.text(kind, number) for number in range(first, first + count)]
