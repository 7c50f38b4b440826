"""Attributes of nodes as the API tells them."""

from __future__ import annotations

import pytest

from portico.doors.mesos.outbound import agents
from portico.wire.mesos import mesos_pb2 as pb


@pytest.mark.parametrize(("written", "value"), [("3", 3.0), ("-1.5", -1.5), ("+.5", 0.5), ("2.", 2.0), ("1e3", 1000.0)])
def test_a_number_is_a_scalar(written: str, value: float) -> None:
    told = agents.attribute("level", written)
    assert told == pb.Attribute(name="level", type=pb.Value.SCALAR, scalar=pb.Value.Scalar(value=value))


@pytest.mark.parametrize(
    "written", ["a", "", "nan", "inf", "-Infinity", "1_000", "1e999", " 1", "1 ", "0x10", "\u0663", "."]
)
def test_whatever_no_json_number_stands_for_is_text(written: str) -> None:
    told = agents.attribute("rack", written)
    assert told == pb.Attribute(name="rack", type=pb.Value.TEXT, text=pb.Value.Text(value=written))
