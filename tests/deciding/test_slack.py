from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portico.deciding.slack import GRAIN, LENT, Borrower, as_slices, choose_leavers, lend, revocable_part
from portico.domain.resources import covers, total
from portico.domain.slices import PLAIN, Label, Slice

amounts = st.dictionaries(st.sampled_from(("cpus", "mem")), st.integers(0, 5000), max_size=2)
borrowers = st.lists(
    st.builds(Borrower, run=st.uuids().map(str), since=st.integers(0, 4), amounts=amounts),
    max_size=8,
    unique_by=lambda one: one.run,
)


def one(run: str, since: int, cpus: int = 1000) -> Borrower:
    return Borrower(run, since, {"cpus": cpus})


def names(leaving: list[Borrower]) -> list[str]:
    return [borrower.run for borrower in leaving]


@given(amounts, st.integers(0, 1000), amounts)
def test_no_more_is_lent_than_the_share_of_what_is_unused_and_of_what_is_there(
    measured: dict[str, int], share: int, capacity: dict[str, int]
) -> None:
    lent = lend(measured, share, capacity)
    assert lent.keys() <= {"cpus"}
    for kind, amount in lent.items():
        assert amount % GRAIN == 0
        assert 0 < amount * 1000 <= measured[kind] * share
        assert amount * 1000 <= capacity[kind] * share


@given(amounts, amounts)
def test_more_that_is_unused_never_lends_less(measured: dict[str, int], capacity: dict[str, int]) -> None:
    more = {kind: amount + 500 for kind, amount in measured.items()}
    assert covers(lend(more, 700, capacity), lend(measured, 700, capacity))


def test_the_share_of_what_is_unused_is_lent_in_tenths() -> None:
    assert lend({"cpus": 1990}, 500, {"cpus": 4000}) == {"cpus": 900}
    assert lend({"cpus": 9000}, 500, {"cpus": 4000}) == {"cpus": 2000}
    assert lend({"cpus": 199}, 500, {"cpus": 4000}) == {}
    assert lend({"cpus": 1990}, 0, {"cpus": 4000}) == {}
    assert lend({}, 1000, {"cpus": 4000}) == {}
    assert as_slices({"cpus": 900}) == (Slice("cpus", 900, LENT),)


@given(amounts, borrowers)
def test_those_who_stay_fit_and_no_more_go_than_must(lent: dict[str, int], known: list[Borrower]) -> None:
    leaving = choose_leavers(lent, known)
    gone = set(names(leaving))
    assert len(gone) == len(leaving)

    def held(without: set[str]) -> dict[str, int]:
        return total(borrower.amounts for borrower in known if borrower.run not in without)

    assert covers(lent, held(gone))
    assert not leaving or not covers(lent, held(gone - {leaving[-1].run}))
    if set(lent) == {"cpus"} and all(set(borrower.amounts) == {"cpus"} for borrower in known):
        stay = [borrower.since for borrower in known if borrower.run not in gone and borrower.amounts["cpus"]]
        assert all(borrower.since >= since for borrower in leaving for since in stay)


@given(amounts, borrowers)
def test_once_they_are_gone_nobody_else_has_to_go(lent: dict[str, int], known: list[Borrower]) -> None:
    gone = set(names(choose_leavers(lent, known)))
    assert choose_leavers(lent, [borrower for borrower in known if borrower.run not in gone]) == []


def test_the_youngest_goes_first() -> None:
    known = [one("a", 1), one("b", 3), one("c", 2)]
    assert names(choose_leavers({"cpus": 3000}, known)) == []
    assert names(choose_leavers({"cpus": 2500}, known)) == ["b"]
    assert names(choose_leavers({"cpus": 1000}, known)) == ["b", "c"]
    assert names(choose_leavers({}, known)) == ["b", "c", "a"]


def test_of_equal_age_the_greater_id_goes_first() -> None:
    assert names(choose_leavers({"cpus": 1000}, [one("a", 1), one("b", 1)])) == ["b"]


def test_one_that_holds_nothing_of_what_is_short_stays() -> None:
    known = [one("a", 1), Borrower("b", 2, {"mem": 1000})]
    assert names(choose_leavers({"mem": 1000}, known)) == ["a"]


def test_only_revocable_slices_are_borrowed() -> None:
    slices = [
        Slice("cpus", 500, LENT),
        Slice("cpus", 200, Label("ads", revocable=True)),
        Slice("cpus", 100, PLAIN),
        Slice("mem", 64, PLAIN),
    ]
    assert revocable_part(slices) == {"cpus": 700}
