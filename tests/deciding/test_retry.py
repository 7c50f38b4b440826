from hypothesis import given
from hypothesis import strategies as st

from portico.deciding.retry import Tried, next_delay
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import ENDLESS, Retry

durations = st.integers(0, 7200 * SECOND).map(Micros)
counts = st.integers(0, 200)
policies = st.builds(
    Retry,
    limit=st.integers(-1, 20),
    delay=durations,
    factor=st.integers(1, 4),
    ceiling=durations,
    floor=durations,
    steady=durations,
    system_delay=durations,
    system_ceiling=durations,
)
histories = st.builds(
    Tried, tries=counts, rapid=counts, counted=st.booleans(), failures=st.integers(0, 200), ran_for=durations
)


def seconds(pause):
    return None if pause is None else pause / SECOND


def test_pauses_grow_to_their_ceiling_and_end_with_the_limit():
    retry = Retry(limit=5, delay=Micros(2 * SECOND), factor=2, ceiling=Micros(10 * SECOND))
    pauses = [seconds(next_delay(retry, Tried(number, number))) for number in range(1, 7)]
    assert pauses == [2, 4, 8, 10, 10, None]


def test_failures_that_do_not_count_have_pauses_of_their_own_and_no_limit():
    pauses = [seconds(next_delay(Retry(), Tried(1, 1, counted=False, failures=number))) for number in range(1, 8)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert next_delay(Retry(), Tried(9, 9, counted=False, failures=1)) == SECOND
    own = Retry(limit=0, delay=Micros(3 * SECOND))
    assert next_delay(own, Tried(0, 0, counted=False)) == 3 * SECOND  # forgiven, but nobody's fault: its own pause


def test_after_a_steady_attempt_there_is_no_pause_but_still_a_limit():
    retry = Retry(limit=1, delay=Micros(SECOND), floor=Micros(2 * SECOND), steady=Micros(60 * SECOND))
    assert seconds(next_delay(retry, Tried(1, 0, ran_for=60 * SECOND))) == 0
    assert seconds(next_delay(retry, Tried(1, 1, ran_for=59 * SECOND))) == 2
    assert next_delay(retry, Tried(2, 0, ran_for=60 * SECOND)) is None


@given(policies, histories)
def test_a_limit_binds_what_counts_and_nothing_else(retry, tried):
    pause = next_delay(retry, tried)
    bound = tried.counted and retry.limit != ENDLESS and tried.tries > retry.limit
    assert (pause is None) == bound
    endless = next_delay(retry, tried, endless=True)
    assert endless is not None
    assert pause in (None, endless)


@given(policies, histories)
def test_a_pause_keeps_within_its_bounds(retry, tried):
    pause = next_delay(retry, tried, endless=True)
    if 0 < retry.steady <= tried.ran_for:
        assert pause == 0
    elif not tried.failures:
        assert max(retry.floor, min(retry.delay, retry.ceiling)) <= pause
        assert pause <= max(retry.floor, retry.delay, retry.ceiling)
    else:
        assert min(retry.system_delay, retry.system_ceiling) <= pause <= max(retry.system_delay, retry.system_ceiling)


@given(policies, st.integers(1, 150), st.booleans())
def test_pauses_never_shrink_while_nothing_is_steady(retry, number, counted):
    here, there = (
        next_delay(retry, Tried(0, step, counted=counted, failures=0 if counted else step), endless=True)
        for step in (number, number + 1)
    )
    assert here <= there
