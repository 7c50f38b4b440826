from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import IllegalTransition
from portico.domain.jobs import INSTANCE_LIFE, JOB_LIFE
from portico.domain.lifecycle import LifeCycle
from portico.domain.nodes import NODE_LIFE
from portico.domain.runs import RUN_LIFE, RunState

LIVES = (RUN_LIFE, INSTANCE_LIFE, JOB_LIFE, NODE_LIFE)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_every_pair_of_states_has_an_edge_or_is_refused(life):
    for source in type(life.initial):
        for target in type(life.initial):
            if (source, target) in life.edges:
                assert life.advance(source, target) is target
            else:
                with pytest.raises(IllegalTransition, match=f"{life.name}: no edge"):
                    life.advance(source, target)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_every_state_can_be_reached_and_every_edge_has_a_reason(life):
    reached = {life.initial}
    while more := {target for source, target in life.edges if source in reached} - reached:
        reached |= more
    assert reached == set(type(life.initial))
    assert all(reason for reason in life.edges.values())


def test_runs_never_leave_their_end_and_return_to_waiting_only_before_running():
    assert RUN_LIFE.final == {RunState.SUCCEEDED, RunState.FAILED, RunState.KILLED, RunState.LOST}
    back = {source for source, target in RUN_LIFE.edges if target is RunState.WAITING}
    assert RunState.RUNNING not in back
    assert RunState.UNREACHABLE not in back


class _Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@given(st.sets(st.tuples(st.sampled_from(_Colour), st.sampled_from(_Colour))))
def test_final_states_are_those_without_a_way_out(edges):
    life = LifeCycle("colour", _Colour.RED, dict.fromkeys(edges, "why"))
    assert life.final == set(_Colour) - {source for source, _ in edges}
