from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.cli.failures import Failed
from portico.cli.resolving import LEAST, pick

IDS = ["01a20202-1111-7000-8000-aaaaaaaaaaaa", "01a20202-2222-7000-8000-bbbbbbbbbbbb"]


@pytest.mark.parametrize("text", ["01a20202-1", "aaaaaa", "01A20202-1", IDS[0]])
def test_a_unique_beginning_or_end_is_enough(text: str) -> None:
    assert pick(text, IDS) == IDS[0]


def test_too_little_is_no_id() -> None:
    assert pick("aaaaa", IDS) is None


def test_what_fits_none_is_none() -> None:
    assert pick("cccccc", IDS) is None


def test_what_fits_several_lists_them() -> None:
    with pytest.raises(Failed, match="fits 2 ids") as caught:
        pick("01a202", IDS)
    assert all(identity in str(caught.value) for identity in IDS)


def test_a_long_list_is_cut() -> None:
    with pytest.raises(Failed, match="and 40 more") as caught:
        pick("abcdef", [f"abcdef{number}" for number in range(50)])
    assert len(str(caught.value).splitlines()) == 12


@given(st.lists(st.uuids(version=4).map(str), unique=True, max_size=20), st.data())
def test_the_whole_of_a_picked_id_carries_what_was_typed(ids: list[str], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([identity[:length] for identity in ids for length in (LEAST, 12, 36)] or ["x"]))
    fitting = [identity for identity in ids if identity.startswith(text) or identity.endswith(text)]
    if len(fitting) > 1:
        with pytest.raises(Failed):
            pick(text, ids)
    else:
        assert pick(text, ids) == (fitting[0] if fitting else None)
