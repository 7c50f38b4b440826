"""What Runs claim and do not use: the sum over samples, and as a real agent measures it where cpu time is counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from node.control import Control, Node, node, order, play, shell

from portico.domain.runs import Limits
from portico.node.slack import Sample, unused

PERIOD = 1_000_000
ONE = Limits(cpus=1000, output=0)
keys = st.tuples(st.sampled_from("abc"), st.integers(1, 2))
samples = st.dictionaries(keys, st.builds(Sample, claimed=st.integers(0, 4000), used=st.integers(0, 4_000_000)))


def of(**runs: tuple[int, int]) -> dict[tuple[str, int], Sample]:
    return {(run, 1): Sample(claimed, used) for run, (claimed, used) in runs.items()}


def test_what_was_claimed_and_not_used_is_unused() -> None:
    before = of(idle=(1000, 5000), half=(2000, 0))
    present = of(idle=(1000, 5000), half=(2000, PERIOD))
    assert unused(before, present, PERIOD) == 2000
    assert unused(before, present, PERIOD // 2) == 1000


def test_what_has_just_begun_or_was_begun_anew_counts_for_nothing() -> None:
    before = {("again", 1): Sample(1000, 0)}
    present = {("again", 2): Sample(1000, 0), ("new", 1): Sample(1000, 0)}
    assert unused(before, present, PERIOD) == 0


def test_use_beyond_a_claim_is_set_against_what_others_leave() -> None:
    before = of(idle=(1000, 0), greedy=(500, 0))
    assert unused(before, of(idle=(1000, 0), greedy=(500, PERIOD)), PERIOD) == 500
    assert unused(before, of(idle=(1000, 0), greedy=(500, 2 * PERIOD)), PERIOD) == 0


def test_a_claim_that_grew_meanwhile_counts_as_it_was() -> None:
    assert unused(of(a=(500, 0)), of(a=(2000, 0)), PERIOD) == 500


def test_no_time_is_no_measurement() -> None:
    assert unused(of(a=(500, 0)), of(a=(500, 0)), 0) == 0


@given(samples, samples, st.integers(1, 10 * PERIOD))
def test_it_is_never_more_than_was_claimed_all_the_time(
    before: dict[tuple[str, int], Sample], present: dict[tuple[str, int], Sample], period: int
) -> None:
    both = before.keys() & present.keys()
    claimed = sum(min(before[key].claimed, present[key].claimed) for key in both)
    assert 0 <= unused(before, present, period) <= claimed


# ---- a real agent --------------------------------------------------------------------------------------------------


def counted(site: Node) -> bool:
    return "cpu" not in str(site.control.registers[0].warnings)


async def measured(control: Control, fits: object) -> int:
    """Await a measurement from now on that fits."""
    known = len(control.heartbeats)

    def found() -> list[int]:
        news = control.heartbeats[known:]
        return [beat.slack["cpus"] for beat in news if beat.slack is not None and fits(beat.slack["cpus"])]  # type: ignore[operator]

    await control.until(found)
    return found()[0]


def test_nothing_is_measured_unless_it_is_wanted() -> None:
    async def story() -> None:
        async with node(cgroups=True, heartbeat=20_000) as site:
            site.control.launch(order("idle", "/bin/sleep", "60", limits=ONE))
            await site.control.runs("idle")
            known = len(site.control.heartbeats)
            await site.control.until(lambda: len(site.control.heartbeats) >= known + 5)
            assert {beat.slack for beat in site.control.heartbeats} == {None}

    play(story())


def test_an_agent_measures_what_idle_runs_claim_until_they_use_it() -> None:
    async def story() -> None:
        async with node(cgroups=True, slack_period=200_000) as site:
            control = site.control
            if not counted(site):
                assert site.agent is not None
                return
            wait_then_burn = "while [ ! -e go ]; do sleep 0.1; done; while :; do :; done"
            control.launch(shell("idle", wait_then_burn, limits=ONE))
            control.launch(shell("borrows", "while :; do :; done", limits=Limits(cpus=10, output=0), revocable=True))
            await control.runs("idle", "borrows")
            assert await measured(control, lambda cpus: cpus > 900) <= 1000
            await site.kill_agent()
            assert await measured(control, lambda cpus: cpus > 900) <= 1000
            (site.directory / "sandboxes" / "idle" / "go").touch()
            assert await measured(control, lambda cpus: cpus < 850) >= 0

    play(story())


def test_what_is_in_a_container_counts_with_it() -> None:
    async def story() -> None:
        async with node(cgroups=True, slack_period=200_000) as site:
            control = site.control
            if not counted(site):
                assert site.agent is not None
                return
            half = Limits(cpus=500, output=0)
            control.launch(
                order("root", "/bin/sleep", "60", limits=half),
                order("member", "/bin/sleep", "60", limits=half, parent="root", adds=True),
            )
            await control.runs("root", "member")
            assert await measured(control, lambda cpus: cpus > 900) <= 1000
            control.launch(order("borrows", "/bin/sleep", "60", limits=half, parent="root", adds=True, revocable=True))
            assert await measured(control, lambda cpus: cpus == 0) == 0

    play(story())
