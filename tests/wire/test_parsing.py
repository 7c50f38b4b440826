"""Hostile bytes cost only their own request: parsing gives a message or DecodeError, nothing else."""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message
from hypothesis import given, settings
from hypothesis import strategies as st
from wire import contracts

MESOS_CALLS = [f"mesos.v1.{part}.Call" for part in ("scheduler", "executor", "master", "agent")]


def requests(door: str) -> list[type[Message]]:
    """Give the class of every message that a client may send to the door first."""
    contracts.modules(door)
    methods = [line for lines in contracts.services(door).values() for line in lines]
    names = {line.split(": ")[1].split(" -> ")[0].removeprefix("stream ") for line in methods}
    if door == "mesos":
        names = set(MESOS_CALLS)
    pool = descriptor_pool.Default()
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in sorted(names)]


def varint(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


# Plain noise dies at the first tag, so most examples are well-formed fields with noise inside.
noise = st.binary(max_size=60)
fields = st.recursive(
    noise,
    lambda inner: st.lists(st.builds(field, st.integers(1, 40), inner), max_size=5).map(b"".join),
    max_leaves=8,
)


@pytest.mark.parametrize("door", contracts.DOORS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_random_bytes_give_a_message_or_a_decode_error(door: str, data: st.DataObject) -> None:
    request = data.draw(st.sampled_from(requests(door)))
    raw = data.draw(noise | fields)
    try:
        message = request.FromString(raw)
    except DecodeError:
        return
    kept = message.SerializePartialToString(deterministic=True)
    again = request()
    again.MergeFromString(kept)
    assert again.SerializePartialToString(deterministic=True) == kept
