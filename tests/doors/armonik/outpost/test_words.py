"""Options in the worker's words and ours, and what may be submitted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.calls.frames import SessionFacts
from portico.domain.calls.values import CallOptions, OptionsPatch
from portico.domain.errors import Conflict, Invalid
from portico.doors.armonik.outpost.submitting import check_submission
from portico.doors.armonik.outpost.words import options_message, patch_of, stacked
from portico.wire.armonik.objects_pb2 import TaskOptions

texts = st.text(max_size=5)
patches = st.builds(
    OptionsPatch,
    max_duration=st.integers(0, 10**15),
    max_retries=st.integers(0, 100),
    priority=st.integers(0, 100),
    partition=texts,
    application_name=texts,
    application_version=texts,
    application_namespace=texts,
    application_service=texts,
    engine=texts,
    options=st.dictionaries(texts, texts, max_size=3),
)


@given(patches)
def test_options_come_back_as_they_went(patch):
    options = CallOptions(**{name: getattr(patch, name) for name in CallOptions.__struct_fields__})
    assert patch_of(options_message(options)) == patch


@given(patches, patches)
def test_the_specific_counts_where_it_says_anything(general, specific):
    merged = stacked(general, specific)
    assert merged.priority == specific.priority
    assert merged.max_retries == (specific.max_retries or general.max_retries)
    assert merged.partition == (specific.partition or general.partition)
    assert merged.options == {**general.options, **specific.options}


@given(patches)
def test_one_alone_is_taken_as_it_is(patch):
    assert stacked(patch, None) == stacked(None, patch) == patch
    assert stacked(None, None) is None


@pytest.mark.parametrize("wrong", [{"max_retries": -1}, {"priority": -1}, {"max_duration": {"seconds": -1}}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(Invalid) as error:
        patch_of(TaskOptions(**wrong))
    assert error.value.field in wrong


DEFAULTS = CallOptions(max_duration=1, max_retries=1, priority=101, partition="p")


def test_submissions_are_checked_in_upstreams_order():
    closed = SessionFacts(1, worker_submission=False, partitions=("p",), defaults=DEFAULTS)
    with pytest.raises(Invalid, match="Partition 'q'"):
        check_submission(closed, OptionsPatch(partition="q", priority=200))
    with pytest.raises(Invalid, match="Max priority is 100"):
        check_submission(closed, None)
    with pytest.raises(Conflict, match="Worker submission is closed"):
        check_submission(closed, OptionsPatch(priority=100))
