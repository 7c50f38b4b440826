"""proto2 as JSON: the API's rules in both directions, and nothing but Invalid for what cannot be read."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from doors.mesos.messages import TYPES, messages
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding import jsonpb
from portico.wire.mesos import agent_pb2, master_pb2, mesos_pb2, scheduler_pb2


def with_defaults(message, plain):
    """Add to what the reference library prints the absent fields that have a default of their own."""
    for field in message.DESCRIPTOR.fields:
        if field.has_default_value and not field.is_repeated and field.name not in plain:
            default = field.default_value
            plain[field.name] = (
                field.enum_type.values_by_number[default].name if field.enum_type is not None else default
            )
        if field.message_type is not None and field.name in plain:
            value = getattr(message, field.name)
            if field.is_repeated:
                for part, shown in zip(value, plain[field.name], strict=True):
                    with_defaults(part, shown)
            else:
                with_defaults(value, plain[field.name])
    return plain


def with_numbers(descriptor, plain):
    """Turn the 64-bit integers, which the reference library prints as strings, into numbers."""
    for field in descriptor.fields:
        if field.name not in plain:
            continue
        value = plain[field.name]
        if field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                with_numbers(field.message_type, part)
        elif field.type in {field.TYPE_INT64, field.TYPE_UINT64}:
            plain[field.name] = [int(part) for part in value] if field.is_repeated else int(value)
    return plain


@settings(max_examples=150)
@given(messages())
def test_printing_agrees_with_the_reference_library_apart_from_the_api_s_own_rules(message):
    reference = json_format.MessageToDict(message, preserving_proto_field_name=True)
    expected = with_defaults(message, with_numbers(message.DESCRIPTOR, reference))
    text = jsonpb.encode(message)
    assert json.loads(text) == expected
    assert jsonpb.to_plain(message) == expected
    assert b"\n" not in text
    assert b"\r" not in text


def set_defaults(message):
    """Set the absent fields that have a default of their own, as reading what was printed does."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None:
            value = getattr(message, field.name)
            for part in value if field.is_repeated else [value] if message.HasField(field.name) else []:
                set_defaults(part)
        elif field.has_default_value and not message.HasField(field.name):
            setattr(message, field.name, field.default_value)


@settings(max_examples=150)
@given(messages())
def test_a_message_comes_back_from_json_and_from_protobuf(message):
    again = jsonpb.decode(type(message), jsonpb.encode(message))
    expected = type(message).FromString(message.SerializeToString())
    assert expected == message
    set_defaults(expected)
    assert again == expected


@settings(max_examples=100)
@given(messages())
def test_bytes_print_like_their_message(message):
    assert jsonpb.encode_serialized(type(message), message.SerializeToString()) == jsonpb.encode(message)


@settings(max_examples=300)
@given(st.sampled_from(TYPES), st.binary(max_size=200))
def test_arbitrary_bytes_are_printed_or_invalid(type_, data):
    with contextlib.suppress(Invalid):
        json.loads(jsonpb.encode_serialized(type_, data))


@settings(max_examples=200)
@given(messages(), st.data())
def test_damaged_bytes_are_printed_or_invalid(message, data):
    whole = bytearray(message.SerializeToString() or b"\0")
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Invalid):
        json.loads(jsonpb.encode_serialized(type(message), bytes(whole)))


@settings(max_examples=300)
@given(st.sampled_from(TYPES), st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_arbitrary_text_is_a_message_or_invalid(type_, data):
    with contextlib.suppress(Invalid):
        jsonpb.decode(type_, data)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(messages(), st.data())
def test_a_wrong_value_anywhere_is_taken_or_invalid(message, data):
    plain = jsonpb.to_plain(message)
    spot = plain
    while True:
        if not spot:
            return
        key = data.draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
        if not isinstance(spot[key], dict | list) or data.draw(st.booleans()):
            spot[key] = data.draw(ANY)
            break
        spot = spot[key]
    try:
        jsonpb.from_plain(type(message), plain)
    except Invalid as error:
        assert str(error)


def test_absent_fields_with_a_default_are_printed_and_others_are_not():
    assert jsonpb.to_plain(mesos_pb2.FrameworkInfo(user="u", name="n")) == {
        "user": "u",
        "name": "n",
        "failover_timeout": 0.0,
        "checkpoint": False,
        "role": "*",
    }
    assert jsonpb.encode(mesos_pb2.Filters()) == b'{"refuse_seconds":5.0}'
    assert jsonpb.to_plain(mesos_pb2.CommandInfo()) == {"shell": True}
    assert jsonpb.encode(scheduler_pb2.Event.Offers()) == b"{}"


def test_numbers_bytes_and_names_have_the_api_s_forms():
    status = mesos_pb2.TaskStatus(state="TASK_RUNNING", uuid=b"\xff" * 16, timestamp=1.5)
    status.task_id.value = 'quote " and\nnewline'
    text = jsonpb.encode(status)
    assert b'"uuid":"/////////////////////w=="' in text
    assert b'"state":"TASK_RUNNING"' in text
    assert b'"timestamp":1.5' in text
    assert b'"quote \\" and\\nnewline"' in text
    assert jsonpb.encode(scheduler_pb2.Event.Failure(status=-1)) == b'{"status":-1}'
    assert jsonpb.encode(agent_pb2.Response.ReadFile(size=2**64 - 1, data=b"")) == (
        b'{"size":18446744073709551615,"data":""}'
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_without_a_json_form_is_null(value):
    assert jsonpb.encode(mesos_pb2.Value.Scalar(value=value)) == b'{"value":null}'


def test_fields_of_no_contract_are_not_printed():
    data = b"\x0a\x01a" + b"\x98\x06\x07" + b"\xa1\x06" + b"x" * 8 + b"\xa3\x06\x08\x01\xa4\x06" + b"\xad\x06xxxx"
    assert jsonpb.encode_serialized(mesos_pb2.ContainerID, data) == b'{"value":"a"}'


def test_null_and_unknown_names_change_nothing():
    call = jsonpb.decode(scheduler_pb2.Call, b'{"type":"TEARDOWN","accept":null,"slave_id":{"x":[1]},"offers":7}')
    assert call == scheduler_pb2.Call(type="TEARDOWN")


def test_a_present_but_empty_part_is_set():
    assert jsonpb.decode(scheduler_pb2.Call, b'{"revive":{}}').HasField("revive")


def test_a_single_value_stands_for_a_list():
    call = jsonpb.decode(scheduler_pb2.Call, b'{"decline":{"offer_ids":{"value":"o"}}}')
    assert [offer.value for offer in call.decline.offer_ids] == ["o"]


def test_whole_numbers_may_be_written_with_a_fraction_of_zero():
    ranges = jsonpb.decode(mesos_pb2.Value.Range, b'{"begin":31000.0,"end":32000}')
    assert (ranges.begin, ranges.end) == (31000, 32000)


@pytest.mark.parametrize(
    ("type_", "text", "message", "field"),
    [
        (scheduler_pb2.Call, b'{"type":"NONSENSE"}', "Failed to find enum for 'NONSENSE'", "type"),
        (scheduler_pb2.Call, b'{"type":8}', "Not expecting a JSON number for field 'type'", "type"),
        (scheduler_pb2.Call, b'{"accept":[]}', "Not expecting a JSON array for field 'accept'", "accept"),
        (scheduler_pb2.Call, b'{"accept":"x"}', "Not expecting a JSON string for field 'accept'", "accept"),
        (
            scheduler_pb2.Call,
            b'{"subscribe":{}}',
            "Missing required fields: subscribe.framework_info",
            "subscribe.framework_info",
        ),
        (scheduler_pb2.Call, b"[]", "Expecting a JSON object", ""),
        (
            scheduler_pb2.Call,
            b'{"acknowledge":{"uuid":"%%"}}',
            "Failed to base64 decode bytes field 'uuid'",
            "acknowledge.uuid",
        ),
        (
            scheduler_pb2.Call,
            b'{"accept":{"operations":[{"launch":{"task_infos":[{"name":true}]}}]}}',
            "Not expecting a JSON boolean for field 'name'",
            "accept.operations.launch.task_infos.name",
        ),
        (mesos_pb2.Value.Range, b'{"begin":-1,"end":1}', "is not within 0 and", "begin"),
        (mesos_pb2.Value.Range, b'{"begin":1.5,"end":1}', "Expecting a whole number", "begin"),
        (mesos_pb2.Value.Range, b'{"begin":true,"end":1}', "Not expecting a JSON boolean", "begin"),
        (mesos_pb2.Value.Scalar, b'{"value":"1"}', "Not expecting a JSON string", "value"),
        (mesos_pb2.Value.Scalar, b'{"value":1' + b"0" * 400 + b"}", "", "value"),
        (scheduler_pb2.Event.Failure, b'{"status":2147483648}', "is not within", "status"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(type_, text, message, field):
    with pytest.raises(Invalid) as caught:
        jsonpb.decode(type_, text)
    assert message in str(caught.value)
    assert caught.value.field == field or not message


def test_every_missing_field_is_named():
    with pytest.raises(Invalid) as caught:
        jsonpb.decode(scheduler_pb2.Call, b'{"subscribe":{"framework_info":{}},"kill":{}}')
    assert str(caught.value) == (
        "Missing required fields: subscribe.framework_info.user, subscribe.framework_info.name, kill.task_id"
    )


def nested(depth):
    return b'{"value":"x","parent":' * depth + b'{"value":"x"}' + b"}" * depth


def test_nesting_is_bounded():
    assert jsonpb.decode(mesos_pb2.ContainerID, nested(80)).HasField("parent")
    for text in (nested(200), nested(100_000), b"[" * 100_000):
        with pytest.raises(Invalid, match="nested"):
            jsonpb.decode(mesos_pb2.ContainerID, text)


def test_nesting_of_bytes_is_bounded():
    data = b""
    for _ in range(5_000):
        data = b"\x12" + varint(len(data)) + data
    with pytest.raises(Invalid, match="nested"):
        jsonpb.encode_serialized(mesos_pb2.ContainerID, data)


def varint(number):
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def test_names_of_later_releases_count_as_unknown():
    assert jsonpb.decode(agent_pb2.Call, b'{"type":"WAIT_CONTAINER"}').type == agent_pb2.Call.UNKNOWN
    assert jsonpb.decode(master_pb2.Call, b'{"type":"DRAIN_AGENT"}').HasField("type")
    info = b'{"user":"u","name":"n","capabilities":[{"type":"REGION_AWARE"},{"type":"GPU_RESOURCES"}]}'
    kinds = [capability.type for capability in jsonpb.decode(mesos_pb2.FrameworkInfo, info).capabilities]
    assert kinds == [mesos_pb2.FrameworkInfo.Capability.UNKNOWN, mesos_pb2.FrameworkInfo.Capability.GPU_RESOURCES]
    with pytest.raises(Invalid, match="BLOCK"):  # nothing stands for it, and it is required
        jsonpb.decode(mesos_pb2.Resource.DiskInfo.Source, b'{"type":"BLOCK"}')
