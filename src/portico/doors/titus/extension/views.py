"""What criteria and decisions need of a job, read off its descriptor once.

The descriptor itself stays bytes in memory: 20,000 active jobs must be cheap. Promises: a view is a pure function of
the descriptor; strings that many jobs share are held once.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec

from portico.doors.titus.inbound.attributes import SUBNETS, ebs_volumes
from portico.wire.titus import jobs_pb2


class Capacity(msgspec.Struct, frozen=True, gc=False):
    """How many tasks a service job wants, and between which bounds."""

    minimum: int
    desired: int
    maximum: int


class JobView(msgspec.Struct, frozen=True):
    """The facts of one job that are asked for often; strings as sanitised.

    `capacity` of a batch job is its size, three times. `addresses` are the signed address allocations' ids and
    `volumes` the EBS volumes' ids that tasks get one of each. `sidecars` are (name, channel) pairs, `subnets` and
    `security_groups` lists with commas.
    """

    service: bool
    owner: str
    application: str
    stack: str
    detail: str
    sequence: str
    capacity_group: str
    image: str
    tag: str
    capacity: Capacity
    attributes: dict[str, str] = {}
    sidecars: tuple[tuple[str, str], ...] = ()
    enabled: bool = True
    disable_increase: bool = False
    disable_decrease: bool = False
    addresses: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    network_mode: int = 0
    subnets: str = ""
    security_groups: str = ""

    @property
    def sequence_key(self) -> str:
        """Name the job's place in its group; empty for jobs that do not claim one."""
        if not self.sequence:
            return ""
        return f"{self.application}-{self.stack}-{self.detail}-{self.sequence}"


def read_view(descriptor: bytes) -> JobView:
    """Read the view off a stored descriptor."""
    return view_of(jobs_pb2.JobDescriptor.FromString(descriptor))


def view_of(descriptor: jobs_pb2.JobDescriptor) -> JobView:
    """Read the view off a descriptor."""
    group = descriptor.jobGroupInfo
    image = descriptor.container.image
    service = descriptor.WhichOneof("JobSpec") == "service"
    spec = descriptor.service
    share = sys.intern
    return JobView(
        service=service,
        owner=share(descriptor.owner.teamEmail),
        application=share(descriptor.applicationName),
        stack=share(group.stack),
        detail=share(group.detail),
        sequence=group.sequence,
        capacity_group=share(descriptor.capacityGroup),
        image=share(image.name),
        tag=share(image.tag),
        capacity=_capacity(descriptor, service=service),
        attributes=_shared(descriptor.attributes),
        sidecars=tuple((sidecar.name, sidecar.channel) for sidecar in descriptor.platformSidecars),
        enabled=spec.enabled if service else True,
        disable_increase=spec.serviceJobProcesses.disableIncreaseDesired,
        disable_decrease=spec.serviceJobProcesses.disableDecreaseDesired,
        addresses=tuple(
            signed.addressAllocation.uuid for signed in descriptor.container.resources.signedAddressAllocations
        ),
        volumes=ebs_volumes(descriptor),
        network_mode=descriptor.networkConfiguration.networkMode,
        subnets=share(descriptor.container.attributes.get(SUBNETS, "")),
        security_groups=share(",".join(descriptor.container.securityProfile.securityGroups)),
    )


def _capacity(descriptor: jobs_pb2.JobDescriptor, *, service: bool) -> Capacity:
    if service:
        written = descriptor.service.capacity
        return Capacity(written.min, written.desired, written.max)
    size = descriptor.batch.size
    return Capacity(size, size, size)


def _shared(attributes: Mapping[str, str]) -> dict[str, str]:
    return {sys.intern(key): value for key, value in attributes.items()}
