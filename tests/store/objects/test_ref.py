"""Refs and their texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.store.objects import SMALL, BlobRef

CRCS = st.integers(0, (1 << 32) - 1)
SIZES = st.integers(0, 10**18 - 1)
REFS = st.one_of(
    st.builds(BlobRef, st.integers(1, 10**18 - 1).map("s{}".format), SIZES, st.integers(0, SMALL), CRCS),
    st.builds(BlobRef, st.from_regex(r"\Af[0-9a-f]{32}\Z"), st.just(0), SIZES, CRCS),
)


@given(REFS)
def test_a_ref_and_its_text_are_one(ref: BlobRef) -> None:
    assert BlobRef.parse(ref.encode()) == ref
    assert str(ref) == ref.encode()


def accepted(text: str) -> BlobRef | None:
    try:
        return BlobRef.parse(text)
    except Invalid:
        return None


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="sf0123456789abcdef:./-\n ", max_size=60),
        st.from_regex(r"(s|f)[0-9a-f/.]{1,33}:[0-9]{1,4}:[0-9]{1,6}:[0-9a-fA-F]{7,9}\s?"),
        st.builds(
            lambda ref, at, char: ref.encode()[:at] + char + ref.encode()[at + 1 :],
            REFS,
            st.integers(0, 60),
            st.characters(),
        ),
    )
)
def test_any_other_text_is_invalid(text: str) -> None:
    ref = accepted(text)
    assert ref is None or ref.encode() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s1:0:0",
        "s0:0:0:00000000",
        "s01:0:0:00000000",
        "s1:00:0:00000000",
        "s1:0:0:0000000A",
        "s1:0:0:00000000\n",
        "s1:0:65537:00000000",
        "s1:\u0660:0:00000000",
        "s../../etc/passwd:0:0:00000000",
        f"f{'0' * 31}:0:0:00000000",
        f"f{'0' * 32}:1:0:00000000",
        f"f{'A' * 32}:0:0:00000000",
    ],
)
def test_near_misses_are_invalid(text: str) -> None:
    with pytest.raises(Invalid, match="does not name a blob"):
        BlobRef.parse(text)
