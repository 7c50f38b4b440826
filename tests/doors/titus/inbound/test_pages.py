import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.doors.titus.errors import TitusError
from portico.doors.titus.inbound.pages import Page, read_cursor, read_page, write_cursor
from portico.wire.titus import base_pb2

times = st.integers(0, (1 << 63) - 1)


@given(times, st.text(max_size=60))
def test_a_cursor_is_read_as_it_was_written(at, identity):
    cursor = write_cursor((at, identity))
    assert read_cursor(cursor) == (at, identity)
    assert read_cursor(cursor.rstrip("=")) == (at, identity)


def test_a_cursor_is_what_the_api_says():
    assert write_cursor((12, "abc")) == base64.b64encode(b"abc@12").decode()


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()))
def test_any_other_text_is_refused_or_names_a_place(text):
    try:
        at, identity = read_cursor(text)
    except TitusError as refused:
        assert refused.code.name == "INVALID_ARGUMENT"
    else:
        assert 0 <= at < 1 << 63
        assert isinstance(identity, str)


@pytest.mark.parametrize("written", [b"abc", b"abc@", b"abc@-1", b"abc@1x", b"@", b"\xff@1", b"a@" + b"9" * 20])
def test_what_is_no_cursor_is_refused(written):
    with pytest.raises(TitusError, match="Invalid cursor"):
        read_cursor(base64.b64encode(written).decode())


@pytest.mark.parametrize(("size", "number"), [(0, 0), (-1, 0), (10, -1)])
def test_a_page_without_size_or_of_a_number_below_zero_is_refused(size, number):
    with pytest.raises(TitusError, match="Page"):
        read_page(base_pb2.Page(pageSize=size, pageNumber=number))


def test_a_page_is_read():
    cursor = write_cursor((5, "x"))
    assert read_page(base_pb2.Page(pageSize=10, pageNumber=2)) == Page(10, 2)
    assert read_page(base_pb2.Page(pageSize=10, cursor=cursor)) == Page(10, 0, (5, "x"), cursor)
