from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from portico.deciding.preemption import Candidate, choose_victims

KINDS = ("cpus", "mem")
sizes = st.dictionaries(st.sampled_from(KINDS), st.integers(0, 9), max_size=2)
candidates = st.lists(
    st.builds(
        Candidate,
        run_id=st.uuids().map(str),
        pool=st.just("/a"),
        priority=st.integers(0, 3),
        started_at=st.integers(0, 3),
        amounts=sizes,
        preemptible=st.booleans(),
        revocable=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.run_id,
)


def run(
    run_id: str,
    priority: int = 0,
    started_at: int = 0,
    *,
    revocable: bool = False,
    preemptible: bool = True,
    **amounts: int,
) -> Candidate:
    return Candidate(
        run_id=run_id,
        pool="/a",
        priority=priority,
        started_at=started_at,
        amounts=amounts or {"cpus": 1},
        preemptible=preemptible,
        revocable=revocable,
    )


def chosen(needed: dict[str, int], *runs: Candidate) -> list[str]:
    return [victim.run_id for victim in choose_victims(needed, runs).chosen]


@settings(deadline=None)
@given(sizes, candidates)
def test_enough_is_taken_and_never_more_runs_than_help(needed: dict[str, int], runs: list[Candidate]) -> None:
    victims = choose_victims(needed, runs)
    left = {kind: amount for kind, amount in needed.items() if amount}
    for victim in victims.chosen:
        assert victim.revocable or victim.preemptible
        assert any(left.get(kind, 0) > 0 and amount > 0 for kind, amount in victim.amounts.items())
        left = {kind: amount - victim.amounts.get(kind, 0) for kind, amount in left.items()}
    missing = {kind: amount for kind, amount in left.items() if amount > 0}
    assert victims.missing == missing
    if missing:
        spared = [one for one in runs if one not in victims.chosen and (one.revocable or one.preemptible)]
        assert not any(one.amounts.get(kind, 0) for one in spared for kind in missing)


@settings(deadline=None)
@given(sizes, candidates)
def test_the_order_of_candidates_does_not_matter(needed: dict[str, int], runs: list[Candidate]) -> None:
    assert choose_victims(needed, runs) == choose_victims(needed, runs[::-1])


def test_revocable_then_less_important_then_younger() -> None:
    runs = [
        run("old", started_at=1),
        run("young", started_at=2),
        run("important", priority=-5, started_at=9),
        run("borrowed", priority=-9, revocable=True),
        run("twin", started_at=2),
    ]
    assert chosen({"cpus": 9}, *runs) == ["borrowed", "twin", "young", "old", "important"]
    assert chosen({"cpus": 2}, *runs) == ["borrowed", "twin"]


def test_a_run_that_does_not_help_is_skipped() -> None:
    runs = [run("a", priority=0, mem=9), run("b", priority=-1, cpus=2), run("c", priority=-2, cpus=2, mem=1)]
    assert chosen({"cpus": 3}, *runs) == ["b", "c"]
    assert chosen({"cpus": 0, "mem": 1}, *runs) == ["a"]


def test_others_are_never_taken() -> None:
    kept = run("kept", preemptible=False)
    assert choose_victims({"cpus": 2}, [kept, run("a")]).missing == {"cpus": 1}
    assert chosen({"cpus": 2}, kept, run("a")) == ["a"]
