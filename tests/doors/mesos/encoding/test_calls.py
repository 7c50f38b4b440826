"""Bodies into calls: both encodings, the API's error texts, and roles of clients newer than the contract."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from doors.mesos.messages import TYPES, messages
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.encoding.calls import check_shape, decode_call, decode_scheduler_call
from portico.doors.mesos.encoding.negotiation import Encoding, encode
from portico.wire.mesos import agent_pb2, executor_pb2, master_pb2, scheduler_pb2

Call = scheduler_pb2.Call
CALLS = (scheduler_pb2.Call, executor_pb2.Call, master_pb2.Call, agent_pb2.Call)


def read(body, encoding=Encoding.JSON, type_=Call):
    return decode_scheduler_call(type_, body, encoding)


@settings(max_examples=150)
@given(messages(CALLS), st.sampled_from(Encoding))
def test_a_call_reads_the_same_in_both_encodings(call, encoding):
    again = decode_call(type(call), encode(call, encoding), encoding).message
    assert jsonpb.to_plain(again) == jsonpb.to_plain(call)


@settings(max_examples=300)
@given(st.sampled_from(TYPES), st.binary(max_size=200), st.sampled_from(Encoding))
def test_arbitrary_bodies_are_calls_or_invalid(type_, body, encoding):
    with suppress(Invalid):
        decode_call(type_, body, encoding)
    with suppress(Invalid):
        decode_scheduler_call(Call, body, encoding)


@settings(max_examples=300)
@given(messages((Call,)), st.data(), st.sampled_from(Encoding))
def test_damaged_bodies_are_whole_calls_or_invalid(call, data, encoding):
    body = bytearray(encode(call, encoding) or b"\0")
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Invalid):
        read_again = decode_scheduler_call(Call, bytes(body), encoding).message
        assert read_again.IsInitialized()
        json.loads(jsonpb.encode(read_again))  # every string in it is one


@pytest.mark.parametrize(
    ("body", "encoding", "text"),
    [
        (b"", Encoding.JSON, "Failed to parse body into JSON: "),
        (b"{", Encoding.JSON, "Failed to parse body into JSON: "),
        (b'"\xff"', Encoding.JSON, "Failed to parse body into JSON: "),
        (b"[]", Encoding.JSON, "Failed to convert JSON into Call protobuf: Expecting a JSON object"),
        (b'{"type":"X"}', Encoding.JSON, "Failed to convert JSON into Call protobuf: Failed to find enum for 'X'"),
        (
            b'{"kill":{}}',
            Encoding.JSON,
            "Failed to convert JSON into Call protobuf: Missing required fields: kill.task_id",
        ),
        (b"\xff\xff", Encoding.PROTOBUF, "Failed to parse body into Call protobuf: "),
        (
            b"\x32\x00",
            Encoding.PROTOBUF,
            "Failed to parse body into Call protobuf: Missing required fields: kill.task_id",
        ),
        (b"\x0a\x03\x0a\x01\xff", Encoding.PROTOBUF, "Failed to parse body into Call protobuf: a string in"),
    ],
)
def test_what_is_no_call_is_refused_with_the_api_s_beginning(body, encoding, text):
    with pytest.raises(Invalid) as caught:
        read(body, encoding)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize("name", ["revive", "suppress"])
@pytest.mark.parametrize(
    ("part", "roles"),
    [
        ({}, ()),
        ({"role": "a"}, ("a",)),
        ({"role": ["a", "b"]}, ("a", "b")),
        ({"roles": ["b", "a", "b"]}, ("b", "a")),
        ({"roles": "a"}, ("a",)),
        ({"role": "a", "roles": ["b"]}, ("a", "b")),
        ({"roles": []}, ()),
        ({"roles": None}, ()),
    ],
)
def test_json_names_roles_in_the_old_way_and_the_new(name, part, roles):
    decoded = read(json.dumps({"type": name.upper(), name: part}).encode())
    assert decoded.roles == roles
    assert getattr(decoded.message, name).role == (roles[0] if roles else "")
    assert decoded.message.HasField(name)


@pytest.mark.parametrize("roles", [[1], ["a", {}], {"a": 1}, True])
def test_roles_that_are_no_strings_are_refused(roles):
    with pytest.raises(Invalid, match="Expecting strings"):
        read(json.dumps({"type": "REVIVE", "revive": {"roles": roles}}).encode())


@pytest.mark.parametrize(("kind", "number"), [("REVIVE", 15), ("SUPPRESS", 16)])
def test_protobuf_names_several_roles_on_the_one_tag(kind, number):
    tag = bytes([number << 3 | 2]) if number < 16 else bytes([number << 3 & 0x7F | 2 | 0x80, number >> 4])
    body = Call(type=kind).SerializeToString() + tag + b"\x06\x0a\x01a\x0a\x01b"
    decoded = read(body, Encoding.PROTOBUF)
    assert decoded.roles == ("a", "b")
    assert getattr(decoded.message, kind.lower()).role == "b"


def test_other_calls_name_no_roles():
    assert read(b'{"type":"TEARDOWN","revive":{"roles":["a"]}}').roles == ()
    assert read(Call(type="KILL", revive=Call.Revive(role="a")).SerializeToString(), Encoding.PROTOBUF).roles == ()


@pytest.mark.parametrize(("type_", "number"), [(agent_pb2.Call, 23), (master_pb2.Call, 36)])
def test_types_of_later_releases_are_unknown_in_protobuf_too(type_, number):
    decoded = decode_call(type_, bytes([0x08, number]), Encoding.PROTOBUF).message
    assert decoded.HasField("type")
    assert decoded.type == 0


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (Call(), "Expecting 'type' to be present"),
        (Call(type="ACCEPT"), "Expecting 'accept' to be present"),
        (Call(type="RECONCILE"), "Expecting 'reconcile' to be present"),
        (master_pb2.Call(type="SET_QUOTA"), "Expecting 'set_quota' to be present"),
        (agent_pb2.Call(type="ATTACH_CONTAINER_INPUT"), "Expecting 'attach_container_input' to be present"),
    ],
)
def test_a_call_brings_the_part_named_like_its_type(call, text):
    with pytest.raises(Invalid, match=text):
        check_shape(call)


@pytest.mark.parametrize(
    "call", [Call(type="TEARDOWN"), Call(type="UNKNOWN"), Call(type="REVIVE"), master_pb2.Call(type="GET_STATE")]
)
def test_a_call_without_such_a_part_or_with_an_optional_one_is_well_formed(call):
    check_shape(call, frozenset({"revive"}))
