"""Which sandboxes go: the old ones, and the oldest when the disk is short."""

from hypothesis import given
from hypothesis import strategies as st

from portico.domain.identity import Instant, Micros
from portico.node.collection import EndedSandbox, plan_collection

AGE = Micros(100)


def box(run, ended_at, size=10):
    return EndedSandbox(run, Instant(ended_at), size)


def plan(ended, now=1000, free=500, fraction=0.1):
    return plan_collection(Instant(now), ended, free, 1000, AGE, fraction)


def test_age_goes_first():
    ended = [box("young", 950), box("old", 800), box("edge", 900), box("older", 700)]
    assert plan(ended) == ["older", "old"]


def test_disk_pressure_takes_the_oldest_until_it_is_enough():
    ended = [box("c", 990, 30), box("a", 970, 30), box("b", 980, 30), box("d", 995, 30)]
    assert plan(ended, free=50) == ["a", "b"]
    assert plan(ended, free=100) == []


def test_pressure_counts_what_age_frees():
    assert plan([box("old", 100, 60), box("young", 999, 60)], free=50) == ["old"]


def test_pressure_that_cannot_be_relieved_takes_all():
    assert plan([box("b", 999), box("a", 998)], free=0, fraction=1.0) == ["a", "b"]
    assert plan([], free=0) == []


boxes = st.lists(
    st.builds(box, st.uuids().map(str), st.integers(0, 1000), st.integers(0, 100)),
    max_size=20,
    unique_by=lambda b: b.run,
)


@given(ended=boxes, free=st.integers(0, 1000), fraction=st.floats(0, 1))
def test_plan_is_enough_and_not_more(ended, free, fraction):
    going = plan(ended, free=free, fraction=fraction)
    by_run = {sandbox.run: sandbox for sandbox in ended}
    assert {run for run, sandbox in by_run.items() if 1000 - sandbox.ended_at > AGE} <= set(going)
    freed = free + sum(by_run[run].size for run in going)
    assert freed >= 1000 * fraction or len(going) == len(ended)
    if going and 1000 - by_run[going[-1]].ended_at <= AGE:
        assert freed - by_run[going[-1]].size < 1000 * fraction
    assert [by_run[run].ended_at for run in going] == sorted(by_run[run].ended_at for run in going)
    rest = [sandbox for run, sandbox in by_run.items() if run not in going]
    assert plan(rest, free=freed, fraction=fraction) == [] or freed < 1000 * fraction
