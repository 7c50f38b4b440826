"""What doors may ask control to tell; plain values. Every answer is of durable state."""

from __future__ import annotations

import msgspec

from portico.domain.identity import Instant
from portico.domain.jobs import Instance, InstanceState, JobMode
from portico.domain.runs import RunState


class Query(msgspec.Struct, frozen=True):
    """Root of all queries."""


class GetInstance(Query, frozen=True):
    """One Instance; raises NotFound."""

    id: str


class ListInstances(Query, frozen=True):
    """Instances in order of creation; criteria are ANDed, empty ones do not count.

    `jobs` is how the ids of their Jobs begin. `newest` > 0 gives only that many of the newest, still in order of
    creation.
    """

    job: str = ""
    jobs: str = ""
    id: str = ""
    states: frozenset[InstanceState] = frozenset()
    newest: int = 0


class PageInstances(Query, frozen=True):
    """A part of a long list of Instances, in order of creation; answered by an `InstancePage`.

    Criteria are those of `ListInstances`. For the first page `after` and `through` are empty, for each further one
    they are those of the page before. Instances made since the first page are left out; the others are as they are
    when their page is read.
    """

    job: str = ""
    jobs: str = ""
    states: frozenset[InstanceState] = frozenset()
    after: str = ""
    through: str = ""


class InstancePage(msgspec.Struct, frozen=True):
    """A page; `after` is empty when it is the last."""

    instances: list[Instance]
    after: str
    through: str


class ListJobs(Query, frozen=True):
    """Jobs of a door that are not retired, sorted by id."""

    door: str = ""
    mode: JobMode | None = None


class GetRun(Query, frozen=True):
    """One Run; raises NotFound."""

    id: str


class ListRuns(Query, frozen=True):
    """Runs in order of creation, the newest ones only when `newest` > 0."""

    instance: str = ""
    node: str = ""
    states: frozenset[RunState] = frozenset()
    active_only: bool = False
    newest: int = 0


class ListNodes(Query, frozen=True):
    """All nodes with what is free on them; answered by NodeViews."""


class ListPools(Query, frozen=True):
    """The pool tree with use; answered by PoolViews."""


class GetOverview(Query, frozen=True):
    """Counts for a status line; answered by an Overview."""


class ListFiles(Query, frozen=True):
    """A directory of a Run's sandbox; answered by FileFacts. Raises NotFound, Unavailable."""

    run: str
    path: str = ""


class ReadFile(Query, frozen=True):
    """A range of a file in a Run's sandbox; `offset` -1 asks for the size only. Answered by a FileRange."""

    run: str
    path: str
    offset: int = 0
    length: int = 65536


class GetUsage(Query, frozen=True):
    """What a node's Runs use now; answered by Usages."""

    node: str


class FileRange(msgspec.Struct, frozen=True):
    """Part of a file, and the size of the whole."""

    data: bytes
    size: int


class RecentSessions(Query, frozen=True):
    """The newest Sessions of the calls core, the newest last; answered by a list of `SessionView`."""

    newest: int


class SessionView(msgspec.Struct, frozen=True):
    """A Session with how many of its Calls are in each state."""

    id: str
    state: str
    created_at: Instant
    partitions: tuple[str, ...]
    calls: dict[str, int]


class NodeView(msgspec.Struct, frozen=True):
    """A node with its load; amounts in thousandths."""

    id: str
    state: str
    connected: bool
    capacity: dict[str, int]
    free: dict[str, int]
    runs: int
    attributes: dict[str, str]
    registered_at: Instant
    warnings: tuple[str, ...]


class PoolView(msgspec.Struct, frozen=True):
    """A pool with its use; amounts in thousandths."""

    id: str
    reservation: dict[str, int]
    limit: dict[str, int]
    share: dict[str, int]
    entitlement: dict[str, int]
    allocation: dict[str, int]
    demand: dict[str, int]


class Overview(msgspec.Struct, frozen=True):
    """A server at a glance."""

    revision: int
    nodes: int
    connected_nodes: int
    runs: dict[str, int]
    instances: dict[str, int]
    kinds: int
    workers: int
    calls: dict[str, int] = {}
