"""Task options."""

import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.calls.values import CallOptions, OptionsPatch
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.options import read_defaults, read_patch
from portico.doors.armonik.inbound.sessions import read_creation
from portico.doors.armonik.outbound.options import task_options
from portico.wire.armonik.objects_pb2 import TaskOptions

WHOLE = {"max_duration": Duration(seconds=2), "max_retries": 1, "priority": 1}
TEXTS = st.text(max_size=3)
OPTIONS = st.builds(
    CallOptions,
    max_duration=st.integers(0, 10**14),
    max_retries=st.integers(1, (1 << 31) - 1),
    priority=st.integers(1, 99),
    partition=TEXTS,
    application_name=TEXTS,
    application_version=TEXTS,
    application_namespace=TEXTS,
    application_service=TEXTS,
    engine=TEXTS,
    options=st.dictionaries(TEXTS, TEXTS, max_size=3),
)


@given(OPTIONS)
def test_options_come_back(options):
    assert read_defaults(task_options(options), "x") == options
    fields = {name: getattr(options, name) for name in CallOptions.__struct_fields__}
    assert read_patch(task_options(options), "x") == OptionsPatch(**fields)


def test_an_empty_message_is_an_empty_patch():
    assert read_patch(TaskOptions(), "x") == OptionsPatch()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"max_duration": None}, "max_duration"),
        ({"max_duration": Duration(seconds=-1)}, "max_duration"),
        ({"max_duration": Duration(seconds=1 << 60)}, "max_duration"),
        ({"max_retries": 0}, "max_retries"),
        ({"max_retries": -1}, "max_retries"),
        ({"priority": 0}, "priority"),
        ({"priority": 100}, "priority"),
    ],
)
def test_a_sessions_options_are_whole(wrong, field):
    with pytest.raises(Invalid) as caught:
        read_creation(TaskOptions(**{**WHOLE, **wrong}), [])
    assert caught.value.field == f"default_task_option.{field}"


def test_a_session_needs_options():
    with pytest.raises(Invalid) as caught:
        read_creation(None, [])
    assert caught.value.field == "default_task_option"


def test_an_empty_name_alone_is_the_default_partition():
    assert read_creation(TaskOptions(**WHOLE), [""]).partitions == ()
    assert read_creation(TaskOptions(**WHOLE), []).partitions == ()
    assert read_creation(TaskOptions(**WHOLE), ["a", ""]).partitions == ("a", "")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"max_duration": Duration(nanos=-1)}, "max_duration"),
        ({"max_retries": -1}, "max_retries"),
        ({"priority": -1}, "priority"),
    ],
)
def test_a_patch_has_nothing_negative(wrong, field):
    with pytest.raises(Invalid) as caught:
        read_patch(TaskOptions(**wrong), "task_options")
    assert caught.value.field == f"task_options.{field}"
