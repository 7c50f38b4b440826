"""Threads that give way, as the kernel sees them."""

from __future__ import annotations

import os
import threading

from portico.giving_way import give_way, making_threads_that_give_way


def in_a_thread(action):
    """Do something in a thread of its own, whose policy goes with it."""
    found = []
    thread = threading.Thread(target=lambda: found.append(action()))
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_that_gives_way_leaves_the_others_as_they_are():
    def story():
        give_way()
        return os.sched_getscheduler(0), in_a_thread(lambda: os.sched_getscheduler(0))

    assert in_a_thread(story) == (os.SCHED_BATCH, os.SCHED_BATCH)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_threads_made_meanwhile_give_way_and_their_maker_does_not():
    def story():
        with making_threads_that_give_way():
            made = in_a_thread(lambda: os.sched_getscheduler(0))
        return made, os.sched_getscheduler(0)

    assert in_a_thread(story) == (os.SCHED_BATCH, os.SCHED_OTHER)


def test_a_policy_that_somebody_else_has_chosen_is_respected():
    def story():
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        give_way()
        with making_threads_that_give_way():
            pass
        return os.sched_getscheduler(0)

    assert in_a_thread(story) == os.SCHED_IDLE
