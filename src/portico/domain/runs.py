"""Runs: one unit of placed work, from waiting in a Pool to its end.

Promises: a Run that ended never changes its state again; back to WAITING only from before RUNNING.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from portico.domain.containers import Container, Rlimit
from portico.domain.identity import DAY, MINUTE, SECOND, Instant, Micros
from portico.domain.lifecycle import LifeCycle
from portico.domain.resources import Ports
from portico.domain.slices import Slices


class RunState(StrEnum):
    """Where a Run stands."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    PLACED = "placed"
    LAUNCHING = "launching"
    RUNNING = "running"
    UNREACHABLE = "unreachable"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    KILLED = "killed"
    LOST = "lost"


_S = RunState

RUN_LIFE = LifeCycle(
    "run",
    _S.WAITING,
    {
        (_S.WAITING, _S.ADMITTED): "its pool's entitlement has room",
        (_S.ADMITTED, _S.PLACED): "a node has room and a claim was made",
        (_S.ADMITTED, _S.WAITING): "its pool lost the room again",
        (_S.PLACED, _S.LAUNCHING): "the launch message is on its way",
        (_S.PLACED, _S.WAITING): "the claim was withdrawn before the launch",
        (_S.LAUNCHING, _S.RUNNING): "the node reports a live process, scope or hosted task",
        (_S.LAUNCHING, _S.WAITING): "the node refused the launch before anything started",
        (_S.LAUNCHING, _S.UNREACHABLE): "its node is absent",
        (_S.RUNNING, _S.UNREACHABLE): "its node is absent",
        (_S.UNREACHABLE, _S.LAUNCHING): "the node came back before the launch was answered",
        (_S.UNREACHABLE, _S.RUNNING): "the node came back with the Run alive",
        (_S.RUNNING, _S.SUCCEEDED): "exit code 0",
        (_S.RUNNING, _S.FAILED): "any other end of its own",
        (_S.RUNNING, _S.KILLED): "ended after a stop order",
        (_S.RUNNING, _S.LOST): "the node has no trace of it",
        (_S.UNREACHABLE, _S.SUCCEEDED): "it ended while the node was absent",
        (_S.UNREACHABLE, _S.FAILED): "it ended while the node was absent",
        (_S.UNREACHABLE, _S.KILLED): "it was stopped while, or because, the node was absent",
        (_S.UNREACHABLE, _S.LOST): "the node did not come back in time, or without it",
        (_S.LAUNCHING, _S.FAILED): "the launch failed",
        (_S.LAUNCHING, _S.KILLED): "stopped before it ran",
        (_S.LAUNCHING, _S.LOST): "the node knows an intent but no process",
        (_S.WAITING, _S.KILLED): "stopped while waiting",
        (_S.ADMITTED, _S.KILLED): "stopped while waiting for a node",
        (_S.PLACED, _S.KILLED): "stopped before the launch",
    },
)

ON_NODE = frozenset({_S.PLACED, _S.LAUNCHING, _S.RUNNING, _S.UNREACHABLE})
"""States in which a Run holds a Claim on a node."""


class Fetch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file to bring into the sandbox before the start."""

    uri: str
    executable: bool = False
    extract: bool = True
    cache: bool = False
    output_file: str = ""


class CheckKind(StrEnum):
    """How a check looks."""

    COMMAND = "command"
    HTTP = "http"
    TCP = "tcp"


class HealthCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """A periodic look at a Run; durations in microseconds, `timeout` 0 = none.

    The defaults are those of Mesos: first look after 15 s, every 10 s, three failures in a row end the Run,
    failures within the grace period before the first success do not count.
    """

    kind: CheckKind
    argv: tuple[str, ...] = ()
    scheme: str = "http"
    path: str = "/"
    port: int = 0
    delay: Micros = Micros(15 * SECOND)
    interval: Micros = Micros(10 * SECOND)
    timeout: Micros = Micros(20 * SECOND)
    grace: Micros = Micros(10 * SECOND)
    failures: int = 3


class StatusCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """A periodic look at a Run whose result is told and not judged; durations in microseconds, `timeout` 0 = none.

    The defaults are those of Mesos.
    """

    kind: CheckKind
    argv: tuple[str, ...] = ()
    scheme: str = "http"
    path: str = "/"
    port: int = 0
    delay: Micros = Micros(15 * SECOND)
    interval: Micros = Micros(10 * SECOND)
    timeout: Micros = Micros(20 * SECOND)


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a status check saw: an exit code, an HTTP status, or for a TCP connection 1 when it was made and 0 if not.

    `value` is None as long as there was no look, and when the last one saw nothing in time.
    """

    kind: CheckKind
    value: int | None = None


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a Run may use: cpu weight in thousandths, the rest in bytes or counts; 0 = no limit."""

    cpus: int = 0
    cpu_quota: bool = False
    memory: int = 0
    pids: int = 0
    open_files: int = 0
    disk: int = 0
    output: int = 16 << 20


class Form(StrEnum):
    """What stands behind a Run on its node."""

    PROCESS = "process"
    SCOPE = "scope"
    HOSTED = "hosted"


class RunSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to start.

    `argv` empty is right for scopes and hosted Runs only. `working_directory` empty means the sandbox. `capture` is
    how many bytes of standard output come back with the end of the Run. `payload` is opaque to Portico: what a
    hosted Run's host is given. `hosts` gives the process a socket on which it reports hosted Runs. Without a
    `container` the process runs in the host's own root; with `join_parent` it runs inside the container of its parent.

    `folder_names` are variables that tell the process the node's own path of its sandbox.

    `attach` gives the process `pipes` or a `tty` that others may attach to while it runs, as `node/switchboard` says;
    with `+session` behind, it starts when its session has attached, and is killed when that leaves. `window` is how
    many rows and columns its terminal has, 0 and 0 for what terminals have by themselves.
    """

    form: Form = Form.PROCESS
    argv: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    working_directory: str = ""
    user: str = ""
    umask: int = 0o022
    fetch: tuple[Fetch, ...] = ()
    limits: Limits = Limits()
    check: HealthCheck | None = None
    capture: int = 0
    hosts: bool = False
    payload: bytes = b""
    container: Container | None = None
    rlimits: tuple[Rlimit, ...] = ()
    join_parent: bool = False
    attach: str = ""
    folder_names: tuple[str, ...] = ()
    status_check: StatusCheck | None = None
    window: tuple[int, int] = (0, 0)


class AbsencePolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the absence of its node means for a Run.

    After `patience` without contact the Run becomes UNREACHABLE, or LOST when `lose` is set. On return it is
    readopted, or killed when `readopt` is off. `self_stop` > 0 makes the node stop it after that long without control.
    """

    patience: Micros = Micros(75 * SECOND)
    lose: bool = False
    readopt: bool = True
    self_stop: Micros = Micros(0)


class StopReason(StrEnum):
    """Why a Run was told to stop."""

    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    SCALED_DOWN = "scaled_down"
    OWNER_ENDED = "owner_ended"
    PARENT_ENDED = "parent_ended"
    GANG_BROKEN = "gang_broken"
    PREEMPTED = "preempted"
    DRAINED = "drained"
    HUNG = "hung"
    REPLACED = "replaced"
    KILLED = "killed"
    EVICTED = "evicted"
    STUCK = "stuck"
    UNKNOWN_RUN = "unknown_run"
    SHUTDOWN = "shutdown"


class StopOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """A wish to end a Run: SIGTERM to the group, `grace` later SIGKILL."""

    reason: StopReason
    at: Instant
    grace: Micros
    message: str = ""


class EndCause(StrEnum):
    """What ended a Run, as its node saw it; SWITCHBOARD is what others attach through, which ended before it did."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_DISK = "out_of_disk"
    UNHEALTHY = "unhealthy"
    SWITCHBOARD = "switchboard"
    FETCH_FAILED = "fetch_failed"
    LAUNCH_FAILED = "launch_failed"
    STOPPED = "stopped"
    LOST = "lost"


class Fault(StrEnum):
    """Whose fault it is that a Run could not be started, where its node can tell."""

    REQUEST = "request"
    NODE = "node"


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a Run ended; `output` is the head of its standard output, as much as was asked for.

    `fault` is told of starts that failed only, and of them only where it is certain.
    """

    cause: EndCause
    exit_code: int | None = None
    signal: int | None = None
    message: str = ""
    output: bytes = b""
    peak_memory: int = 0
    cpu_micros: int = 0
    fault: Fault | None = None


class Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    """Allocated Slices and port numbers on one node; it lives in the row of the Run that holds it."""

    node: str
    slices: Slices = ()
    ports: Ports = ()


class Run(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One unit of placed work.

    `job` and `instance` name whose attempt it is, `door` whose work. `parent` shares its node and cgroup and ends
    it; `owner` ends it from any node; runs of one `gang` start together or not at all. `token` fences reports.
    A root that starts together with children states the sum of all their amounts in `tree_amounts`. Lower `priority`
    goes first. A `fixed` Run belongs to the Claim it was created with: a launch that its node refuses is its end.
    `preparing_at` is when its node said that an image or files are being brought, 0 when it had no need to. `address`
    is that of its container's own network, if it has one. `checked` is what its status check saw last.
    """

    id: str
    door: str
    pool: str
    spec: RunSpec
    amounts: dict[str, int]
    created_at: Instant
    state: RunState = RunState.WAITING
    job: str = ""
    instance: str = ""
    parent: str = ""
    owner: str = ""
    host: str = ""
    gang: str = ""
    gang_size: int = 0
    tree_amounts: dict[str, int] = {}
    priority: int = 0
    port_count: int = 0
    hard: tuple[bytes, ...] = ()
    soft: tuple[bytes, ...] = ()
    strategy: str = "pack"
    labels: dict[str, str] = {}
    revocable: bool = False
    preemptible: bool = False
    fixed: bool = False
    grace: Micros = Micros(5 * SECOND)
    timeout: Micros = Micros(0)
    absence: AbsencePolicy = AbsencePolicy()
    token: int = 0
    claim: Claim | None = None
    stop: StopOrder | None = None
    outcome: Outcome | None = None
    healthy: bool | None = None
    address: str = ""
    placed_at: Instant = Instant(0)
    preparing_at: Instant = Instant(0)
    started_at: Instant = Instant(0)
    ended_at: Instant = Instant(0)
    unreachable_at: Instant = Instant(0)
    deadline: Instant = Instant(0)
    checked: CheckResult | None = None

    @property
    def ended(self) -> bool:
        """Tell whether the Run has come to its end."""
        return self.state in RUN_LIFE.final

    @property
    def anchor(self) -> str:
        """Name the Run whose node it must share, or nothing."""
        return self.parent or self.host

    @property
    def node(self) -> str:
        """Name the node that holds its claim, or nothing."""
        return self.claim.node if self.claim is not None else ""


NODE_ABSENT_AFTER = Micros(15 * SECOND)
FORGET_NODE_AFTER = Micros(DAY)
LAUNCH_PATIENCE = Micros(5 * MINUTE)
