"""Any descriptor at all: it is taken or refused in the API's own words, and what is taken can be run."""

from __future__ import annotations

import msgspec
from doors.titus.inbound.descriptors import BATCH, JOB, SERVICE, written
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico.domain.constraints import decode, decode_soft
from portico.domain.jobs import Job, JobMode
from portico.doors.titus.errors import TitusError, translate
from portico.doors.titus.inbound.containers import plan
from portico.doors.titus.inbound.descriptors import convert
from portico.doors.titus.inbound.limits import Limits, Sidecar
from portico.doors.titus.inbound.mounts import shared_with
from portico.doors.titus.inbound.sanitising import sanitised
from portico.wire.titus import jobs_pb2

BOUNDED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LIMITS = (
    Limits(),
    Limits(efs={"a": "/srv"}, networks={"HighScale": "cni:x"}, sidecars={"a": Sidecar("a:{channel}")}, min_cpus=0),
)
WORDS = st.one_of(
    st.sampled_from(
        ["", "a", " a ", "/a", "..", "a@b", "sg-1", "role", "uniqueHost", "zonebalance", "true", "main", "x y"]
    ),
    st.text(max_size=12),
)
_NUMBERS = {
    FieldDescriptor.TYPE_UINT32: st.one_of(st.integers(0, 5), st.integers(0, 2**32 - 1)),
    FieldDescriptor.TYPE_UINT64: st.one_of(st.integers(0, 100), st.integers(0, 2**64 - 1)),
    FieldDescriptor.TYPE_DOUBLE: st.one_of(st.just(1.0), st.floats()),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_ENUM: st.integers(-1, 8),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=4),
    FieldDescriptor.TYPE_STRING: WORDS,
}


@st.composite
def messages(draw: st.DrawFn, kind: type[Message], depth: int = 0) -> Message:
    """Draw a message with any fields set to anything."""
    message = kind()
    fields = list(kind.DESCRIPTOR.fields)
    for field in draw(st.lists(st.sampled_from(fields), max_size=len(fields), unique=True)) if fields else ():
        fill(draw, message, field, depth)
    return message


def fill(draw: st.DrawFn, message: Message, field: FieldDescriptor, depth: int) -> None:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        getattr(message, field.name).update(draw(st.dictionaries(WORDS, WORDS, max_size=3)))
    elif kind is None:
        values = _NUMBERS[field.type]
        if field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(values, max_size=3)))
        else:
            setattr(message, field.name, draw(values))
    elif kind.file.package != "google.protobuf" and depth < 6:
        inner = messages(kind._concrete_class, depth + 1)
        if field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(inner, max_size=2)))
        else:
            getattr(message, field.name).CopyFrom(draw(inner))


def check_taken_or_refused(message: jobs_pb2.JobDescriptor, limits: Limits) -> None:
    before = message.SerializeToString(deterministic=True)
    try:
        descriptor = convert(message, limits)
    except TitusError as error:
        assert translate(error)[2]
        return
    finally:
        assert message.SerializeToString(deterministic=True) == before
    assert convert(descriptor, limits) == descriptor
    check_runs(descriptor, limits)


def check_runs(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> None:
    found = plan(descriptor, JOB, limits)
    assert found == plan(descriptor, JOB, limits)
    job = Job(
        id=JOB,
        door="titus",
        pool="/titus/DEFAULT",
        mode=found.mode,
        created_at=1,
        template=found.template,
        retry=found.retry,
    )
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job
    assert all(amount > 0 for amount in found.template.amounts.values())
    assert all(decode(one) for one in found.template.hard)
    assert all(decode_soft(one) for one in found.template.soft)
    assert found.size >= (found.mode is JobMode.BATCH)
    for spec in (found.template.spec, *(child.spec for child in found.children)):
        for mount in shared_with(spec, JOB).container.mounts if spec.container else ():
            assert mount.target.startswith("/")
            assert ".." not in mount.target.split("/")
            assert mount.source.startswith((limits.folder, *limits.efs.values()))
            assert ".." not in mount.source.split("/")
            assert "//" not in mount.source


@BOUNDED
@given(messages(jobs_pb2.JobDescriptor), st.sampled_from(LIMITS))
def test_any_message_is_taken_or_refused(message: jobs_pb2.JobDescriptor, limits: Limits) -> None:
    check_taken_or_refused(message, limits)


@BOUNDED
@given(messages(jobs_pb2.JobDescriptor), st.sampled_from([BATCH, SERVICE]), st.sampled_from(LIMITS))
def test_any_change_of_a_good_message_is_taken_or_refused(
    change: jobs_pb2.JobDescriptor, base: str, limits: Limits
) -> None:
    message = written(base)
    message.MergeFrom(change)
    check_taken_or_refused(message, limits)


@BOUNDED
@given(st.sampled_from([BATCH, SERVICE]), st.data())
def test_one_changed_field_of_a_good_message(base: str, data: st.DataObject) -> None:
    message = written(base)
    place: Message = message
    while True:
        field = data.draw(st.sampled_from(list(type(place).DESCRIPTOR.fields)))
        kind = field.message_type
        deeper = kind is not None and not field.is_repeated and kind.fields and kind.file.package != "google.protobuf"
        if not deeper:
            break
        place = getattr(place, field.name)
    fill(data.draw, place, field, 4)
    check_taken_or_refused(message, LIMITS[0])


@BOUNDED
@given(st.binary(max_size=200), st.sampled_from([b"", written(BATCH).SerializeToString()]))
def test_any_bytes_that_parse(noise: bytes, before: bytes) -> None:
    try:
        message = jobs_pb2.JobDescriptor.FromString(before + noise)
    except DecodeError:
        return
    check_taken_or_refused(message, LIMITS[0])


@BOUNDED
@given(messages(jobs_pb2.JobDescriptor), st.sampled_from(LIMITS))
def test_sanitising_twice_is_sanitising_once(message: jobs_pb2.JobDescriptor, limits: Limits) -> None:
    once = sanitised(message, limits)
    assert sanitised(once, limits).SerializeToString(deterministic=True) == once.SerializeToString(deterministic=True)
