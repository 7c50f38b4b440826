"""Rules of a job's container: its security, image, constraints, and processes."""

from __future__ import annotations

import pytest
from doors.titus.inbound.descriptors import (
    BATCH,
    broken,
    written,
)

NO_GROUPS = BATCH.replace('securityGroups: "sg-1"', "")
PROFILE = "container.securityProfile"
GROUPS = "Number of security groups must be between 1 and 6"
HIGH_SCALE = "networkConfiguration { networkMode: HighScale }"
SECURITY = [
    (NO_GROUPS, "", f"{PROFILE}.securityGroups", GROUPS),
    (
        BATCH,
        "container { securityProfile {" + 'securityGroups: "sg-x"' * 6 + "} }",
        f"{PROFILE}.securityGroups",
        GROUPS,
    ),
    (
        NO_GROUPS,
        'container { securityProfile { securityGroups: "sg-2" securityGroups: "x" } }',
        f"{PROFILE}.securityGroups",
        "Syntactically invalid security group ids: [sg-2, x]",
    ),
    (BATCH.replace('"role"', '""'), "", f"{PROFILE}.iamRole", "Syntactically invalid IAM role: "),
    (BATCH.replace('"role"', '"a role"'), "", f"{PROFILE}.iamRole", "Syntactically invalid IAM role: a role"),
    (BATCH, HIGH_SCALE, f"{PROFILE}.securityGroups", "Security groups cannot be set in the HighScale network mode"),
    (
        NO_GROUPS,
        HIGH_SCALE + 'container { attributes { key: "titusParameter.agent.subnets" value: "s" } }',
        "container.attributes",
        "Subnets cannot be set in the HighScale network mode",
    ),
    (BATCH, "networkConfiguration { networkMode: 77 }", "networkConfiguration.networkMode", "Unknown network mode: 77"),
]
IMAGES = [
    (BATCH.replace("acme/tool", "acme tool"), "", "container.image.name", "image name is not valid"),
    (
        BATCH.replace('tag: "1"', ""),
        "",
        "container.image.noValidImageDigestOrTag",
        "must specify a valid digest or tag",
    ),
    (
        BATCH.replace('tag: "1"', 'digest: "sha256:abc"'),
        "",
        "container.image.noValidImageDigestOrTag",
        "must specify a valid digest or tag",
    ),
]
CONSTRAINTS = [
    (
        BATCH,
        'container { softConstraints { constraints { key: "Nearby" value: "true" } } }',
        "container.softConstraints",
        "Unrecognized constraints [nearby]",
    ),
    (
        BATCH,
        'container { hardConstraints { constraints { key: "b" value: "" } constraints { key: "a" value: "" } } }',
        "container.hardConstraints",
        "Unrecognized constraints [a, b]",
    ),
    (
        BATCH,
        (
            'container { hardConstraints { constraints { key: "uniqueHost" value: "true" } }'
            ' softConstraints { constraints { key: "UNIQUEHOST" value: "true" } } }'
        ),
        "container",
        "Soft and hard constraints not unique. Shared constraints: [uniquehost]",
    ),
    (
        BATCH,
        'container { hardConstraints { expression: "a == b" } }',
        "container.hardConstraints.expression",
        "Constraint expressions are not supported",
    ),
]
LONG = "x" * 16_385
ENV = 'container { env { key: "%s" value: "%s" } }'
PROCESSES = [
    (BATCH, f'container {{ entryPoint: "{LONG}" }}', "container.entryPoint", "Entry point size exceeds the limit 16KB"),
    (BATCH, 'container { entryPoint: "a\\000b" }', "container.entryPoint", "NUL characters not allowed"),
    (BATCH, 'container { command: "a\\000b" }', "container.command", "NUL characters not allowed"),
    (
        BATCH,
        'container { entryPoint: "sh -c \'oh" }',
        "container.entryPoint",
        "Entry point has a quotation without end",
    ),
    (BATCH, ENV % ("", "x"), "container.env", "empty key names not allowed"),
    (BATCH, ENV % ("a=b", "x"), "container.env", "'=' in names and NUL characters not allowed"),
    (BATCH, ENV % ("a", "\\000"), "container.env", "'=' in names and NUL characters not allowed"),
    (
        BATCH,
        ENV % ("a", "x" * (32_768 - 2)),
        "container.env",
        "Container environment variables size exceeds the limit 32KB",
    ),
    (
        BATCH,
        'container { attributes { key: "portico.healthCheck.tcp" value: "http" } }',
        "container.attributes.portico.healthCheck.tcp",
        "must be a number from 1 to 65535",
    ),
]


@pytest.mark.parametrize(("base", "text", "field", "description"), [*SECURITY, *IMAGES, *CONSTRAINTS, *PROCESSES])
def test_a_broken_rule_is_told_with_its_path(base: str, text: str, field: str, description: str) -> None:
    assert (field, description) in broken(written(base, text))


@pytest.mark.parametrize(
    ("text", "base"),
    [
        (f'container {{ entryPoint: "{"x" * 16_384}" }}', BATCH),
        (ENV % ("a", "x" * (32_768 - 3)), BATCH),
        (f'container {{ image {{ digest: "sha256:{"a" * 32}" }} }}', BATCH.replace('tag: "1"', "")),
        ('container { image { tag: "bad tag" digest: "sha256:' + "A" * 64 + '" } }', BATCH),
        (HIGH_SCALE, NO_GROUPS),
        ('container { hardConstraints { constraints { key: "ZONEBALANCE" value: "true" } } }', BATCH),
    ],
)
def test_what_is_just_allowed(text: str, base: str) -> None:
    assert broken(written(base, text)) == []
