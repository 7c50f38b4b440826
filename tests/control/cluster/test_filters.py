from portico.control.cluster.filters import FEW, MOST_PER_NODE, Filters
from portico.domain.slices import plain

WHOLE = (plain({"cpus": 4000}), (("*", ((1, 9),)),))
HALF = (plain({"cpus": 2000}), (("*", ((1, 4),)),))


def make(seen=WHOLE):
    book = {"n1": seen, "n2": seen}
    filters = Filters(lambda _bidder, _role, node: book[node])
    return filters, book


def hidden(filters, node="n1", bidder="a"):
    blocked = filters.hidden(node)
    return blocked is not None and bool(blocked[filters.slot(bidder, "ads")])


def test_what_was_refused_or_less_is_hidden_and_more_is_shown():
    filters, book = make()
    filters.add("a", "ads", "n1", WHOLE, 10)
    assert hidden(filters)
    assert not hidden(filters, "n2")
    assert not hidden(filters, bidder="b")
    book["n1"] = HALF
    filters.changed("n1")
    assert hidden(filters)
    book["n1"] = (plain({"cpus": 4000, "gpus": 1000}), ())
    filters.changed("n1")
    assert not hidden(filters)
    book["n1"] = (plain({"cpus": 4000}), (("*", ((9, 10),)),))
    filters.changed("n1")
    assert not hidden(filters)


def test_a_filter_ends_with_its_time_and_another_may_still_hold():
    filters, _ = make()
    filters.add("a", "ads", "n1", WHOLE, 10)
    filters.add("a", "ads", "n1", WHOLE, 20)
    assert filters.expire(9) == set()
    assert filters.expire(10) == {"n1"}
    assert hidden(filters)
    assert filters.expire(20) == {"n1"}
    assert not hidden(filters)
    assert filters.count() == 0


def test_clearing_forgetting_and_new_seats_leave_no_trace():
    filters, _ = make()
    filters.add("a", "ads", "n1", WHOLE, 10)
    filters.add("b", "ads", "n1", WHOLE, 10)
    assert filters.clear("a", "ads")
    assert not filters.clear("a", "ads")
    assert not hidden(filters)
    filters.forget_seat("b", "ads")
    assert filters.slot("c", "ads") == 1
    assert not hidden(filters, bidder="c")
    filters.add("c", "ads", "n1", WHOLE, 10)
    filters.forget_node("n1")
    filters.forget_node("unknown")
    assert filters.count() == 0
    filters.add("a", "ads", "n2", WHOLE, 10)
    assert hidden(filters, "n2")
    assert not hidden(filters, "n2", "c")
    assert filters.expire(10) == {"n2"}


def test_what_is_kept_is_bounded():
    filters, _ = make()
    for number in range(3 * FEW):
        filters.add("a", "ads", "n1", WHOLE, 100 + number)
        assert filters.count() <= MOST_PER_NODE
    assert len(filters._ends) <= 2 * filters.count() + FEW
    assert filters.expire(100 + 3 * FEW) == {"n1"}


def test_there_is_room_for_many():
    filters = Filters(lambda _bidder, _role, _node: WHOLE)
    for number in range(40):
        filters.add(f"b{number}", "ads", f"n{number}", WHOLE, 10)
    for node in range(40):
        assert [bidder for bidder in range(40) if hidden(filters, f"n{node}", f"b{bidder}")] == [node]
