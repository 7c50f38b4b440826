"""Rules of what a job's containers ask for: amounts, file systems, volumes, addresses."""

from __future__ import annotations

import pytest
from doors.titus.inbound.descriptors import (
    BATCH,
    BIG,
    RESOURCES,
    SERVICE,
    broken,
    resources,
    written,
)

AMOUNTS = [
    (BATCH, resources("cpu: 97"), f"{RESOURCES}.cpu", "Above maximum allowed value 96.0"),
    (BATCH, resources("cpu: nan"), f"{RESOURCES}.cpu", "'cpu'(nan) must be > 0"),
    (BATCH, resources("cpu: inf"), f"{RESOURCES}.cpu", "Above maximum allowed value 96.0"),
    (BATCH, resources("gpu: 17"), f"{RESOURCES}.gpu", "Above maximum allowed value 16"),
    (BATCH, resources(f"gpu: {BIG}"), f"{RESOURCES}.gpu", f"'gpu'({-BIG}) must be >= 0"),
    (BATCH, resources("memoryMB: 1152001"), f"{RESOURCES}.memoryMB", "Above maximum allowed value 1152000"),
    (BATCH, resources("diskMB: 1550001"), f"{RESOURCES}.diskMB", "Above maximum allowed value 1550000"),
    (BATCH, resources(f"diskMB: {2**32 - 1}"), f"{RESOURCES}.diskMB", "'diskMB'(-1) must be > 0"),
    (BATCH, resources("networkMbps: 400001"), f"{RESOURCES}.networkMbps", "Above maximum allowed value 400000"),
    (BATCH, resources(f"networkMbps: {BIG}"), f"{RESOURCES}.networkMbps", f"'networkMbps'({-BIG}) must be > 0"),
    (BATCH, resources("shmSizeMB: 1025"), RESOURCES, "'shmMB' (1025) must be <= 'memoryMB' (1024)"),
    (BATCH, resources(f"shmSizeMB: {BIG}"), f"{RESOURCES}.shmMB", f"'shmMB'({-BIG}) must be >= 0"),
]
EFS = [
    (BATCH, resources('efsMounts { mountPoint: "/a" }'), f"{RESOURCES}.efsMounts[0].efsId", "Empty value not allowed"),
    (BATCH, resources("efsMounts {}" * 51), f"{RESOURCES}.efsMounts", "at most 50 are allowed"),
    (BATCH, resources('efsMounts { efsId: "f" }'), f"{RESOURCES}.efsMounts[0].mountPoint", "Empty value not allowed"),
    (
        BATCH,
        resources('efsMounts { efsId: "f" mountPoint: "/a/../b" }'),
        f"{RESOURCES}.efsMounts[0].mountPoint",
        "must be a path below the root of the container, without '..'",
    ),
    (
        BATCH,
        resources('efsMounts { efsId: "f" mountPoint: "/" }'),
        f"{RESOURCES}.efsMounts[0].mountPoint",
        "must be a path below the root of the container, without '..'",
    ),
    (
        BATCH,
        resources('efsMounts { efsId: "f" mountPoint: "/a" efsRelativeMountPoint: "a/../.." }'),
        f"{RESOURCES}.efsMounts[0].efsRelativeMountPoint",
        "must not contain '..'",
    ),
    (
        BATCH,
        resources('efsMounts { efsId: "../f" mountPoint: "/a" }'),
        f"{RESOURCES}.efsMounts[0].efsId",
        "must not contain '/' and other special characters",
    ),
    (
        BATCH,
        resources('efsMounts { efsId: "f" mountPoint: "/a" mountPerm: 3 }'),
        f"{RESOURCES}.efsMounts[0].mountPerm",
        "Invalid EFS mount permission: 3",
    ),
]
SIGNED = 'signedAddressAllocations { addressAllocation { uuid: "%s" } }'
EBS = (
    'attributes { key: "titusParameter.ebs.volumeIds" value: "%s" }'
    'attributes { key: "titusParameter.ebs.mountPoint" value: "/e" }'
    'attributes { key: "titusParameter.ebs.mountPerm" value: "%s" }'
    'attributes { key: "titusParameter.ebs.fsType" value: "xfs" }'
)
ADDRESSES = [
    (
        BATCH,
        resources((SIGNED % "a") * 2),
        f"{RESOURCES}.signedIpAddressAllocations",
        "duplicate values not allowed",
    ),
    (BATCH, resources(SIGNED % "a"), f"{RESOURCES}.signedIpAllocations", "Above number of max task instances 2"),
    (
        SERVICE,
        resources(SIGNED % "a" + SIGNED % "b"),
        f"{RESOURCES}.signedIpAllocations",
        "Above number of max task instances 3",
    ),
    (BATCH, EBS % ("v1, v1", "RW"), f"{RESOURCES}.ebsVolumes", "duplicate values not allowed"),
    (BATCH, EBS % ("v1", "RW"), f"{RESOURCES}.ebsVolumes", "Above number of max task instances 2"),
    (BATCH, EBS % ("v1,v2", "XX"), "attributes.titusParameter.ebs.mountPerm", "must be one of RO, WO, RW"),
]


@pytest.mark.parametrize(("base", "text", "field", "description"), [*AMOUNTS, *EFS, *ADDRESSES])
def test_a_broken_rule_is_told_with_its_path(base: str, text: str, field: str, description: str) -> None:
    assert (field, description) in broken(written(base, text))


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("container { resources { cpu: 96 gpu: 16 memoryMB: 1152000 diskMB: 1550000 networkMbps: 400000 } }", BATCH),
        ("container { resources { shmSizeMB: 1024 } }", BATCH),
        (EBS % ("v1,v2", "rw"), BATCH),
    ],
)
def test_what_is_just_allowed(text: str, base: str) -> None:
    assert broken(written(base, text)) == []
