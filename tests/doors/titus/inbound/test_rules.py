"""Every rule of job descriptors: the path that it names, and its text."""

from __future__ import annotations

import pytest
from doors.titus.inbound.descriptors import BATCH, COMMON, SERVICE, broken, written

from portico.domain.identity import SECOND, Micros
from portico.doors.titus.errors import TitusError
from portico.doors.titus.inbound.descriptors import MOST_BYTES, convert, convert_budget
from portico.doors.titus.inbound.limits import Limits, Sidecar, Sizes
from portico.doors.titus.inbound.validation import sizes
from portico.wire.titus import jobs_pb2

RESOURCES = "container.containerResources"
BUDGET = "disruptionBudget"
LABEL = (
    "must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
)
BIG = 2**31
HUGE = 2**63
RETRY = "extensions.retryPolicy"


def resources(text: str) -> str:
    return f"container {{ resources {{ {text} }} }}"


def budget(text: str) -> str:
    return f"disruptionBudget {{ {text} }}"


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
CAPACITY = "extensions.capacity"
IMMEDIATE = "batch { retryPolicy { immediate { retries: %d } } }"
DELAYED = "batch { retryPolicy { delayed { delayMs: %d } } }"
EXPONENTIAL = "batch { retryPolicy { exponentialBackOff { %s: %d } } }"
SIZES = [
    (BATCH.replace("size: 2", "size: 0"), "", "extensions.size", "Batch job must have at least one task"),
    (BATCH, f"batch {{ size: {BIG} }}", "extensions.size", "Batch job must have at least one task"),
    (BATCH, "batch { size: 1001 }", "extensions.size", "Batch job too big 1001 > 1000"),
    (
        BATCH.replace("runtimeLimitSec: 60", ""),
        "",
        "extensions.runtimeLimitMs",
        "Runtime limit too low (must be at least 5sec, but is 0[ms])",
    ),
    (
        BATCH,
        f"batch {{ runtimeLimitSec: {HUGE} }}",
        "extensions.runtimeLimitMs",
        f"Runtime limit too low (must be at least 5sec, but is {-HUGE * 1000}[ms])",
    ),
    (
        BATCH,
        "batch { runtimeLimitSec: 864001 }",
        "extensions.runtimeLimitMs",
        "Runtime limit too high 864001000 > 864000000",
    ),
    (SERVICE, "service { capacity { min: 3 } }", CAPACITY, "'min'(3) must be <= 'desired'(2)"),
    (SERVICE, "service { capacity { desired: 4 } }", CAPACITY, "'desired'(4) must be <= 'max'(3)"),
    (SERVICE, "service { capacity { max: 10001 } }", CAPACITY, "Service job too big 10001 > 10000"),
    (SERVICE, f"service {{ capacity {{ min: {BIG} }} }}", f"{CAPACITY}.min", f"'min' must be >= 0, but is {-BIG}"),
    (
        SERVICE,
        f"service {{ capacity {{ min: {BIG} desired: {BIG} }} }}",
        f"{CAPACITY}.desired",
        f"'desired' must be >= 0, but is {-BIG}",
    ),
    (SERVICE, f"service {{ capacity {{ max: {BIG} }} }}", f"{CAPACITY}.max", f"'max' must be >= 0, but is {-BIG}"),
    (COMMON, "batch { size: 1 runtimeLimitSec: 60 }", RETRY, "Retry policy is not set"),
    (COMMON, "service { capacity { max: 1 } }", RETRY, "Retry policy is not set"),
    (COMMON, "", RETRY, "Retry policy is not set"),
    (BATCH, IMMEDIATE % BIG, f"{RETRY}.retries", "Number of retries cannot be negative"),
    (BATCH, DELAYED % HUGE, f"{RETRY}.delayMs", "Delay cannot be negative"),
    (BATCH, EXPONENTIAL % ("initialDelayMs", HUGE), f"{RETRY}.initialDelayMs", "Delay cannot be negative"),
    (BATCH, EXPONENTIAL % ("maxDelayIntervalMs", HUGE), f"{RETRY}.maxDelayMs", "Delay cannot be negative"),
]
POLICY, RATE = f"{BUDGET}.disruptionBudgetPolicy", f"{BUDGET}.disruptionBudgetRate"
AT_LEAST, AT_MOST = "must be greater than or equal to %d", "must be less than or equal to %d"
HOURS = budget("timeWindows { hourlyTimeWindows { startHour: %d endHour: %d } }")
HOUR = f"{BUDGET}.timeWindows[0].hourlyTimeWindows[0]"
PERCENT_PER_INTERVAL = budget("ratePercentagePerInterval { intervalMs: 1000 percentageLimitPerInterval: %s }")
BUDGETS = [
    (BATCH, budget(f"selfManaged {{ relocationTimeMs: {HUGE} }}"), f"{POLICY}.relocationTimeMs", AT_LEAST % 0),
    (
        BATCH,
        budget("availabilityPercentageLimit { percentageOfHealthyContainers: -1 }"),
        f"{POLICY}.percentageOfHealthyContainers",
        AT_LEAST % 0,
    ),
    (
        BATCH,
        budget("availabilityPercentageLimit { percentageOfHealthyContainers: nan }"),
        f"{POLICY}.percentageOfHealthyContainers",
        AT_LEAST % 0,
    ),
    (
        BATCH,
        budget("availabilityPercentageLimit { percentageOfHealthyContainers: 100.5 }"),
        f"{POLICY}.percentageOfHealthyContainers",
        AT_MOST % 100,
    ),
    (BATCH, budget("unhealthyTasksLimit {}"), f"{POLICY}.limitOfUnhealthyContainers", AT_LEAST % 1),
    (BATCH, budget(f"relocationLimit {{ limit: {BIG} }}"), f"{POLICY}.limit", AT_LEAST % 1),
    (
        BATCH,
        budget("ratePercentagePerHour { maxPercentageOfContainersRelocatedInHour: 101 }"),
        f"{RATE}.maxPercentageOfContainersRelocatedInHour",
        AT_MOST % 100,
    ),
    (BATCH, budget("ratePerInterval { limitPerInterval: 1 }"), f"{RATE}.intervalMs", AT_LEAST % 1),
    (
        BATCH,
        budget("ratePerInterval { limitPerInterval: 1 intervalMs: 3600001 }"),
        f"{RATE}.intervalMs",
        AT_MOST % 3_600_000,
    ),
    (BATCH, budget("ratePerInterval { intervalMs: 1 }"), f"{RATE}.limitPerInterval", AT_LEAST % 1),
    (BATCH, budget("ratePercentagePerInterval {}"), f"{RATE}.intervalMs", AT_LEAST % 1),
    (BATCH, PERCENT_PER_INTERVAL % "-0.5", f"{RATE}.percentageLimitPerInterval", AT_LEAST % 0),
    (BATCH, PERCENT_PER_INTERVAL % "101", f"{RATE}.percentageLimitPerInterval", AT_MOST % 100),
    (BATCH, HOURS % (5, 5), HOUR, "'startHour'(5) must be < 'endHour'(5)"),
    (BATCH, HOURS % (5, 25), f"{HOUR}.endHour", AT_MOST % 24),
    (BATCH, HOURS % (BIG, 5), f"{HOUR}.startHour", AT_LEAST % 0),
    (
        BATCH,
        budget('timeWindows { timeZone: "../etc/passwd" }'),
        f"{BUDGET}.timeWindows[0].timeZone",
        "Unknown time zone: ../etc/passwd",
    ),
    (BATCH, budget("timeWindows { days: 9 }"), f"{BUDGET}.timeWindows[0].days", "Unknown day: 9"),
    (BATCH, budget("timeWindows {}" * 101), f"{BUDGET}.timeWindows", "at most 100 are allowed"),
    (
        BATCH,
        budget('containerHealthProviders { name: "eureka" }'),
        f"{BUDGET}.containerHealthProviders[0].name",
        "Unknown container health service: eureka",
    ),
]
RULES = [
    *IDENTITY, *AMOUNTS, *EFS, *ADDRESSES, *SECURITY, *IMAGES, *CONSTRAINTS, *PROCESSES, *EXTRAS, *SIZES, *BUDGETS
]  # fmt: skip


@pytest.mark.parametrize(("base", "text", "field", "description"), RULES)
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


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("container { resources { cpu: 96 gpu: 16 memoryMB: 1152000 diskMB: 1550000 networkMbps: 400000 } }", BATCH),
        ("container { resources { shmSizeMB: 1024 } }", BATCH),
        ("batch { size: 1000 runtimeLimitSec: 864000 }", BATCH),
        ("batch { runtimeLimitSec: 5 }", BATCH),
        ("service { capacity { max: 10000 } }", SERVICE),
        (f'container {{ entryPoint: "{"x" * 16_384}" }}', BATCH),
        (ENV % ("a", "x" * (32_768 - 3)), BATCH),
        (f'container {{ image {{ digest: "sha256:{"a" * 32}" }} }}', BATCH.replace('tag: "1"', "")),
        ('container { image { tag: "bad tag" digest: "sha256:' + "A" * 64 + '" } }', BATCH),
        (HIGH_SCALE, NO_GROUPS),
        (EBS % ("v1,v2", "rw"), BATCH),
        (HOURS % (0, 24), BATCH),
        (budget('timeWindows { timeZone: "America/Los_Angeles" }'), BATCH),
        (budget("availabilityPercentageLimit { percentageOfHealthyContainers: 100 }"), BATCH),
        (budget('containerHealthProviders { name: "alwaysHealthy" }'), BATCH),
        (VOLUME + MOUNT % ("v", "/a", "b/c"), BATCH),
        ('platformSidecars { name: "a" channel: "stable" }', BATCH),
        ('container { hardConstraints { constraints { key: "ZONEBALANCE" value: "true" } } }', BATCH),
        ('attributes { key: "titus.other" value: "kept" }', BATCH),
    ],
)
def test_what_is_just_allowed(text: str, base: str) -> None:
    assert broken(written(base, text)) == []


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


def test_an_application_may_have_sizes_of_its_own() -> None:
    smaller = Limits(applications={"app": Sizes(1, 2)})
    larger = Limits(max_batch_size=1, max_service_size=2, applications={"app": Sizes(2, 3)})
    assert broken(written(BATCH), smaller) == [("jobDescriptor.extensions.size", "Batch job too big 2 > 1")]
    assert broken(written(SERVICE), smaller) == [("jobDescriptor.extensions.capacity.max", "Service job too big 3 > 2")]
    assert broken(written(BATCH), larger) == []
    assert broken(written(SERVICE), larger) == []
    assert sizes.largest_service("app", larger) == 3
    assert sizes.largest_service("other", larger) == 2


def test_sizes_of_an_application_are_looked_at_last() -> None:
    found = broken(written(BATCH, 'owner { teamEmail: "x" }'), Limits(applications={"app": Sizes(1, 2)}))
    assert found == [("owner.teamEmail", "Not a valid email address")]


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


def test_capacity_of_an_update() -> None:
    assert [one.field for one in sizes.of_capacity(2, 1, 0, 10)] == ["capacity"] * 3
    assert list(sizes.of_capacity(0, 0, 0, 10)) == []
    assert sizes.in_words(1, 2, 3) == "Capacity{min=1, desired=2, max=3}"


def test_a_new_budget_has_its_defaults_and_rules() -> None:
    job = convert(written(BATCH), Limits())
    empty = convert_budget(jobs_pb2.JobDisruptionBudget(), job, Limits())
    assert empty == job.disruptionBudget
    wrong = jobs_pb2.JobDisruptionBudget(relocationLimit=jobs_pb2.JobDisruptionBudget.RelocationLimit())
    with pytest.raises(TitusError) as raised:
        convert_budget(wrong, job, Limits())
    assert [one.field for one in raised.value.violations] == [f"{POLICY}.limit"]


@pytest.mark.parametrize("zone", ["", "UTC", "PST", "America/Los_Angeles"])
def test_time_zones_that_the_core_knows_are_taken(zone: str) -> None:
    descriptor = convert(written(BATCH, budget(f'timeWindows {{ timeZone: "{zone}" }}')), Limits())
    assert descriptor.disruptionBudget.timeWindows[0].timeZone == zone
