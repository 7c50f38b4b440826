"""From a sanitised, valid descriptor to what the core runs: a job's template, its retries and further containers. Pure.

What a laptop cannot give (addresses of its own, subnets, roles, block volumes) is kept on the job and asks for nothing
here. Promises: the same descriptor and id give the same plan; nothing is raised for a descriptor that `convert` gave.
"""

from __future__ import annotations

import msgspec

from portico.domain.containers import CNI_NETWORK, HOST_NETWORK, Container
from portico.domain.identity import SECOND, Micros
from portico.domain.jobs import JobMode, Retry, Template
from portico.domain.resources import CPUS, DISK, GPUS, MEM, NETWORK, WHOLE
from portico.domain.runs import Limits as RunLimits
from portico.domain.runs import RunSpec
from portico.doors.titus.inbound import constraints, environment, mounts
from portico.doors.titus.inbound.attributes import ALLOW_NESTED_CONTAINERS, KILL_WAIT_SECONDS
from portico.doors.titus.inbound.entry_points import Invocation, invocation, main_invocation
from portico.doors.titus.inbound.health_checks import health_check
from portico.doors.titus.inbound.limits import Limits, Sidecar
from portico.doors.titus.inbound.retries import retry
from portico.doors.titus.inbound.sidecars import ARGUMENTS, arguments
from portico.doors.titus.inbound.validation.images import is_digest
from portico.wire.titus import containers_pb2, jobs_pb2

HOST_IMAGE = "portico/host"
LOGS = "/logs"
"""Where a container sees the folder with its output; files that it puts there are among its logs."""

CONTAINER_LABEL = "titus.container"
"""Names the container in the labels of its Run: `main`, or as the job calls it."""

DEFAULT_GRACE = Micros(10 * SECOND)
LONGEST_GRACE = 300
"""Seconds that a job may ask for between SIGTERM and SIGKILL."""

PRIORITIES = {"Critical": 0, "Flex": 5}
"""Lower first."""

_MEGABYTE = 1 << 20
_NESTING = ("SYS_ADMIN",)


class ChildPlan(msgspec.Struct, frozen=True):
    """A further container of each task: it lives in the task's own limits and claims nothing.

    `sidecar` is the name of the platform sidecar that it stands for, empty for a container of the job's own.
    """

    name: str
    spec: RunSpec
    amounts: dict[str, int] = {}
    labels: dict[str, str] = {}
    sidecar: str = ""


class JobPlan(msgspec.Struct, frozen=True):
    """What the core is to do for a job."""

    mode: JobMode
    size: int
    template: Template
    retry: Retry
    starting_limit: int
    children: tuple[ChildPlan, ...] = ()


def plan(descriptor: jobs_pb2.JobDescriptor, job_id: str, settings: Limits, *, tier: str = "Flex") -> JobPlan:
    """Say what a job is made of; `tier` is that of its capacity group."""
    batch = descriptor.WhichOneof("JobSpec") == "batch"
    container = descriptor.container
    template = Template(
        spec=_main(descriptor, job_id, settings),
        amounts=amounts(container.resources),
        priority=PRIORITIES[tier],
        timeout=Micros(descriptor.batch.runtimeLimitSec * SECOND if batch else 0),
        grace=_grace(descriptor),
        labels={CONTAINER_LABEL: mounts.MAIN},
        hard=constraints.hard(container.hardConstraints),
        soft=constraints.soft(container.softConstraints),
    )
    return JobPlan(
        mode=JobMode.BATCH if batch else JobMode.SERVICE,
        size=descriptor.batch.size if batch else descriptor.service.capacity.desired,
        template=template,
        retry=retry(descriptor),
        starting_limit=settings.max_not_started,
        children=(*_containers(descriptor, job_id, settings), *_sidecars(descriptor, job_id, settings)),
    )


def amounts(resources: jobs_pb2.ContainerResources) -> dict[str, int]:
    """Give what one task claims, in thousandths."""
    found = {
        CPUS: round(resources.cpu * WHOLE),
        MEM: resources.memoryMB * WHOLE,
        DISK: resources.diskMB * WHOLE,
        NETWORK: resources.networkMbps * WHOLE,
        GPUS: resources.gpu * WHOLE,
    }
    return {kind: amount for kind, amount in found.items() if amount}


def reference(image: jobs_pb2.Image | containers_pb2.BasicImage) -> str:
    """Give an image's name as the nodes take it: with its tag, and its digest where it has a good one."""
    if image.name == HOST_IMAGE:
        return HOST_IMAGE
    tag = f":{image.tag}" if image.tag else ""
    return f"{image.name}{tag}@{image.digest}" if is_digest(image.digest) else f"{image.name}{tag}"


# ---- the main container --------------------------------------------------------------------------------------------


def _main(descriptor: jobs_pb2.JobDescriptor, job: str, limits: Limits) -> RunSpec:
    message = descriptor.container
    resources = message.resources
    container = Container(
        reference(message.image),
        mounts=mounts.of_main(descriptor, job, limits),
        sandbox_target=LOGS,
        network=_network(descriptor, limits),
        add_capabilities=_NESTING if _is_true(message.attributes.get(ALLOW_NESTED_CONTAINERS, "")) else (),
        shm_size=resources.shmSizeMB * _MEGABYTE,
    )
    spec = _spec(container, main_invocation(descriptor), environment.variables(message.env, descriptor, job))
    within = RunLimits(
        cpus=round(resources.cpu * WHOLE),
        memory=resources.memoryMB * _MEGABYTE,
        disk=resources.diskMB * _MEGABYTE,
    )
    return msgspec.structs.replace(spec, limits=within, check=health_check(message.attributes))


def _spec(container: Container, run: Invocation, variables: dict[str, str]) -> RunSpec:
    """Say what runs in a container; on the host's own root that is a plain process unless it wants more."""
    if container.image != HOST_IMAGE:
        container = msgspec.structs.replace(container, entrypoint=run.entry_point)
        return RunSpec(argv=run.command, environment=variables, container=container)
    if container.network.startswith(CNI_NETWORK):
        container = msgspec.structs.replace(container, network=HOST_NETWORK)
    container = msgspec.structs.replace(container, add_capabilities=())
    wanted = None if container == Container(HOST_IMAGE, sandbox_target=LOGS) else container
    return RunSpec(argv=(*(run.entry_point or ()), *run.command), environment=variables, container=wanted)


def _network(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> str:
    mode = jobs_pb2.NetworkConfiguration.NetworkMode.Name(descriptor.networkConfiguration.networkMode)
    return limits.networks.get(mode, HOST_NETWORK)


def _grace(descriptor: jobs_pb2.JobDescriptor) -> Micros:
    attributes = descriptor.container.attributes
    written = attributes.get(KILL_WAIT_SECONDS, "") or descriptor.attributes.get(KILL_WAIT_SECONDS, "")
    if not (written.isascii() and written.isdecimal()) or len(written) > len(str(LONGEST_GRACE)):
        return DEFAULT_GRACE
    return Micros(min(int(written), LONGEST_GRACE) * SECOND)


def _is_true(written: str) -> bool:
    return written.strip().lower() == "true"


# ---- containers beside it ------------------------------------------------------------------------------------------


def _containers(descriptor: jobs_pb2.JobDescriptor, job: str, limits: Limits) -> list[ChildPlan]:
    return [_container(one, descriptor, job, limits) for one in descriptor.extraContainers]


def _container(
    message: containers_pb2.BasicContainer, descriptor: jobs_pb2.JobDescriptor, job: str, limits: Limits
) -> ChildPlan:
    container = Container(
        reference(message.image),
        mounts=mounts.of_container(descriptor, message.name, message.volumeMounts, job, limits),
        sandbox_target=LOGS,
        network=_network(descriptor, limits),
    )
    variables = environment.variables(message.env, descriptor, job)
    spec = _spec(container, invocation(message), variables)
    return ChildPlan(message.name, spec, labels={CONTAINER_LABEL: message.name})


def _sidecars(descriptor: jobs_pb2.JobDescriptor, job: str, limits: Limits) -> list[ChildPlan]:
    """Give those sidecars that the operator has said how to run; the others are shown and nothing else."""
    return [
        _sidecar(message, limits.sidecars[message.name], descriptor, job, _network(descriptor, limits))
        for message in descriptor.platformSidecars
        if message.name in limits.sidecars
    ]


def _sidecar(
    message: containers_pb2.PlatformSidecar,
    known: Sidecar,
    descriptor: jobs_pb2.JobDescriptor,
    job: str,
    network: str,
) -> ChildPlan:
    container = Container(known.image.replace("{channel}", message.channel), sandbox_target=LOGS, network=network)
    variables = environment.variables(known.environment, descriptor, job)
    variables[ARGUMENTS] = arguments(message) or "{}"
    spec = _spec(container, Invocation(None, known.command), variables)
    return ChildPlan(message.name, spec, labels={CONTAINER_LABEL: message.name}, sidecar=message.name)
