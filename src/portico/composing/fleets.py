"""Partitions as fleets: a Job of call agents for each one that has workers, with a Pool of its own.

A worker on the host's own root is started by its agent. One with an image is a container beside the agent, in the
limits of the agent's Run: it sees a folder of the agent's sandbox, where the sockets and the data of its Calls lie.
"""

from __future__ import annotations

import hashlib
import sys

import msgspec

from portico.composing.jobs import FLEET_PREFIX, WorkerPlace, limits
from portico.control.calls.partitions import DOOR, PodFleets
from portico.control.calls.pods import FORM, PARTITION, PodFleet
from portico.domain.calls.values import Partition
from portico.domain.containers import Container, Mount
from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.jobs import Job, JobMode, Retry, Shrink, Template
from portico.domain.nodes import Pool
from portico.domain.resources import WHOLE
from portico.domain.runs import AbsencePolicy, RunSpec
from portico.settings import PartitionSettings, Settings
from portico.settings.armonik_values import TCP

AGENT_MODULE = "portico.doors.armonik.outpost"
POOLS = "/armonik/"

FOLDER = "cache"
"""Of the agent's sandbox, what a worker in a container sees as `SEEN`."""
SEEN = "/cache"
_WORKER_SOCKET, _AGENT_SOCKET, _SHARED = "armonik_worker.sock", "armonik_agent.sock", "shared"

PARTING = Micros(8 * SECOND)
"""What an agent needs beside its worker's grace, to give back what it has and to be heard."""

RETRY = Retry(0, Micros(SECOND // 5), 2, Micros(30 * SECOND), steady=Micros(30 * SECOND))
"""A pod that fails at once is tried again after pauses that double up to half a minute."""

COOL_DOWN = Micros(60 * SECOND)
PATIENCE = Micros(SECOND)

_PORTS = 'PORTICO_ARMONIK_WORKER_ADDRESS=127.0.0.1:$PORT0 PORTICO_ARMONIK_AGENT_ADDRESS=127.0.0.1:$PORT1 exec "$0" "$@"'


def partitions(settings: Settings) -> tuple[Partition, ...]:
    """Give all partitions as the core knows them."""
    return tuple(_partition(name, partition) for name, partition in settings.partitions.items())


def pod_fleets(settings: Settings) -> PodFleets:
    """Make the part of control that keeps the fleets; raises Invalid for workers that cannot be had."""
    fleets = []
    for name, partition in _manned(settings).items():
        beside = _beside(name, partition) if _in_container(partition, settings) else None
        fleets.append(PodFleet(_partition(name, partition), _job_id(name), beside, partition.grace))
    return PodFleets(
        fleets, settings.timer("armonik.scale_down", COOL_DOWN), settings.timer("armonik.preemption", PATIENCE)
    )


def fleet_jobs(settings: Settings, place: WorkerPlace, now: Instant) -> list[Job]:
    """Make the Job of each partition that has workers; raises Invalid for workers that cannot be had."""
    return [_job(name, partition, settings, place, now) for name, partition in _manned(settings).items()]


def fleet_pools(settings: Settings) -> list[Pool]:
    """Give a Pool to each partition that has workers, which reserves what its reserved pods take.

    Those that the configuration describes itself are left out.
    """
    return [
        Pool(
            id=POOLS + name,
            reservation={kind: amount * partition.pod_reserved for kind, amount in partition.resources.items()},
        )
        for name, partition in _manned(settings).items()
        if POOLS + name not in settings.pools
    ]


def _manned(settings: Settings) -> dict[str, PartitionSettings]:
    return {name: found for name, found in settings.partitions.items() if found.worker or found.image}


def _partition(name: str, partition: PartitionSettings) -> Partition:
    return Partition(
        name,
        partition.parents,
        partition.pod_reserved,
        partition.pod_max,
        partition.preemption_percentage,
        partition.priority,
        partition.configuration,
    )


def _job_id(name: str) -> str:
    return f"{FLEET_PREFIX}{DOOR}/{name}"


def _in_container(partition: PartitionSettings, settings: Settings) -> bool:
    """Tell whether a worker has an image that is not the host's own root."""
    image = partition.image
    if not image:
        return False
    last = image.rpartition("/")[2]
    tagless = image[: len(image) - len(last)] + last.partition(":")[0]
    source = settings.images.get(image) or settings.images.get(tagless)
    return source is None or source.scheme != "host"


def _job(name: str, partition: PartitionSettings, settings: Settings, place: WorkerPlace, now: Instant) -> Job:
    apart = _in_container(partition, settings)
    _check(name, partition, apart=apart)
    environment = _agent_environment(name, partition, place)
    environment["PORTICO_ARMONIK_CHUNK_BYTES"] = str(settings.armonik.data_chunk_max_size)
    argv: tuple[str, ...] = (sys.executable, "-m", AGENT_MODULE)
    if apart:
        environment |= _shared_environment()
    else:
        environment |= partition.environment
        argv = (*argv, "--", *partition.worker)
    by_ports = partition.socket == TCP
    spec = RunSpec(
        argv=("/bin/sh", "-c", _PORTS, *argv) if by_ports else argv,
        environment=environment,
        working_directory="" if apart or partition.working_directory is None else str(partition.working_directory),
        limits=limits(partition.resources, partition.stated),
    )
    return Job(
        id=_job_id(name),
        door=DOOR,
        pool=POOLS + name,
        mode=JobMode.SERVICE,
        created_at=now,
        description=f"call agents of the partition {name}",
        template=Template(
            spec=spec,
            amounts=partition.resources,
            port_count=2 if by_ports else 0,
            grace=Micros(partition.grace + PARTING),
            absence=AbsencePolicy(lose=True),
            labels={PARTITION: name, FORM: _form(partition)},
        ),
        retry=RETRY,
        size=partition.pod_reserved,
        shrink=Shrink.SPREAD,
    )


def _check(name: str, partition: PartitionSettings, *, apart: bool) -> None:
    where = f"doors.armonik.partitions.{name}"
    if apart and partition.socket == TCP:
        raise Invalid(f"{where}: a worker with an image is reached by unix sockets", f"{where}.socket")
    if partition.user is not None and not apart:
        raise Invalid(f"{where}: a worker without an image runs as the user of the server", f"{where}.user")
    if not apart and not partition.worker:
        raise Invalid(f"{where}: the image {partition.image!r} has no command of its own", f"{where}.worker")


def _agent_environment(name: str, partition: PartitionSettings, place: WorkerPlace) -> dict[str, str]:
    return {
        "PORTICO_ARMONIK_LINK": place.link,
        "PORTICO_ARMONIK_SECRET_FILE": str(place.secret_file),
        "PORTICO_ARMONIK_PARTITION": name,
        "PORTICO_ARMONIK_FOLDER_LIMIT": str((partition.folder_limit << 20) // WHOLE),
        "PORTICO_ARMONIK_STOP_GRACE": f"{partition.grace / SECOND:g}",
        "PORTICO_ARMONIK_WORKER_SOCKET_TYPE": _socket_type(partition),
        "PORTICO_ARMONIK_AGENT_SOCKET_TYPE": _socket_type(partition),
    }


def _socket_type(partition: PartitionSettings) -> str:
    return "tcp" if partition.socket == TCP else "unixdomainsocket"


def _shared_environment() -> dict[str, str]:
    """Tell an agent where it meets a worker that is started beside it: below its own sandbox."""
    return {
        "PORTICO_ARMONIK_WORKER_ADDRESS": f"{FOLDER}/{_WORKER_SOCKET}",
        "PORTICO_ARMONIK_AGENT_ADDRESS": f"{FOLDER}/{_AGENT_SOCKET}",
        "PORTICO_ARMONIK_SHARED_FOLDER": f"{FOLDER}/{_SHARED}",
        "PORTICO_ARMONIK_WORKER_FOLDER": f"{SEEN}/{_SHARED}",
    }


def _beside(name: str, partition: PartitionSettings) -> RunSpec:
    """Say what runs in the container beside an agent."""
    channels = {
        "ComputePlane__WorkerChannel__Address": f"{SEEN}/{_WORKER_SOCKET}",
        "ComputePlane__WorkerChannel__SocketType": "unixdomainsocket",
        "ComputePlane__AgentChannel__Address": f"{SEEN}/{_AGENT_SOCKET}",
        "ComputePlane__AgentChannel__SocketType": "unixdomainsocket",
        "ComputePlane__MessageBatchSize": "1",
        "Pollster__PartitionId": name,
    }
    return RunSpec(
        argv=partition.worker,
        environment=channels | partition.environment,
        working_directory=str(partition.working_directory) if partition.working_directory is not None else "",
        user=partition.user or "",
        container=Container(partition.image, mounts=(Mount(SEEN, FOLDER, create=True),)),
    )


def _form(partition: PartitionSettings) -> str:
    """Name what pods are made of; pods of another name are made anew."""
    parts = (
        partition.worker,
        partition.image,
        sorted(partition.environment.items()),
        partition.user,
        str(partition.working_directory),
        partition.socket,
        partition.folder_limit,
        sorted(partition.resources.items()),
        sorted(partition.stated),
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]
