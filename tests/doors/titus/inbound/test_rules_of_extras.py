"""Rules of what stands beside a job's container: volumes, mounts, extra containers, sidecars."""

from __future__ import annotations

import pytest
from doors.titus.inbound.descriptors import (
    BATCH,
    LABEL,
    broken,
    written,
)

VOLUME = 'volumes { name: "v" sharedContainerVolumeSource { sourceContainer: "main" sourcePath: "/data" } }'
MOUNT = 'container { volumeMounts { volumeName: "%s" mountPath: "%s" subPath: "%s" } }'
EXTRA = 'extraContainers { name: "%s" image { name: "a/b" tag: "1" } %s }'
EXTRAS = [
    (BATCH, 'volumes { name: "V" }', "volumes[0].name", f"volume name {LABEL}"),
    (BATCH, 'volumes { name: "v" } volumes { name: "v" }', "volumes[1].name", "volume name v is used twice"),
    (
        BATCH,
        VOLUME.replace("/data", "data/.."),
        "volumes[0].sharedContainerVolumeSource.sourcePath",
        "must be an absolute path below the root of the container, without '..'",
    ),
    (BATCH, VOLUME + MOUNT % ("V_", "/a", ""), "container.volumeMounts[0].volumeName", f"volume name {LABEL}"),
    (BATCH, VOLUME + MOUNT % ("w", "/a", ""), "container.volumeMounts[0].volumeName", "there is no volume w"),
    (BATCH, "container { %s }" % ("volumeMounts {}" * 51), "container.volumeMounts", "at most 50 are allowed"),
    (
        BATCH,
        VOLUME + MOUNT % ("v", "a", ""),
        "container.volumeMounts[0].mountPath",
        "path must start with a leading slash",
    ),
    (
        BATCH,
        VOLUME + MOUNT % ("v", "/..", ""),
        "container.volumeMounts[0].mountPath",
        "path must be below the root of the container, without '..'",
    ),
    (BATCH, VOLUME + MOUNT % ("v", "/a", "../b"), "container.volumeMounts[0].subPath", "path must not contain '..'"),
    (
        BATCH,
        VOLUME + (MOUNT % ("v", "/a", "")).replace("mountPath", "mountPropagation: 9 mountPath"),
        "container.volumeMounts[0].mountPropagation",
        "Unknown mount propagation: 9",
    ),
    (BATCH, EXTRA % ("-a", ""), "extraContainers[0].name", f"container name {LABEL}"),
    (BATCH, (EXTRA % ("a", "")) * 2, "extraContainers[1].name", "container name a is used twice"),
    (BATCH, EXTRA % ("main", ""), "extraContainers[0].name", "container name main is used twice"),
    (
        BATCH,
        EXTRA % ("a", "") + 'platformSidecars { name: "a" channel: "c" }',
        "platformSidecars[0].name",
        "sidecar name a is used twice",
    ),
    (
        BATCH,
        (EXTRA % ("a", "")).replace('tag: "1"', ""),
        "extraContainers[0].image.noValidImageDigestOrTag",
        "must specify a valid digest or tag",
    ),
    (BATCH, EXTRA % ("a", 'env { key: "" value: "" }'), "extraContainers[0].env", "empty key names not allowed"),
    (
        BATCH,
        EXTRA % ("a", 'volumeMounts { volumeName: "w" mountPath: "/a" }'),
        "extraContainers[0].volumeMounts[0].volumeName",
        "there is no volume w",
    ),
    (BATCH, 'volumes { name: "v" }' * 51, "volumes", "at most 50 are allowed"),
    (
        BATCH,
        'platformSidecars { name: "A" channel: "b" }',
        "platformSidecars[0].name",
        f"sidecar name {LABEL}",
    ),
    (
        BATCH,
        'platformSidecars { name: "a" channel: "b!" }',
        "platformSidecars[0].channel",
        f"channel {LABEL}",
    ),
    (
        BATCH,
        'platformSidecars { name: "a" channel: "b" arguments { fields { key: "x" value { number_value: inf } } } }',
        "platformSidecars[0].arguments",
        "must be writable as JSON",
    ),
    (
        BATCH,
        f'platformSidecars {{ name: "a" channel: "b" arguments {{ fields {{ key: "{"x" * 32_768}" value {{}} }} }} }}',
        "platformSidecars[0].arguments",
        "at most 32768 bytes are allowed",
    ),
]


@pytest.mark.parametrize(("base", "text", "field", "description"), EXTRAS)
def test_a_broken_rule_is_told_with_its_path(base: str, text: str, field: str, description: str) -> None:
    assert (field, description) in broken(written(base, text))


@pytest.mark.parametrize(
    ("text", "base"),
    [
        (VOLUME + MOUNT % ("v", "/a", "b/c"), BATCH),
        ('platformSidecars { name: "a" channel: "stable" }', BATCH),
    ],
)
def test_what_is_just_allowed(text: str, base: str) -> None:
    assert broken(written(base, text)) == []
