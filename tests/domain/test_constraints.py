from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.constraints import (
    AllOf,
    AnyOf,
    Attribute,
    Balance,
    Condition,
    Constraint,
    ExclusiveHost,
    HostLabel,
    Lacks,
    Soft,
    TaskLabel,
    UniqueHost,
    attracts,
    decode,
    decode_soft,
    demands_exclusive,
    encode,
    has_choice,
    leaves,
)
from portico.domain.errors import Invalid

words = st.text(max_size=5)
conditions = st.sampled_from(Condition)
single = st.one_of(
    st.builds(Attribute, words, st.lists(words, max_size=3).map(tuple), st.booleans()),
    st.builds(HostLabel, words, words, conditions, st.integers(0, 9)),
    st.builds(TaskLabel, words, words, conditions, st.integers(0, 9)),
    st.just(UniqueHost()),
    st.just(ExclusiveHost()),
    st.builds(Lacks, words),
)
predicates = st.recursive(
    single,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(tuple).map(AllOf), st.lists(parts, max_size=3).map(tuple).map(AnyOf)
    ),
    max_leaves=6,
)
constraints = predicates | st.builds(Balance, words)


@settings(deadline=None)
@given(constraints)
def test_constraints_survive_being_written(constraint: Constraint) -> None:
    assert decode(encode(constraint)) == constraint


@settings(deadline=None)
@given(st.builds(Soft, constraints, st.integers(0, 9)))
def test_wishes_survive_being_written(wish: Soft) -> None:
    assert decode_soft(encode(wish)) == wish


@pytest.mark.parametrize("data", [b"", b"{}", b'{"type":"unheard_of"}', b'{"type":"attribute","name":1,"values":[]}'])
def test_what_is_no_constraint_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="not a constraint"):
        decode(data)
    with pytest.raises(Invalid, match="not a soft constraint"):
        decode_soft(data)


def test_leaves_walks_trees() -> None:
    tree = AllOf((UniqueHost(), AnyOf((Lacks("gpus"), AllOf(())))))
    assert list(leaves((tree, Balance("zone")))) == [UniqueHost(), Lacks("gpus"), Balance("zone")]


@pytest.mark.parametrize(
    ("constraint", "answer"),
    [
        (ExclusiveHost(), True),
        (UniqueHost(), False),
        (AllOf((UniqueHost(), ExclusiveHost())), True),
        (AllOf(()), False),
        (AnyOf((UniqueHost(), ExclusiveHost())), False),
        (AnyOf((ExclusiveHost(), AllOf((ExclusiveHost(),)))), True),
        (AnyOf(()), False),
    ],
)
def test_only_what_cannot_do_without_it_demands_an_exclusive_host(constraint: Constraint, answer: object) -> None:
    assert demands_exclusive((UniqueHost(), constraint)) is answer


def test_has_choice_means_alternatives() -> None:
    two = AnyOf((UniqueHost(), ExclusiveHost()))
    assert has_choice(two)
    assert has_choice(AllOf((AnyOf((two,)),)))
    assert not has_choice(AnyOf((UniqueHost(),)))
    assert not has_choice(AllOf((UniqueHost(), Lacks("gpus"))))


@pytest.mark.parametrize("condition", Condition)
def test_a_run_attracts_its_like_unless_it_wants_few_of_them(condition: Condition) -> None:
    wish = AllOf((UniqueHost(), TaskLabel("app", "x", condition, 1)))
    assert attracts(wish, {"app": "x"}) is (condition is not Condition.LESS_THAN)
    assert not attracts(wish, {"app": "y"})
