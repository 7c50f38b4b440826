"""Resources as Slices and ports, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.domain.errors import Invalid
from portico.domain.reservations import Reservation, all_ports, join_ports
from portico.domain.resources import count_ports, merge_ports
from portico.domain.slices import Label, Slice, normalise, sums
from portico.domain.volumes import Volume, volume_id
from portico.doors.mesos.extension.plans import Held
from portico.doors.mesos.resources import fill_role, thousandths, to_held, to_resources
from portico.wire.mesos import mesos_pb2 as pb

NODE = "n1"

names = st.text("abcdefgh.-_0", min_size=1, max_size=6).filter(lambda text: text not in (".", "..") and text[0] != "-")
optional_text = st.none() | st.text(max_size=4)
reservations = st.builds(Reservation, names) | st.builds(
    Reservation,
    names,
    st.just(value=True),
    optional_text,
    st.lists(st.tuples(st.text(max_size=3), optional_text), max_size=3).map(tuple),
)
texts = st.just("*") | reservations.map(lambda one: one.text)
sources = st.sampled_from(["", "path:/d", "mount:/mnt/ä"])
amounts = st.integers(1, 1 << 40)


@st.composite
def slices(draw):
    found = []
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["cpus", "mem", "gpus", "network", "bogo"]))
        reservation = draw(texts)
        revocable = draw(st.booleans()) and not reservation.count("true")
        found.append(Slice(kind, draw(amounts), Label(reservation, "", revocable)))
    for _ in range(draw(st.integers(0, 3))):
        reservation = draw(reservations)
        identity = volume_id(NODE, reservation.role, draw(names)) if draw(st.booleans()) else ""
        found.append(Slice("disk", draw(amounts), Label(reservation.text, identity, source=draw(sources))))
    return normalise(found)


@st.composite
def labelled_ports(draw):
    edges = sorted(draw(st.lists(st.integers(0, 65535), unique=True, max_size=12)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return join_ports((draw(texts), (pair,)) for pair in pairs)


@given(slices(), labelled_ports(), names)
def test_what_is_written_is_read_back_whatever_its_labels(have, ports, role):
    written = to_resources(have, ports, role)
    assert to_held(written, NODE) == Held(have, ports)
    assert {one.allocation_info.role for one in written} <= {role}


@given(slices(), labelled_ports())
def test_sums_are_kept(have, ports):
    written = to_resources(have, ports)
    told = {}
    for one in written:
        if one.name != "ports":
            told[one.name] = told.get(one.name, 0) + thousandths(one.scalar.value)
    assert told == sums(have)
    numbers = sum(piece.end - piece.begin + 1 for one in written for piece in one.ranges.range)
    assert numbers == count_ports(merge_ports(all_ports(ports)))
    assert not any(one.HasField("allocation_info") for one in written)


@given(st.floats(0, 1e9))
def test_amounts_are_rounded_to_thousandths_once(value):
    once = thousandths(value)
    assert abs(once - value * 1000) <= 0.5 + 1e-6 * once
    assert thousandths(once / 1000) == once


def scalar(name="cpus", value=1.0, **more):
    return pb.Resource(name=name, type=pb.Value.SCALAR, scalar=pb.Value.Scalar(value=value), **more)


def ranges(*pairs, **more):
    spans = pb.Value.Ranges(range=[pb.Value.Range(begin=first, end=last) for first, last in pairs])
    return pb.Resource(name=more.pop("name", "ports"), type=pb.Value.RANGES, ranges=spans, **more)


PERSISTENCE = pb.Resource.DiskInfo(
    persistence=pb.Resource.DiskInfo.Persistence(id="v"), volume=pb.Volume(container_path="d", mode=pb.Volume.RW)
)
DYNAMIC = pb.Resource.ReservationInfo(principal="p")
_Source = pb.Resource.DiskInfo.Source


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (scalar(""), "Empty resource name"),
        (scalar(value=-1), "value < 0"),
        (scalar(value=float("nan")), "not a number that can be counted"),
        (scalar(value=1e300), "not a number that can be counted"),
        (pb.Resource(name="cpus", type=pb.Value.SCALAR), "Invalid scalar resource 'cpus'"),
        (scalar(ranges=pb.Value.Ranges()), "Invalid scalar resource 'cpus'"),
        (scalar("ports"), "must be of type RANGES"),
        (ranges((2, 1)), r"\[2-1\]"),
        (ranges((1, 65536)), r"\[1-65536\]"),
        (ranges((1, 2), name="vlans"), "'vlans' is a range"),
        (ranges((1, 2), scalar=pb.Value.Scalar(value=1)), "Invalid ranges resource 'ports'"),
        (ranges((1, 2), revocable=pb.Resource.RevocableInfo()), "cannot be revocable"),
        (pb.Resource(name="zones", type=pb.Value.SET, set=pb.Value.Set(item=["a"])), "'zones' is a set"),
        (pb.Resource(name="note", type=pb.Value.TEXT), "Unsupported type of resource 'note'"),
        (scalar(role="a//b"), "Invalid role of resource 'cpus'"),
        (scalar(role="-a"), "begins with a dash"),
        (scalar(reservation=DYNAMIC), "role '\\*' cannot be dynamically reserved"),
        (
            scalar(role="r", reservation=DYNAMIC, revocable=pb.Resource.RevocableInfo()),
            "cannot be dynamically reserved",
        ),
        (scalar(shared=pb.Resource.SharedInfo()), "Only persistent volumes can be shared"),
        (scalar(disk=PERSISTENCE), "DiskInfo should not be set for cpus resource"),
        (scalar("disk", disk=pb.Resource.DiskInfo()), "DiskInfo is set but empty"),
        (
            scalar("disk", disk=pb.Resource.DiskInfo(volume=pb.Volume(container_path="d", mode=pb.Volume.RW))),
            "Non-persistent volume not supported",
        ),
        (scalar("disk", disk=PERSISTENCE), "cannot be created from unreserved resources"),
        (
            scalar("disk", role="r", disk=PERSISTENCE, revocable=pb.Resource.RevocableInfo()),
            "cannot be created from revocable resources",
        ),
        (
            scalar("disk", role="r", disk=pb.Resource.DiskInfo(persistence=pb.Resource.DiskInfo.Persistence(id="a/b"))),
            "Persistence ID is invalid",
        ),
        (
            scalar("disk", disk=pb.Resource.DiskInfo(source=_Source(type=_Source.PATH))),
            "DiskInfo.Source of type PATH must have 'path' set",
        ),
        (
            scalar("disk", disk=pb.Resource.DiskInfo(source=_Source(type=_Source.MOUNT, path=_Source.Path(root="/a")))),
            "DiskInfo.Source of type MOUNT must have 'mount' set",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_name(resource, words):
    with pytest.raises(Invalid, match=words):
        to_held([resource], NODE)


def test_empty_amounts_vanish():
    assert to_held([scalar("gpus", 0), scalar(value=0.0004), ranges()], NODE) == Held()


def test_a_port_is_named_once():
    with pytest.raises(Invalid, match="Port 5 is named twice"):
        to_held([ranges((1, 5)), ranges((5, 9), role="r")], NODE)


def test_static_and_dynamic_reservations_differ():
    held = to_held([scalar(role="r"), scalar(role="r", reservation=DYNAMIC), scalar()], NODE)
    assert {piece.label.reservation for piece in held.slices} == {
        "*",
        Reservation("r").text,
        Reservation("r", dynamic=True, principal="p").text,
    }


def test_a_volume_is_told_with_its_owner_and_whether_it_is_shared():
    label = Label(Reservation("r").text, volume_id(NODE, "r", "data"))
    volume = Volume(
        id=label.volume, node=NODE, persistence="data", role="r", reservation=label.reservation,
        size=5000, path="roles/r/data", principal="p", shared=True, target="here",
    )  # fmt: skip
    (told,) = to_resources((volume.slice,), (), "r", {volume.id: volume})
    assert (told.disk.persistence.id, told.disk.persistence.principal) == ("data", "p")
    assert (told.disk.volume.mode, told.disk.volume.container_path) == (pb.Volume.RW, "here")
    assert told.HasField("shared")
    assert told.scalar.value == 5.0
    assert to_held([told], NODE).slices == (Slice("disk", 5000, label),)


def test_usual_kinds_come_first():
    have = normalise([Slice("mem", 1), Slice("zinc", 1), Slice("cpus", 1), Slice("gpus", 1), Slice("disk", 1)])
    told = [one.name for one in to_resources(have, (("*", ((1, 2),)),), "r")]
    assert told == ["cpus", "mem", "disk", "gpus", "zinc", "ports"]


def test_resources_take_the_role_of_their_offer_and_keep_no_other():
    mine, unsaid = scalar(allocation_info=pb.Resource.AllocationInfo(role="r")), scalar()
    empty = scalar(allocation_info=pb.Resource.AllocationInfo())
    fill_role([mine, unsaid, empty], "r")
    assert {one.allocation_info.role for one in (mine, unsaid, empty)} == {"r"}
    with pytest.raises(Invalid, match="is allocated to role 'r', the offer is for role 'q'"):
        fill_role([mine], "q")
