import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain import framing
from portico.domain.errors import Invalid
from portico.domain.frames import (
    Ack,
    CallEnd,
    CallsReport,
    Heartbeat,
    Launch,
    LaunchOrder,
    Observation,
    Register,
    Report,
)
from portico.domain.runs import EndCause, Outcome, RunSpec

texts = st.text(max_size=20)
outcomes = st.builds(
    Outcome, st.sampled_from(EndCause), st.none() | st.integers(0, 255), message=texts, output=st.binary(max_size=50)
)
observations = st.builds(
    Observation, texts, st.integers(0, 9), st.integers(0, 2**50), started=st.booleans(), outcome=st.none() | outcomes
)
spoken = st.one_of(
    st.builds(Report, st.integers(0, 2**40), st.lists(observations, max_size=4).map(tuple)),
    st.builds(Heartbeat, st.integers(0, 2**50)),
    st.builds(
        CallsReport,
        st.integers(0, 9),
        ended=st.lists(
            st.builds(
                CallEnd, texts, st.integers(0, 9), st.just(1), st.just(2), st.lists(texts, max_size=3).map(tuple)
            ),
            max_size=3,
        ).map(tuple),
    ),
    st.builds(
        Register,
        texts,
        texts,
        texts,
        texts,
        st.dictionaries(texts, st.integers(0, 9), max_size=3),
        st.just(()),
        st.just({}),
        st.just(0),
    ),
)


@given(st.lists(spoken, max_size=6), st.data())
def test_frames_survive_any_cutting_of_the_stream(frames, data):
    stream = b"".join(framing.encode(frame) for frame in frames)
    splitter = framing.Splitter()
    heard = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        heard += [framing.decode(framing.from_peer, body) for body in splitter.feed(stream[:size])]
        stream = stream[size:]
    assert heard == frames


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_happens(garbage):
    for decoder in (framing.from_peer, framing.to_agent, framing.to_worker):
        try:
            framing.decode(decoder, garbage)
        except Invalid as error:
            assert str(error).startswith("not a frame")


@given(st.binary(min_size=4, max_size=300))
def test_a_stream_of_garbage_either_splits_or_is_refused(garbage):
    splitter = framing.Splitter()
    try:
        assert sum(len(body) + framing.HEADER for body in splitter.feed(garbage)) <= len(garbage)
    except Invalid as error:
        assert "exceeds" in str(error)


def test_frames_that_are_too_large_are_refused_on_both_sides():
    with pytest.raises(Invalid, match="exceeds"):
        list(framing.Splitter().feed((framing.MAX_FRAME + 1).to_bytes(4, "big")))
    order = LaunchOrder("r", 1, RunSpec(payload=b"x" * framing.MAX_FRAME), 0)
    with pytest.raises(Invalid, match="exceeds"):
        framing.encode(Launch((order,)))


def test_unknown_tags_are_refused():
    with pytest.raises(Invalid):
        framing.decode(framing.from_peer, msgspec.msgpack.encode({"t": "gossip"}))
    with pytest.raises(Invalid):
        framing.decode(framing.from_peer, framing.encode(Ack(1))[4:])
