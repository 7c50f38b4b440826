"""Who calls, by headers."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.doors.titus.callers import Caller, caller_of
from portico.doors.titus.errors import TitusError, wants_details
from portico.wire.titus import base_pb2

META = base_pb2.CallMetadata


def chain(caller: Caller) -> list[tuple[str, int]]:
    return [(one.id, one.type) for one in META.FromString(caller.metadata).callers]


def test_nobody() -> None:
    caller = caller_of([])
    assert (caller.id, caller.kind, caller.reason) == ("unknownDirectCaller", "Unknown", "reason not given")
    assert chain(caller) == [("unknownDirectCaller", META.Unknown)]


def test_headers_in_any_case() -> None:
    caller = caller_of(
        [
            ("X-Titus-CallerId", "me"),
            ("x-titus-callerType", "user"),
            ("X-TITUS-DIRECTCALLERID", "gateway"),
            ("x-titus-directcallertype", "Application"),
            ("x-titus-callreason", "tests"),
            ("x-titus-compression", "GZIP"),
            ("authorization", "x"),
        ]
    )
    assert (caller.id, caller.kind, caller.reason, caller.compression) == ("me", "User", "tests", "gzip")
    assert chain(caller) == [("me", META.User), ("gateway", META.Application)]
    assert list(META.FromString(caller.metadata).callPath) == ["me", "gateway"]


def test_a_direct_caller_alone() -> None:
    assert caller_of([("x-titus-directcallerid", "tool")]).id == "tool"


def test_a_proven_caller_is_the_direct_one() -> None:
    assert caller_of([], "cert").id == "cert"
    assert chain(caller_of([("x-titus-callerid", "me")], "cert")) == [("me", 0), ("cert", 0)]
    assert chain(caller_of([("x-titus-directcallerid", "me")], "cert")) == [("me", 0)]


MADE = META(callers=[META.Caller(id="first", type=META.User)], callReason="because", callPath=["first"])


@pytest.mark.parametrize(
    "written",
    [MADE.SerializeToString(), base64.b64encode(MADE.SerializeToString()).decode().rstrip("=")],
)
def test_call_metadata_wins_and_grows(written: str | bytes) -> None:
    caller = caller_of(
        [("x-titus-callmetadata-bin", written), ("x-titus-callerid", "other"), ("x-titus-directcallerid", "direct")]
    )
    assert (caller.id, caller.kind, caller.reason) == ("first", "User", "because")
    assert [identity for identity, _ in chain(caller)] == ["first", "direct"]


def test_call_metadata_of_an_old_client() -> None:
    old = META(callerId="old").SerializeToString()
    assert caller_of([("x-titus-callmetadata-bin", old)]).id == "old"


def test_kinds_that_are_not_known() -> None:
    newer = META(callers=[META.Caller(id="a", type=9)]).SerializeToString()
    assert caller_of([("x-titus-callmetadata-bin", newer)]).kind == "Unknown"
    assert caller_of([("x-titus-callerid", "a"), ("x-titus-callertype", "robot")]).kind == "Unknown"


@pytest.mark.parametrize("written", [b"\xff", "****", "ü", base64.b64encode(b"\xff").decode()])
def test_broken_call_metadata_is_refused(written: str | bytes) -> None:
    with pytest.raises(TitusError, match="no serialized CallMetadata"):
        caller_of([("x-titus-callmetadata-bin", written)])


def test_who_wants_details_of_errors() -> None:
    asking = META(debug=True).SerializeToString()
    for pairs, wanted in [
        ([("x-titus-debug", " TRUE ")], True),
        ([("x-titus-debug", "yes")], False),
        ([("x-titus-callmetadata-bin", asking)], True),
        ([], False),
    ]:
        assert caller_of(pairs).debug is wanted
        assert wants_details.get() is wanted


@given(
    st.lists(
        st.tuples(st.sampled_from(["x-titus-callmetadata-bin", "x-titus-callerid", "other"]), st.text() | st.binary())
    )
)
def test_any_headers(pairs: list[tuple[str, str | bytes]]) -> None:
    try:
        caller = caller_of(pairs)
    except TitusError:
        return
    assert chain(caller)[0][0] == caller.id
