from hypothesis import given
from hypothesis import strategies as st

from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.states import ResultState
from portico.domain.calls.values import Content, Result, ResultDraft
from portico.doors.armonik.outbound.results import new_result_raws, result_raw, result_raws
from portico.wire.armonik.results_pb2 import ListResultsResponse

NAMING = Naming("0123456789abcdef")
INSTANTS = st.sampled_from([1, 1_800_000_000_000_000, 1_800_000_000_123_456])
TEXTS = st.text(max_size=3) | st.sampled_from(["x" * 127, "x" * 128, "é" * 64, "x" * 20_000])
RESULTS = st.builds(
    Result,
    number=st.integers(1, (1 << 48) - 1),
    session=st.integers(1, 3),
    name=TEXTS,
    state=st.sampled_from(ResultState),
    owner=st.sampled_from(["", "call"]),
    created_by=st.sampled_from(["", "other"]),
    completed_by=st.just(""),
    created_at=INSTANTS,
    completed_at=st.none() | INSTANTS,
    size=st.integers(0, 1 << 40),
    opaque=st.binary(max_size=3) | st.just(b"o" * 128),
    manual_deletion=st.booleans(),
)


@given(st.lists(RESULTS, max_size=6))
def test_results_written_together_are_as_each_written_alone(results):
    read = ListResultsResponse.FromString(result_raws(results, NAMING))
    assert list(read.results) == [result_raw(result, NAMING) for result in results]


DRAFTS = st.builds(
    ResultDraft,
    TEXTS,
    st.none()
    | st.binary(max_size=2).map(lambda data: Content(len(data), data))
    | st.sampled_from([Content(100_000, large="f" * 64), Content(1 << 40, large="e" * 64)]),
    st.booleans(),
)


@given(st.integers(1, (1 << 48) - 10), st.lists(DRAFTS, max_size=6), INSTANTS)
def test_new_results_are_written_as_each_alone(first, drafts, at):
    texts = NAMING.texts(Kind.RESULT, first, len(drafts))
    written = new_result_raws(list(zip(texts, drafts, strict=True)), 2, at, NAMING)
    assert list(ListResultsResponse.FromString(written).results) == [
        result_raw(_created(number, draft, at), NAMING) for number, draft in enumerate(drafts, first)
    ]


def _created(number, draft, at):
    content = draft.content
    if content is None:
        state, done, size, opaque = ResultState.CREATED, None, 0, b""
    else:
        state, done, size = ResultState.COMPLETED, at, content.size
        opaque = (content.large or f"r:{NAMING.text(Kind.RESULT, number)}").encode()
    return Result(number, 2, draft.name, state, "", "", "", at, done, size, opaque, draft.manual_deletion)
