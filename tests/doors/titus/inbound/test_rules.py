"""Rules of job descriptors as a whole: how broken ones are told, and limits by configuration."""

from __future__ import annotations

import pytest
from doors.titus.inbound.descriptors import (
    BATCH,
    POLICY,
    RESOURCES,
    RETRY,
    SERVICE,
    broken,
    budget,
    written,
)

from portico.domain.identity import SECOND, Micros
from portico.doors.titus.errors import TitusError
from portico.doors.titus.inbound.descriptors import MOST_BYTES, convert, convert_budget
from portico.doors.titus.inbound.limits import Limits, Sidecar

IDENTITY = [
    (BATCH, 'owner { teamEmail: "nobody" }', "owner.teamEmail", "Not a valid email address"),
    (BATCH, 'applicationName: "  "', "applicationName", "Empty string not allowed"),
    (
        BATCH,
        'attributes { key: "titus.federatedJobId" value: "../x" }',
        "attributes.titus.federatedJobId",
        "must be a UUID string",
    ),
]


@pytest.mark.parametrize(("base", "text", "field", "description"), IDENTITY)
def test_a_broken_rule_is_told_with_its_path(base: str, text: str, field: str, description: str) -> None:
    assert (field, description) in broken(written(base, text))


@pytest.mark.parametrize("base", [BATCH, SERVICE])
def test_the_bases_break_none(base: str) -> None:
    assert broken(written(base)) == []


def test_all_broken_rules_are_told_together_in_upstreams_form() -> None:
    descriptor = written(BATCH, 'owner { teamEmail: "x" } applicationName: " " batch { size: 1001 }')
    with pytest.raises(TitusError) as raised:
        convert(descriptor, Limits())
    assert str(raised.value) == (
        "Invalid Argument: "
        "{Validation failed: 'field: 'owner.teamEmail', description: 'Not a valid email address', type: 'HARD''}, "
        "{Validation failed: 'field: 'applicationName', description: 'Empty string not allowed', type: 'HARD''}, "
        "{Validation failed: 'field: 'extensions.size', description: 'Batch job too big 1001 > 1000', type: 'HARD''}"
    )


def test_what_is_just_allowed() -> None:
    assert broken(written(BATCH, 'attributes { key: "titus.other" value: "kept" }')) == []


def test_limits_come_from_the_configuration() -> None:
    limits = Limits(
        max_cpus=1_500,
        max_batch_size=1,
        min_runtime=Micros(90 * SECOND),
        strict_environment_names=True,
        health_providers=("eureka",),
        efs={"fs-1": "/srv"},
        sidecars={"known": Sidecar("x")},
    )
    text = (
        'container { env { key: "lower" value: "" } resources { efsMounts { efsId: "fs-2" mountPoint: "/a" } } }'
        'disruptionBudget { containerHealthProviders { name: "eureka" } }'
    )
    strict = "environment names must consist of upper case ASCII letters, digits and '_', and not begin with a digit"
    assert broken(written(BATCH, text), limits) == [
        (f"{RESOURCES}.cpu", "Above maximum allowed value 1.5"),
        (f"{RESOURCES}.efsMounts[0].efsId", "There is no file system fs-2"),
        ("container.env", strict),
        ("extensions.size", "Batch job too big 2 > 1"),
        ("extensions.runtimeLimitMs", "Runtime limit too low (must be at least 90sec, but is 60000[ms])"),
    ]


def test_a_descriptor_that_is_too_large_is_refused() -> None:
    descriptor = written(BATCH)
    descriptor.container.command.append("x" * MOST_BYTES)
    with pytest.raises(TitusError, match="larger than 1048576 bytes"):
        convert(descriptor, Limits())


def test_what_cannot_be_converted_is_told_together_with_broken_rules() -> None:
    found = broken(written("", "networkConfiguration { networkMode: 77 } batch { size: 1001 }"))
    fields = [field for field, _ in found]
    assert fields[:2] == [RETRY, "networkConfiguration.networkMode"]
    assert {"owner.teamEmail", "container.image.name", "extensions.size"} < set(fields)
    job = convert(written(BATCH), Limits())
    wrong = written("", budget("relocationLimit {} timeWindows { days: 9 }")).disruptionBudget
    with pytest.raises(TitusError) as raised:
        convert_budget(wrong, job, Limits())
    assert [one.field for one in raised.value.violations] == ["disruptionBudget.timeWindows[0].days", f"{POLICY}.limit"]
