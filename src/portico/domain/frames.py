"""The internal protocol between control and its agents and workers: what may be said.

Every frame is one MessagePack map with a `t` tag, preceded on the wire by its length (see `framing`).
An agent's Reports are numbered without gaps within one incarnation; control answers each with an Ack once what it
said is durable, and the agent keeps a report until then. Everything an agent is told may be told twice.
"""

from __future__ import annotations

import msgspec

from portico.domain.identity import Instant, Micros
from portico.domain.resources import Ports
from portico.domain.runs import CheckResult, Outcome, RunSpec, StopOrder


class Frame(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="t", gc=False):
    """Root of all frames."""


# ---- agent to control ------------------------------------------------------------------------------------------


class RunFact(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What an agent has of a Run when it registers; `ended` ones are still to be acknowledged."""

    run: str
    token: int
    running: bool = False
    ended: bool = False


class Register(Frame, frozen=True, tag="register"):
    """First frame of an agent. Amounts in integer thousandths; `incarnation` is new for each data directory of the
    agent and for each boot of the machine, `sequence` the last report number it has used."""

    node: str
    secret: str
    incarnation: str
    boot: str
    amounts: dict[str, int]
    ports: Ports
    attributes: dict[str, str]
    sequence: int
    runs: tuple[RunFact, ...] = ()
    warnings: tuple[str, ...] = ()


class Observation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One fact about a Run: exactly one of preparing, started, health, check, note or outcome is told.

    `preparing` tells that an image or files are being brought, which takes time; it is not told of every launch.

    With `started` comes the `address` of a container that has a network of its own. A `note` is what the host of a
    hosted Run has to say of it, opaque to Portico; `number` is the host's own for it.
    """

    run: str
    token: int
    at: Instant
    pid: int = 0
    address: str = ""
    started: bool = False
    healthy: bool | None = None
    outcome: Outcome | None = None
    refused: str = ""
    note: bytes = b""
    number: int = 0
    preparing: bool = False
    checked: CheckResult | None = None


class Report(Frame, frozen=True, tag="report"):
    """Observations in the order in which they were made."""

    sequence: int
    observations: tuple[Observation, ...]


class Heartbeat(Frame, frozen=True, tag="heartbeat"):
    """A sign of life each few seconds, with the node's load: running count and free sandbox bytes.

    `slack` is what Runs have claimed and did not use when that was last measured, in integer thousandths by kind;
    None while it has not been, or is not to be. What revocable Runs claim and use does not count.
    """

    at: Instant
    runs: int = 0
    disk_free: int = 0
    slack: dict[str, int] | None = None


class Answer(Frame, frozen=True, tag="answer"):
    """The reply to an Inquiry; `error` empty means success. `end` is the size of the file read."""

    request: int
    error: str = ""
    data: bytes = b""
    size: int = 0
    files: tuple[FileFact, ...] = ()
    usage: tuple[Usage, ...] = ()


class FileFact(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One entry of a sandbox listing; `modified` in microseconds since the epoch."""

    path: str
    size: int
    mode: int
    modified: int
    directory: bool = False


class Usage(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a Run uses now: cpu time in microseconds since its start, memory and disk in bytes, processes."""

    run: str
    cpu_micros: int = 0
    memory: int = 0
    peak_memory: int = 0
    disk: int = 0
    pids: int = 0


# ---- control to agent ------------------------------------------------------------------------------------------


class Welcome(Frame, frozen=True, tag="welcome"):
    """Registration is taken. `sequence` is the last report control has; drop those, resend the rest."""

    epoch: int
    sequence: int


class Refused(Frame, frozen=True, tag="refused"):
    """Registration is not taken; the agent says why on its log and tries again later."""

    reason: str


class LaunchOrder(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One Run to start; the same (run, token) twice is one start.

    `adds` tells that its limits are on top of those of the Run it is in, its parent or host; `revocable` that it lives
    on what others have claimed and do not use.
    """

    run: str
    token: int
    spec: RunSpec
    grace: Micros
    ports: Ports = ()
    parent: str = ""
    host: str = ""
    labels: dict[str, str] = {}
    self_stop: Micros = Micros(0)
    adds: bool = False
    revocable: bool = False


class Launch(Frame, frozen=True, tag="launch"):
    """Start these Runs; a tree comes in one frame, parents first."""

    orders: tuple[LaunchOrder, ...]


class Stop(Frame, frozen=True, tag="stop"):
    """End a Run; told again with a shorter grace it may only hasten the end. A Run the agent does not have is
    answered with a LOST outcome."""

    run: str
    token: int
    order: StopOrder


class Ack(Frame, frozen=True, tag="ack"):
    """All reports up to `sequence` are durable; ended Runs among them may be forgotten by the agent's journal."""

    sequence: int


class Message(Frame, frozen=True, tag="message"):
    """Words for the host of hosted Runs, opaque to Portico; lost when it is not there."""

    run: str
    payload: bytes


class Forget(Frame, frozen=True, tag="forget"):
    """The sandboxes of these ended Runs may be removed at once."""

    runs: tuple[str, ...]


class KeepVolumes(Frame, frozen=True, tag="keep_volumes"):
    """The volumes there are, by the folder they lie in (empty: the node's own); others in these folders are removed
    with all they hold."""

    folders: dict[str, tuple[str, ...]]


class Inquiry(Frame, frozen=True, tag="inquiry"):
    """A question about sandboxes or use; `what` is one of list, read, usage. Answered by one Answer."""

    request: int
    what: str
    run: str = ""
    path: str = ""
    offset: int = 0
    length: int = 65536


class Shutdown(Frame, frozen=True, tag="shutdown"):
    """End agent and keeper; stop all Runs first when `stop_runs` is set."""

    stop_runs: bool
    grace: Micros = Micros(5_000_000)


# ---- worker to control and back --------------------------------------------------------------------------------


class WorkerHello(Frame, frozen=True, tag="worker"):
    """First frame of a worker process: the Run it is, its token, and the Calls it still holds or has finished."""

    run: str
    token: int
    fleet: str
    secret: str
    holding: tuple[CallKey, ...] = ()
    running: str = ""


class CallKey(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A leased Call: the lease token fences late answers."""

    call: str
    lease: int


class WorkerReady(Frame, frozen=True, tag="ready"):
    """The worker is taken; it may be sent Calls."""


class Invoke(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One Call to carry out."""

    call: str
    lease: int
    function: str
    arguments: tuple[str, ...] = ()


class Calls(Frame, frozen=True, tag="calls"):
    """Calls for this worker, in the order in which to carry them out.

    All reports up to `acknowledged` are durable; 0 says nothing.
    """

    calls: tuple[Invoke, ...]
    acknowledged: int = 0


class Recall(Frame, frozen=True, tag="recall"):
    """Give back those of these Calls that have not begun."""

    calls: tuple[str, ...]


class CallEnd(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One finished Call; `error` None means success. Times in microseconds since the epoch."""

    call: str
    lease: int
    started_at: Instant
    ended_at: Instant
    results: tuple[str, ...] = ()
    error: str | None = None
    permanent: bool = False


class CallsReport(Frame, frozen=True, tag="calls_report"):
    """What happened since the last frame: at most one begun Call, finished ones, and given back ones.

    Numbered without gaps per connection; control answers with an Ack when durable.
    """

    sequence: int
    begun: tuple[CallKey, ...] = ()
    begun_at: Instant = Instant(0)
    ended: tuple[CallEnd, ...] = ()
    returned: tuple[CallKey, ...] = ()


# ---- outpost to control and back -------------------------------------------------------------------------------


class OutpostHello(Frame, frozen=True, tag="outpost"):
    """First frame of a door's outpost beside a node's agent."""

    door: str
    node: str
    secret: str
    address: str = ""


class OutpostReady(Frame, frozen=True, tag="outpost_ready"):
    """The outpost is taken."""


class Question(Frame, frozen=True, tag="question"):
    """What one side of a door asks the other; the payload is the door's own affair. Answered by one Reply."""

    number: int
    payload: bytes


class Reply(Frame, frozen=True, tag="reply"):
    """The reply to a Question; `error` empty means success, else it begins with the kind of the error."""

    number: int
    payload: bytes = b""
    error: str = ""


FromAgent = Register | Report | Heartbeat | Answer
ToAgent = Welcome | Refused | Launch | Stop | Ack | Forget | KeepVolumes | Message | Inquiry | Shutdown
FromOutpost = OutpostHello | Question | Reply
ToOutpost = OutpostReady | Refused | Question | Reply
FromWorker = WorkerHello | CallsReport
ToWorker = WorkerReady | Refused | Calls | Recall | Ack | Shutdown
