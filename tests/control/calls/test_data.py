from hypothesis import given
from hypothesis import strategies as st

from portico.control.calls.data import OVERHEAD, DataCache, Need, read
from portico.control.calls.sheets import CALL_SHEETS
from portico.domain.calls.frames import Datum
from portico.store.memory import MemoryStore
from portico.store.port import Batch
from portico.store.sheets import BulkChange, Insert


@given(st.lists(st.tuples(st.integers(1, 6), st.binary(max_size=400))))
def test_the_cache_never_exceeds_its_bound_and_gives_what_came_last(puts):
    cache, last = DataCache(1000), {}
    for number, data in puts:
        cache.remember([(number, data)])
        last[number] = data
        assert cache.bytes <= 1000
        assert cache.bytes == sum(len(data) + OVERHEAD for data in cache._data.values())
        assert cache.get(number) == data
    assert all(cache.get(number) in {None, data} for number, data in last.items())


def test_what_is_forgotten_is_gone():
    cache = DataCache()
    cache.remember([(1, b"x")])
    cache.forget((1, 2))
    assert 1 not in cache
    assert cache.bytes == 0


def stored(*results):
    """A store with Results as (number, state, size, large, data)."""
    store = MemoryStore([], CALL_SHEETS)
    rows = [(n, 1, state, "", None, "", "", 0, None, size, None, large, 0) for n, state, size, large, _ in results]
    data = [(number, 1, content) for number, *_, content in results if content is not None]
    inserts = (Insert("results", rows), Insert("result_data", data))
    store.write(Batch([BulkChange(place, insert) for place, insert in enumerate(inserts, 1)]))
    return store.reader()


def test_reading_gives_small_data_as_far_as_there_is_room_and_sizes_of_the_rest():
    reader = stored(
        (1, 2, 3, None, b"one"),
        (2, 2, 3, None, b"two"),
        (3, 2, 99_999, "name", None),
        (4, 1, 0, None, None),
        (5, 2, 0, None, b""),
        (6, 2, 3, None, b"six"),
    )
    found = read(reader, [Need((1, 2, 3, 4, 5, 7), 4), Need((6,), -1)])
    assert found == {1: Datum(1, 3, b"one"), 2: Datum(2, 3), 3: Datum(3, 99_999), 5: Datum(5, 0, b""), 6: Datum(6, 3)}


def test_small_data_whose_row_is_gone_are_not_taken_for_empty():
    assert read(stored((1, 2, 3, None, None)), [Need((1,), 10)]) == {}
