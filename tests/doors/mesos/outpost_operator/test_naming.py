"""Paths, ids and later calls, whatever they are."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from doors.mesos.outpost_operator.agent import agent_info, executor_info
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid, NotFound
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.outpost.operator import later, lookup
from portico.doors.mesos.outpost.operator.lookup import Containers
from portico.doors.mesos.outpost.operator.naming import check_name, nested_run
from portico.doors.mesos.outpost.operator.paths import InLog, InSandbox, locate
from portico.doors.mesos.outpost.words import AgentState, ContainerFact, ExecutorEntry
from portico.wire.mesos import agent_pb2
from portico.wire.mesos import mesos_pb2 as pb

STATE = AgentState(
    "a",
    agent_info(),
    executors=(ExecutorEntry("old", "f", executor_info("e"), ended=True),),
    containers=(
        ContainerFact("r", "f", "e"),
        ContainerFact("t", "f", "e", parent="r", task="task"),
        ContainerFact("n", "f", "e", parent="t", name="debug"),
    ),
)
WORK = Path("/var/lib/node")
SANDBOX = "/slaves/a/frameworks/f/executors/e/runs"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (f"{SANDBOX}/r", InSandbox("r")),
        (f"{SANDBOX}/latest/x/y", InSandbox("r", "x/y")),
        (f"{SANDBOX}/old/stdout", InSandbox("old", "stdout")),
        (f"{SANDBOX}/r/containers/t", InSandbox("t")),
        (f"{SANDBOX}/r/containers/t/containers/debug/stdout", InSandbox("n", "stdout")),
        (f"{SANDBOX}/r/containers/gone/x", InSandbox(nested_run("r", "gone"), "x")),
        (f"{WORK}{SANDBOX}/r/x", InSandbox("r", "x")),
        (f"{WORK}/sandboxes/any/x", InSandbox("any", "x")),
        ("/slave/log", InLog()),
    ],
)
def test_a_path_leads_to_its_place(path: str, place: object) -> None:
    assert locate(path, STATE, WORK) == place


@given(
    st.lists(
        st.sampled_from(["..", ".", "", "slaves", "a", "frameworks", "f", "executors", "e", "runs", "r", "x", "/"])
    )
)
def test_no_path_climbs(parts: list[str]) -> None:
    path = "/".join(parts)
    try:
        place = locate(f"{SANDBOX}/r/{path}", STATE, WORK)
    except Invalid:
        assert ".." in parts
        return
    assert ".." not in parts
    assert isinstance(place, InSandbox)
    assert ".." not in place.path.split("/")


@given(st.text())
def test_any_path_is_a_place_or_refused(path: str) -> None:
    try:
        locate(path, STATE, WORK)
    except (Invalid, NotFound):
        return
    assert path.rstrip("/") == "/slave/log" or path.lstrip("/.").startswith(("slaves", "sandboxes", "var"))


def identity(*names: str) -> pb.ContainerID:
    found = pb.ContainerID(value=names[0])
    for name in names[1:]:
        found = pb.ContainerID(value=name, parent=found)
    return found


def test_ids_mean_containers_and_containers_have_ids() -> None:
    containers = Containers(STATE)
    for fact in STATE.containers:
        assert containers.find(containers.id_of(fact)) == fact
        assert containers.run_of(containers.id_of(fact)) == fact.run
    assert containers.find(identity("t")) is None
    assert containers.find(identity("r", "debug")) is None
    assert containers.run_of(identity("r", "gone", "too")) == nested_run(nested_run("r", "gone"), "too")


@given(st.text(max_size=300))
def test_a_name_that_is_taken_can_name_a_folder(name: str) -> None:
    try:
        check_name(name)
    except Invalid:
        return
    assert 0 < len(name.encode()) < 256
    assert not set(name) & set("/\0. ")
    assert nested_run("r", name) != nested_run("r", name + "x")


def test_the_depth_of_ids_is_bounded() -> None:
    lookup.check(identity(*["x"] * lookup.MOST_DEEP))
    with pytest.raises(Invalid, match="nested more than"):
        lookup.check(identity(*["x"] * (lookup.MOST_DEEP + 1)))


names = st.sampled_from(
    ["WAIT_CONTAINER", "KILL_CONTAINER", "GET_AGENT", "GET_HEALTH", "REMOVE_CONTAINER", "X", None, 1]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
plain = st.builds(
    lambda kind, part, rest: {**rest, "type": kind, str(kind).lower(): part},
    names,
    values | st.builds(lambda name: {"container_id": {"value": name}}, st.text(max_size=4)),
    st.dictionaries(st.text(max_size=8), values, max_size=2),
)


@given(plain.map(msgspec.json.encode) | st.binary(max_size=60) | st.just(b"\xff WAIT_CONTAINER"))
def test_whatever_is_sent_is_a_call_or_invalid(body: bytes) -> None:
    for encoding in Encoding:
        try:
            call = later.decode(agent_pb2.Call, body, encoding).message
        except Invalid:
            continue
        assert call.IsInitialized()
        said = later.read(body, encoding)
        assert said.name in ("", *later._SHAPES)
        if said.name:
            assert agent_pb2.Call.Type.Name(call.type) == later._SHAPES[said.name]
