from __future__ import annotations

from array import array
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from portico.control.calls.columns import PAGE, Column, count_by_page, stretches
from portico.control.calls.links import LinkPages, encode_links, encode_siblings
from portico.control.calls.results_book import Span
from portico.control.calls.scanning import PAGES_AT_ONCE, every, scan
from portico.domain.calls.values import Links

numbers = st.integers(1, 3 * PAGE)


@given(st.dictionaries(numbers, st.integers(0, 255)), st.lists(numbers))
def test_a_column_is_a_mapping_that_begins_with_zeros(cells, asked):
    column = Column("B")
    for number, value in cells.items():
        column[number] = value
    assert [column[number] for number in asked] == column.many(asked) == [cells.get(number, 0) for number in asked]
    assert column.pages() == sorted({number // PAGE for number in cells})
    assert list(every(column, range(1, 256))) == sorted(number for number, value in cells.items() if value)


runs = st.lists(st.tuples(st.integers(1, 3 * PAGE), st.integers(1, 300)), min_size=1, max_size=6)


def joined(parts):
    return [number for first, count in parts for number in range(first, first + count)]


@given(runs)
def test_numbers_that_come_in_batches_are_set_and_read_by_the_batch(parts):
    asked, column, plain = joined(parts), Column("I"), {}
    column.put_many(asked, range(len(asked)))
    plain.update(zip(asked, range(len(asked)), strict=True))
    assert column.many(asked) == [plain[number] for number in asked]
    assert count_by_page(asked) == Counter(number // PAGE for number in asked)


@given(runs, st.lists(st.integers(1, 100)))
def test_a_split_into_stretches_gives_the_same_numbers_or_nothing(parts, others):
    numbers = joined(parts) + others
    found = stretches(numbers)
    assert found is None or joined((part.start, len(part)) for part in found) == numbers


def test_batches_are_as_many_stretches_unless_they_are_small():
    assert stretches([*range(100, 200), *range(300, 400), *range(50, 60)]) == [
        range(100, 200),
        range(300, 400),
        range(50, 60),
    ]
    assert stretches(range(1, 100, 2)) is None


def test_numbers_whose_ends_alone_follow_each_other_are_no_stretch():
    swapped = [*range(10), 11, 10, *range(12, 100)]
    assert stretches(swapped) in (None, [range(10), range(11, 12), range(10, 11), range(12, 100)])
    column = Column("I")
    column.put_many(swapped, swapped)
    assert column.many(range(100)) == list(range(100))


def test_a_column_knows_the_highest_page_it_has_lost():
    column = Column("B")
    column.drop(7)
    assert column.gone == -1
    for page in (3, 1):
        column[page * PAGE] = 1
        column.drop(page)
        assert column.gone == 3


@given(st.integers(1, 2 * PAGE), st.integers(1, 2 * PAGE))
def test_filling_reaches_over_pages(first, count):
    column = Column("I")
    column.fill(first, array("I", range(count)))
    assert column.many(range(first, first + count)) == list(range(count))
    assert (column[first - 1], column[first + count]) == (0, 0)
    column.fill_one(first, count, 7)
    assert set(column.many(range(first, first + count))) == {7}
    for page in column.pages():
        column.drop(page)
    assert not any(column.many(range(first, first + count)))
    assert column.page(0) is None


@given(st.dictionaries(numbers, st.tuples(st.integers(1, 3), st.integers(1, 5))), st.integers(1, 7))
def test_a_scan_in_steps_finds_each_number_once_in_order(cells, limit):
    sessions, states = Column("I"), Column("B")
    span = Span()
    for number, (session, state) in cells.items():
        sessions[number], states[number] = session, state
        if session == 2:
            span.reach(number, number)
    found, after = [], 0
    while True:
        step = scan(sessions, states, 2, {3, 4}, span, after=after, limit=limit)
        assert len(step.numbers) <= limit
        found += step.numbers
        after = step.after
        if not after:
            break
    assert found == sorted(number for number, (session, state) in cells.items() if session == 2 and state in {3, 4})


def test_a_step_of_a_scan_looks_at_some_pages_only():
    sessions, states = Column("I"), Column("B")
    last = (PAGES_AT_ONCE + 5) * PAGE
    for number in (1, last):
        sessions[number], states[number] = 1, 1
    first = scan(sessions, states, 1, {1}, Span(1, last), after=0, limit=10)
    assert (first.numbers, first.after) == ([1], PAGES_AT_ONCE * PAGE - 1)
    assert scan(sessions, states, 1, {1}, Span(1, last), after=first.after, limit=10).numbers == [last]


def test_links_are_kept_by_page():
    pages = LinkPages()
    links = Links((1, 2), (3,), ("s",))
    pages[5] = encode_links(links)
    assert pages.of(5) == links
    for number in (6, PAGE + 1):
        del pages[number]
        try:
            pages[number]
        except KeyError:
            continue
        raise AssertionError(number)
    pages.drop(0)
    try:
        pages[5]
    except KeyError:
        return
    raise AssertionError


LINKED = st.lists(st.integers(1, (1 << 48) - 1), max_size=20).map(tuple)


@given(st.lists(st.tuples(LINKED, LINKED | st.just(())), max_size=4), st.lists(st.text(max_size=40), max_size=20))
def test_links_of_siblings_are_encoded_as_each_alone(calls, parents):
    outputs, needs = [call[0] for call in calls], [call[1] for call in calls]
    alone = [encode_links(Links(*call, tuple(parents))) for call in calls]
    assert encode_siblings(outputs, needs, tuple(parents)) == alone


STRETCHES = st.builds(lambda first, count: range(first, first + count), numbers, st.integers(0, 2 * PAGE))
SEVERAL = st.one_of(
    STRETCHES, STRETCHES.map(list), STRETCHES.map(lambda some: some[::3]), st.lists(numbers, unique=True)
)


@given(SEVERAL)
def test_many_numbers_are_set_and_read_at_once(chosen):
    column, links = Column("I"), LinkPages()
    values = [number % 7 + 1 for number in chosen]
    column.put_many(chosen, values)
    links.put_many(chosen, [b"%d" % value for value in values])
    assert column.many(chosen) == [column[number] for number in chosen] == values
    assert [links[number] for number in chosen] == [b"%d" % value for value in values]
    assert len(list(every(column, range(1, 256)))) == len(chosen)
