"""Capacity groups as REST documents: read, written, and refused with every rule that they break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.doors.titus import groups
from portico.doors.titus.codes import Code
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension.group_records import GROUPS, CapacityGroup, GroupView

BODY = {
    "appName": "batch",
    "tier": "Critical",
    "instanceCPU": 2.5,
    "instanceMemoryMB": 4096,
    "instanceDiskMB": 10000,
    "instanceNetworkMbs": 128,
    "instanceGPU": 0,
    "instanceCount": 3,
    "schedulerName": "",
    "resourcePool": "reserved",
}


def refused(body, name=""):
    with pytest.raises(TitusError) as caught:
        groups.replacement(name, body) if name else groups.creation(body)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value


def test_a_body_is_read_and_written_back():
    group = groups.creation(BODY).group
    assert group == CapacityGroup(
        id="batch",
        tier="Critical",
        cpus=2500,
        mem=4_096_000,
        disk=10_000_000,
        network=128_000,
        count=3,
        resource_pool="reserved",
    )
    assert groups.document(GroupView(group, {})) == BODY
    assert group.reservation == {"cpus": 7500, "mem": 12_288_000, "disk": 30_000_000, "network": 384_000}


def test_usage_is_told_when_it_is_asked_for():
    view = GroupView(groups.creation(BODY).group, {"cpus": 1500, "mem": 512_000, "network": 128_000})
    (document,) = groups.documents([view], extended=True)
    assert document["reservationUsage"] == {"cpu": 1.5, "memoryMB": 512, "diskMB": 0, "networkMbs": 128}
    assert groups.replacement("batch", document).group == view.group


def test_a_flex_group_is_promised_nothing():
    group = groups.replacement("batch", {**BODY, "tier": "Flex", "appName": None, "resourcePool": None}).group
    assert (group.id, group.reservation, group.pool_name) == ("batch", {}, "elastic")


def test_all_broken_rules_are_named_together():
    error = refused({"appName": "a/b", "tier": "Golden", "instanceCPU": 0.5, "instanceGPU": -1, "instanceCount": "3"})
    assert {one.field for one in error.violations} == {
        "appName",
        "tier",
        "instanceCPU",
        "instanceGPU",
        "instanceCount",
        "instanceMemoryMB",
        "instanceDiskMB",
        "instanceNetworkMbs",
    }


@pytest.mark.parametrize("body", [None, [], "text", {**BODY, "color": "red"}])
def test_what_is_no_group_at_all(body):
    refused(body)


def test_a_body_for_another_name_is_refused():
    assert [one.field for one in refused(BODY, "other").violations] == ["appName"]


numbers = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.lists(st.none()))


@given(st.dictionaries(st.sampled_from(sorted(BODY)), numbers))
def test_any_body_is_read_or_refused(changes):
    try:
        group = groups.creation({**BODY, **changes}).group
    except TitusError as error:
        assert error.code is Code.INVALID_ARGUMENT
    else:
        assert groups.creation(groups.document(GroupView(group, {}))).group.reservation == group.reservation


def test_a_group_beyond_all_reason_is_refused():
    largest = (1 << 31) - 1
    error = refused({**BODY, "instanceMemoryMB": largest, "instanceCount": largest})
    assert {violation.field for violation in error.violations} == {"instanceCount"}
    group = groups.creation({**BODY, "instanceMemoryMB": largest, "instanceCount": 500}).group
    assert GROUPS.decode(GROUPS.encode(group)) == group
    assert max(group.reservation.values()) < 1 << 53
