"""From a descriptor to what the core runs."""

from __future__ import annotations

import pytest
from doors.titus.inbound.descriptors import BATCH, JOB, SERVICE, converted

from portico.domain.constraints import Attribute, Balance, ExclusiveHost, Soft, UniqueHost, decode, decode_soft
from portico.domain.containers import Container
from portico.domain.identity import DAY, SECOND
from portico.domain.jobs import ENDLESS, JobMode, Retry
from portico.domain.runs import CheckKind
from portico.domain.runs import Limits as RunLimits
from portico.doors.titus.inbound.containers import DEFAULT_GRACE, JobPlan, plan
from portico.doors.titus.inbound.limits import Limits, Sidecar

HOST = BATCH.replace("acme/tool", "portico/host")
MB = 1 << 20


def planned(base: str = BATCH, text: str = "", limits: Limits | None = None) -> JobPlan:
    limits = limits or Limits()
    return plan(converted(base, text, limits), JOB, limits)


def main(base: str = BATCH, text: str = "") -> Container:
    container = planned(base, text).template.spec.container
    assert container is not None
    return container


def test_a_batch_job() -> None:
    found = planned(BATCH, "container { resources { cpu: 1.5 gpu: 1 } }")
    template = found.template
    assert (found.mode, found.size, found.starting_limit) == (JobMode.BATCH, 2, 300)
    assert template.amounts == {"cpus": 1_500, "mem": 1_024_000, "disk": 20_000_000, "network": 256_000, "gpus": 1_000}
    assert template.spec.limits == RunLimits(cpus=1_500, memory=1_024 * MB, disk=20_000 * MB)
    assert template.timeout == 60 * SECOND
    assert template.grace == DEFAULT_GRACE


def test_a_service_job_has_its_desired_size_and_no_end() -> None:
    found = planned(SERVICE)
    assert (found.mode, found.size, found.template.timeout) == (JobMode.SERVICE, 2, 0)


def test_the_tier_gives_the_priority() -> None:
    descriptor = converted()
    critical, flex = (plan(descriptor, JOB, Limits(), tier=tier) for tier in ("Critical", "Flex"))
    assert critical.template.priority < flex.template.priority


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ('name: "acme/tool" tag: "1"', "acme/tool:1"),
        (f'name: "a" digest: "sha256:{"b" * 64}"', f"a@sha256:{'b' * 64}"),
        (f'name: "a" tag: "1" digest: "sha256:{"b" * 64}"', f"a:1@sha256:{'b' * 64}"),
        ('name: "a" tag: "1" digest: "nonsense"', "a:1"),
    ],
)
def test_images(image: str, reference: str) -> None:
    assert main(BATCH.replace('name: "acme/tool" tag: "1"', image)).image == reference


SKIP = 'attributes { key: "titusParameter.entryPoint.skipShellParsing" value: "true" }'


@pytest.mark.parametrize(
    ("text", "entry_point", "argv"),
    [
        ("", None, ()),
        ('container { command: "a" command: "b c" }', None, ("a", "b c")),
        ('container { entryPoint: "/bin/a" entryPoint: "b c" }', ("/bin/a", "b c"), ()),
        ('container { entryPoint: "/bin/sh" entryPoint: "-c" command: "echo $A" }', ("/bin/sh", "-c"), ("echo $A",)),
        ("container { entryPoint: \"sh -c 'sleep 1; true'\" }", ("sh", "-c", "sleep 1; true"), ()),
        ('container { entryPoint: "sh -c" entryPoint: "\'sleep 1\'" }', ("sh", "-c", "sleep 1"), ()),
        ('container { entryPoint: "sh -c" command: "a" }', ("sh -c",), ("a",)),
        (f'container {{ entryPoint: "a b" }} {SKIP}', ("a b",), ()),
        ('container { entryPoint: "" command: "a" }', (), ("a",)),
        ('container { entryPoint: "a" command: "" }', ("a",), ()),
    ],
)
def test_entry_points_and_commands(text: str, entry_point: tuple[str, ...] | None, argv: tuple[str, ...]) -> None:
    spec = planned(BATCH, text).template.spec
    assert spec.container is not None
    assert (spec.container.entrypoint, spec.argv) == (entry_point, argv)


def test_the_hosts_own_root_is_a_plain_process() -> None:
    spec = planned(HOST, 'container { entryPoint: "/bin/sh" entryPoint: "-c" command: "true" }').template.spec
    assert (spec.container, spec.argv) == (None, ("/bin/sh", "-c", "true"))


def test_the_hosts_own_root_keeps_what_it_can_have_and_joins_no_network() -> None:
    limits = Limits(networks={"Ipv4Only": "cni:x"})
    text = "networkConfiguration { networkMode: Ipv4Only } container { resources { shmSizeMB: 128 } }"
    container = planned(HOST, text, limits).template.spec.container
    assert container is not None
    assert (container.image, container.network, container.shm_size) == ("portico/host", "host", 128 * MB)


def test_network_modes() -> None:
    limits = Limits(networks={"HighScale": "cni:fast", "Ipv6Only": "none"})
    base = BATCH.replace('securityGroups: "sg-1"', "")
    fast = planned(base, "networkConfiguration { networkMode: HighScale }", limits)
    assert fast.template.spec.container is not None
    assert fast.template.spec.container.network == "cni:fast"
    plain = planned(BATCH, "", limits)
    assert plain.template.spec.container is not None
    assert plain.template.spec.container.network == "host"


def test_shared_memory_and_rights() -> None:
    text = 'container { attributes { key: "titusParameter.agent.allowNestedContainers" value: "true" } }'
    assert main(BATCH, text).add_capabilities == ("SYS_ADMIN",)
    assert main().add_capabilities == ()
    assert main().shm_size == 64 * MB
    assert main(BATCH, "container { resources { shmSizeMB: 100 } }").shm_size == 100 * MB


def test_what_says_which_job_it_is_goes_over_the_job_s_own_variables() -> None:
    text = (
        'jobGroupInfo { stack: "s" } container { env { key: "A" value: "b" } env { key: "TITUS_JOB_ID" value: "x" } '
        'env { key: "NETFLIX_APP" value: "mine" } resources { cpu: 2.5 } }'
    )
    assert planned(BATCH, text).template.spec.environment == {
        "A": "b",
        "TITUS_JOB_ID": JOB,
        "TITUS_NUM_CPU": "2.5",
        "TITUS_NUM_GPU": "0",
        "TITUS_NUM_MEM": "1024",
        "TITUS_NUM_DISK": "20000",
        "TITUS_NUM_NETWORK_BANDWIDTH": "256",
        "NETFLIX_EXECUTOR": "titus",
        "NETFLIX_APP": "mine",
        "NETFLIX_STACK": "s",
        "NETFLIX_CLUSTER": "app-s",
        "NETFLIX_AUTO_SCALE_GROUP": "app-s-v000",
        "TITUS_IMAGE_NAME": "acme/tool",
        "TITUS_IMAGE_TAG": "1",
        "TITUS_IAM_ROLE": "role",
    }


@pytest.mark.parametrize(
    ("group", "cluster", "auto_scale_group"),
    [
        ("", "app", "app-v000"),
        ('stack: "s" sequence: "v007"', "app-s", "app-s-v007"),
        ('stack: "s" detail: "d"', "app-s-d", "app-s-d-v000"),
        ('detail: "d"', "app--d", "app--d-v000"),
    ],
)
def test_the_names_of_a_job_s_group(group: str, cluster: str, auto_scale_group: str) -> None:
    found = planned(BATCH, f"jobGroupInfo {{ {group} }}").template.spec.environment
    assert (found["NETFLIX_CLUSTER"], found["NETFLIX_AUTO_SCALE_GROUP"]) == (cluster, auto_scale_group)


@pytest.mark.parametrize(
    ("value", "seconds"), [("30", 30), ("0", 0), ("999", 300), ("-1", 10), ("x", 10), ("99999999999", 10), ("", 10)]
)
def test_the_grace_that_a_job_asks_for(value: str, seconds: int) -> None:
    text = f'attributes {{ key: "titusParameter.agent.killWaitSeconds" value: "{value}" }}'
    assert planned(BATCH, f"container {{ {text} }}").template.grace == seconds * SECOND
    assert planned(BATCH, text).template.grace == seconds * SECOND


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("immediate { retries: 2 }", Retry(limit=2, ceiling=0, on_timeout=False)),
        (
            "delayed { delayMs: 1500 initialDelayMs: 9 retries: 1 }",
            Retry(limit=1, delay=1_500_000, ceiling=1_500_000, on_timeout=False),
        ),
        (
            "exponentialBackOff { initialDelayMs: 10 maxDelayIntervalMs: 1000 retries: 5 }",
            Retry(limit=5, delay=10_000, factor=2, ceiling=1_000_000, on_timeout=False),
        ),
        (
            f"delayed {{ delayMs: {2**63 - 1} }}",
            Retry(delay=365 * DAY, ceiling=365 * DAY, on_timeout=False),
        ),
    ],
)
def test_retry_policies_of_batch_jobs(policy: str, expected: Retry) -> None:
    assert planned(BATCH.replace("immediate { retries: 3 }", policy)).retry == expected


def test_when_tasks_that_ran_too_long_are_tried_again() -> None:
    assert planned(BATCH, "batch { retryOnRuntimeLimit: true }").retry.on_timeout


def test_tasks_of_service_jobs_are_always_tried_again() -> None:
    found = planned(SERVICE.replace("immediate {}", "delayed { delayMs: 5 retries: 1 }")).retry
    assert (found.limit, found.delay) == (ENDLESS, 5_000)


CONSTRAINT = 'constraints { key: "%s" value: "%s" }'


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("uniqueHost", "true", UniqueHost()),
        ("exclusiveHost", " TRUE ", ExclusiveHost()),
        ("ZoneBalance", "true", Balance("zone")),
        ("availabilityZone", " a ", Attribute("zone", ("a",))),
        ("machineId", "n1", Attribute("hostname", ("n1",))),
        ("machineGroup", "g", Attribute("machineGroup", ("g",))),
        ("machineType", "m5", Attribute("machineType", ("m5",))),
        ("kubeBackend", "k", Attribute("kubeBackend", ("k",))),
        ("cpuModel", "c", Attribute("cpuModel", ("c",))),
        ("activeHost", "true", None),
        ("uniqueHost", "false", None),
        ("zoneBalance", "", None),
    ],
)
def test_constraints(name: str, value: str, expected: object) -> None:
    written = CONSTRAINT % (name, value)
    hard = planned(BATCH, f"container {{ hardConstraints {{ {written} }} }}").template
    soft = planned(BATCH, f"container {{ softConstraints {{ {written} }} }}").template
    wanted = [] if expected is None else [expected]
    assert ([decode(one) for one in hard.hard], hard.soft) == (wanted, ())
    wishes = [decode_soft(one) for one in soft.soft]
    assert [wish.constraint for wish in wishes] == wanted
    assert all(wish.weight >= 1 for wish in wishes)
    assert soft.hard == ()


def test_a_wished_machine_weighs_more_than_a_host_of_ones_own() -> None:
    both = CONSTRAINT % ("machineId", "n1") + CONSTRAINT % ("uniqueHost", "true")
    found = planned(BATCH, f"container {{ softConstraints {{ {both} }} }}").template.soft
    assert [decode_soft(one) for one in found] == [Soft(Attribute("hostname", ("n1",)), 4), Soft(UniqueHost(), 1)]


def test_further_containers_and_sidecars() -> None:
    text = (
        'extraContainers { name: "log" image { name: "acme/log" tag: "2" } entryPoint: "run" env { key: "A" value: "b" } }'
        'platformSidecars { name: "proxy" channel: "stable" arguments { fields { key: "p" value { number_value: 1 } } } }'
        'platformSidecars { name: "unknown" channel: "stable" }'
    )
    limits = Limits(sidecars={"proxy": Sidecar("acme/proxy:{channel}", ("go",), {"B": "c"})})
    log, proxy = planned(BATCH, text, limits).children
    assert log.spec.container is not None
    assert (log.name, log.sidecar, log.spec.container.image) == ("log", "", "acme/log:2")
    assert log.spec.container.entrypoint == ("run",)
    assert log.spec.environment["A"] == "b"
    assert log.spec.environment["TITUS_JOB_ID"] == JOB
    assert log.labels == {"titus.container": "log"}
    assert (log.amounts, log.spec.limits) == ({}, RunLimits())
    assert proxy.spec.container is not None
    assert (proxy.name, proxy.sidecar, proxy.spec.container.image) == ("proxy", "proxy", "acme/proxy:stable")
    assert proxy.spec.argv == ("go",)
    assert proxy.spec.environment["B"] == "c"
    assert proxy.spec.environment["TITUS_SIDECAR_ARGUMENTS"] == '{"p": 1.0}'


def test_a_health_check() -> None:
    text = (
        'attributes { key: "portico.healthCheck.http" value: "8080/a/b" }'
        'attributes { key: "portico.healthCheck.intervalSeconds" value: "3" }'
    )
    check = planned(BATCH, f"container {{ {text} }}").template.spec.check
    assert check is not None
    assert (check.kind, check.port, check.path, check.interval) == (CheckKind.HTTP, 8_080, "/a/b", 3 * SECOND)
    assert planned().template.spec.check is None
