"""Timers: due ones fire in order, forgotten ones take no room."""

from __future__ import annotations

from harness import ManualClock

from portico.control.timers import AT_ONCE, MOST_FORGOTTEN, Timers


def make_timers():
    clock, fired = ManualClock(), []
    timers = Timers(clock)
    timers.handle("t", fired.append)
    return clock, fired, timers


def test_forgotten_timers_leave_memory_before_they_are_due():
    clock, fired, timers = make_timers()
    for number in range(3 * MOST_FORGOTTEN):
        timers.set(clock.now() + 1_000_000 + number, "t", f"{number}")
    for number in range(2 * MOST_FORGOTTEN):
        timers.forget("t", f"{number}")
    assert timers.size <= 2 * MOST_FORGOTTEN
    clock.advance(10)
    while timers.fire_due():
        pass
    assert set(fired) >= {f"{number}" for number in range(2 * MOST_FORGOTTEN, 3 * MOST_FORGOTTEN)}
    assert len(fired) < 3 * MOST_FORGOTTEN


def test_one_turn_fires_a_bounded_number_in_order():
    clock, fired, timers = make_timers()
    for number in range(AT_ONCE + 1):
        timers.set(clock.now() - number, "t", f"{number}")
    assert timers.fire_due()
    assert fired == [f"{number}" for number in range(AT_ONCE, 0, -1)]
    assert not timers.fire_due()


def test_a_timer_is_forgotten_by_its_instant_and_others_of_its_object_stay():
    clock, fired, timers = make_timers()
    start = clock.now()
    for number in range(MOST_FORGOTTEN):
        timers.set(start + 1_000_000 + number, "t", "one")
    timers.set(start + 5_000_000, "t", "one")
    for number in range(MOST_FORGOTTEN):
        timers.forget("t", "one", start + 1_000_000 + number)
    assert timers.size == 1
    clock.advance(10)
    timers.fire_due()
    assert fired == ["one"]
