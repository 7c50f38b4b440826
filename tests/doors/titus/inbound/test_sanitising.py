"""Defaults written out, and what is taken away."""

from __future__ import annotations

import pytest
from doors.titus.inbound.descriptors import BATCH, SERVICE, converted, written
from google.protobuf import json_format

from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.sanitising import sanitised


def test_strings_are_trimmed_and_lists_and_maps_are_not() -> None:
    text = (
        'applicationName: " a\\t" jobGroupInfo { stack: " s" } '
        'container { entryPoint: " e " env { key: " k " value: " v " } } attributes { key: " k " value: " v " }'
    )
    descriptor = converted(BATCH, text)
    assert descriptor.applicationName == "a"
    assert descriptor.jobGroupInfo.stack == "s"
    assert list(descriptor.container.entryPoint) == [" e "]
    assert dict(descriptor.container.env) == {" k ": " v "}
    assert dict(descriptor.attributes) == {" k ": " v "}


@pytest.mark.parametrize(
    ("field", "said", "kept"),
    [
        ("cpu", 0.1, 1.0),
        ("cpu", -3.0, 1.0),
        ("cpu", 1.5, 1.5),
        ("memoryMB", 0, 512),
        ("memoryMB", 513, 513),
        ("diskMB", 9_999, 10_000),
        ("networkMbps", 127, 128),
        ("gpu", 0, 0),
        ("shmSizeMB", 0, 64),
        ("shmSizeMB", 1, 1),
    ],
)
def test_amounts_are_raised_to_the_least(field: str, said: float, kept: float) -> None:
    descriptor = written()
    setattr(descriptor.container.resources, field, said)
    assert getattr(sanitised(descriptor, Limits()).container.resources, field) == kept


def test_a_number_that_upstream_reads_as_negative_is_not_raised() -> None:
    descriptor = written()
    descriptor.container.resources.memoryMB = 2**32 - 1
    assert sanitised(descriptor, Limits()).container.resources.memoryMB == 2**32 - 1


def test_the_given_message_is_left_alone() -> None:
    descriptor = written(BATCH, 'applicationName: " a "')
    before = descriptor.SerializeToString(deterministic=True)
    sanitised(descriptor, Limits())
    assert descriptor.SerializeToString(deterministic=True) == before


def test_group_and_migration_policy() -> None:
    descriptor = converted(SERVICE)
    assert descriptor.capacityGroup == "DEFAULT"
    assert descriptor.service.migrationPolicy.WhichOneof("Policy") == "systemDefault"
    assert converted(SERVICE, 'capacityGroup: " g "').capacityGroup == "g"


def test_efs_mounts_are_sorted_by_mount_point() -> None:
    mounts = "".join(f'efsMounts {{ efsId: "{name}" mountPoint: "/{name}" }}' for name in "cab")
    found = converted(BATCH, f"container {{ resources {{ {mounts} }} }}").container.resources.efsMounts
    assert [mount.efsId for mount in found] == ["a", "b", "c"]


def test_attributes_of_the_server_are_dropped_silently() -> None:
    keys = ["titus.sanitization.x", "titus.runtimePrediction.y", "titus.noncompliant", "titus.noncompliant.features"]
    kept = ["titus.x", "titusParameter.y", "sanitization"]
    text = "".join(f'attributes {{ key: "{key}" value: "v" }}' for key in [*keys, *kept])
    assert set(converted(BATCH, text).attributes) == set(kept)


def test_security_defaults_of_the_operator() -> None:
    limits = Limits(security_groups=("sg-a", "sg-b"), iam_role="default")
    base = BATCH.replace('securityGroups: "sg-1"', "").replace('"role"', '""')
    profile = converted(base, limits=limits).container.securityProfile
    assert (list(profile.securityGroups), profile.iamRole) == (["sg-a", "sg-b"], "default")
    own = converted(BATCH, limits=limits).container.securityProfile
    assert (list(own.securityGroups), own.iamRole) == (["sg-1"], "role")


def test_no_security_groups_are_added_in_the_network_mode_that_has_none() -> None:
    base = BATCH.replace('securityGroups: "sg-1"', "")
    limits = Limits(security_groups=("sg-a",))
    descriptor = converted(base, "networkConfiguration { networkMode: HighScale }", limits)
    assert list(descriptor.container.securityProfile.securityGroups) == []


@pytest.mark.parametrize(
    ("base", "text", "milliseconds"),
    [
        (SERVICE, "", 60_000),
        (SERVICE, "service { migrationPolicy { selfManaged {} } }", 604_800_000),
        (BATCH, "batch { runtimeLimitSec: 10 }", 60_000),
        (BATCH, "batch { runtimeLimitSec: 100 }", 120_000),
    ],
)
@pytest.mark.parametrize("said", ["", "disruptionBudget {}", "disruptionBudget { selfManaged {} }"])
def test_the_default_budget(base: str, text: str, milliseconds: int, said: str) -> None:
    descriptor = converted(base, f"{text} {said}")
    assert descriptor.disruptionBudget.selfManaged.relocationTimeMs == milliseconds
    assert descriptor.disruptionBudget.WhichOneof("Rate") == "rateUnlimited"


def test_parts_of_a_budget_that_are_said_stay() -> None:
    text = "disruptionBudget { ratePerInterval { intervalMs: 5 limitPerInterval: 1 } timeWindows { days: Friday } }"
    budget = converted(SERVICE, text).disruptionBudget
    assert budget.selfManaged.relocationTimeMs == 60_000
    assert budget.ratePerInterval.intervalMs == 5
    assert len(budget.timeWindows) == 1
    limit = converted(SERVICE, "disruptionBudget { relocationLimit { limit: 2 } }").disruptionBudget
    assert (limit.WhichOneof("Policy"), limit.WhichOneof("Rate")) == ("relocationLimit", "rateUnlimited")


def test_a_runtime_limit_beyond_all_measure_gives_no_wrong_budget() -> None:
    descriptor = written(BATCH, f"batch {{ runtimeLimitSec: {2**62} }}")
    assert sanitised(descriptor, Limits()).disruptionBudget.selfManaged.relocationTimeMs == 2**63 - 1


def test_what_is_not_known_is_left_out() -> None:
    descriptor = written()
    descriptor.MergeFromString(b"\xfa\x3e\x03abc")  # field 1007
    assert b"abc" in descriptor.SerializeToString()
    assert b"abc" not in sanitised(descriptor, Limits()).SerializeToString()


def test_what_no_reader_of_json_could_be_told_is_dropped() -> None:
    text = 'container { experimental { type_url: "type.googleapis.com/not.Known" value: "x" } }'
    descriptor = converted(BATCH, text)
    assert not descriptor.container.HasField("experimental")
    assert json_format.MessageToJson(descriptor)
