"""What control and its call agents say to each other. A call agent drives one worker of one partition.

Reports are numbered without gaps from 1 within one incarnation of the agent; control answers with an Ack once what a
report said is durable, and the agent tells a report again, over any number of connections, until then. What control
says may be said twice. A lease is a number that fences: whatever is told under an old one changes nothing.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from portico.domain.calls.naming import Kind
from portico.domain.calls.values import CallOptions, Content, OptionsPatch
from portico.domain.frames import Ack, Frame, Refused
from portico.domain.identity import Instant

PART_BYTES = 1 << 20
"""Most bytes of data in one FetchData or StoreData."""


class Lease(msgspec.Struct, frozen=True, gc=False):
    """A Call as given to an agent."""

    call: int
    lease: int


class Verdict(StrEnum):
    """How a leased Call ended."""

    OK = "ok"
    ERROR = "error"
    """The worker answered an error; never tried again."""
    FAILED = "failed"
    """An accident: tried again while retries are left."""
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    DATA_MISSING = "data_missing"
    """What it needs cannot be had any more; never tried again."""


# ---- agent to control ------------------------------------------------------------------------------------------


class AgentHello(Frame, frozen=True, tag="call_agent"):
    """First frame of a call agent. `pod` is unique to this incarnation of it, `host` the name of its machine; `run` and
    `token` say which Run it is, empty for an agent started by hand, which shows the server's secret all the same.

    `holding` are the leases it has and has not reported the end of; `begun` the one that runs, or 0.
    `sequence` is the number of the last report it has made. A `trial` only asks whether such an agent would be taken.
    """

    partition: str
    secret: str
    pod: str
    host: str
    run: str = ""
    token: int = 0
    holding: tuple[Lease, ...] = ()
    begun: int = 0
    sequence: int = 0
    trial: bool = False


class NewResult(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A Result that a worker created."""

    number: int
    name: str = ""
    content: Content | None = None
    manual_deletion: bool = False


class NewCall(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A Call that a worker submitted; results by number."""

    number: int
    payload: int
    outputs: tuple[int, ...] = ()
    dependencies: tuple[int, ...] = ()
    options: OptionsPatch | None = None


class Effects(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a worker did that counts only if it answers ok; carried out in this order, all at once."""

    results: tuple[NewResult, ...] = ()
    data: tuple[tuple[int, Content], ...] = ()
    """Results whose data it has brought: by number."""
    calls: tuple[NewCall, ...] = ()


class CallEnding(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The end of a leased Call; a time of 0 is none. `error` is what clients are told."""

    call: int
    lease: int
    verdict: Verdict
    ended_at: Instant
    fetched_at: Instant = Instant(0)
    started_at: Instant = Instant(0)
    processed_at: Instant = Instant(0)
    error: str = ""
    effects: Effects | None = None


class Begun(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The worker has begun a Call that lasts; of one that is over quickly only the end is told."""

    call: int
    lease: int
    fetched_at: Instant
    started_at: Instant


class AgentReport(Frame, frozen=True, tag="agent_report"):
    """What has happened, in this order: begun, ended, returned. `returned` are leases given back: not tried, even if
    begun (then the agent is shutting down or yielding, and the worker was stopped). `leaving`: the agent ends, and
    is to be given nothing more."""

    sequence: int
    begun: tuple[Begun, ...] = ()
    ended: tuple[CallEnding, ...] = ()
    returned: tuple[Lease, ...] = ()
    leaving: bool = False


class NeedNumbers(Frame, frozen=True, tag="need_numbers"):
    """Ask for numbers of Results or Calls that nobody else will have; answered by Numbers."""

    kind: Kind
    count: int


class FetchData(Frame, frozen=True, tag="fetch_data"):
    """Ask for up to PART_BYTES of a Result's data from an offset on; answered by one Part. The Result must be of the
    session of a Call that this agent holds."""

    request: int
    result: int
    offset: int = 0


class StoreData(Frame, frozen=True, tag="store_data"):
    """A piece of data too large to be told inline: pieces with one `upload` number make one large object. Answered by
    one Stored; the last one names the object. An upload that is not finished is forgotten with the connection."""

    request: int
    upload: int
    data: bytes
    last: bool = False


# ---- control to agent ------------------------------------------------------------------------------------------


class AgentReady(Frame, frozen=True, tag="agent_ready"):
    """The agent is taken. `salt` names things (see `naming`); `sequence` is the last report control has: drop those,
    tell the rest again."""

    salt: str
    sequence: int = 0


class Datum(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A Result that a Call needs; small ones come along, larger ones are to be fetched."""

    number: int
    size: int
    data: bytes | None = None


class SessionFacts(msgspec.Struct, frozen=True, gc=False):
    """What an agent must know of a Session to answer its worker."""

    number: int
    worker_submission: bool
    partitions: tuple[str, ...]
    defaults: CallOptions


class Assignment(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One Call to carry out. `id` is its text, `options` are merged."""

    call: int
    lease: int
    id: str
    session: int
    options: CallOptions
    payload: Datum
    outputs: tuple[int, ...] = ()
    dependencies: tuple[Datum, ...] = ()


class Assign(Frame, frozen=True, tag="assign"):
    """Calls for this agent, in the order in which to carry them out, and the Sessions they belong to."""

    calls: tuple[Assignment, ...]
    sessions: tuple[SessionFacts, ...]


class Withdraw(Frame, frozen=True, tag="withdraw"):
    """Cancel these: begun or not, each is reported as ended with CANCELLED, unless it has ended already."""

    leases: tuple[Lease, ...]


class GiveBack(Frame, frozen=True, tag="give_back"):
    """Return those of these that have not begun."""

    leases: tuple[Lease, ...]


class Retire(Frame, frozen=True, tag="retire"):
    """Take nothing more, stop the worker, return everything, and end."""


class Numbers(Frame, frozen=True, tag="numbers"):
    """Numbers for this agent alone: `count` of them from `first` on."""

    kind: Kind
    first: int
    count: int


class Part(Frame, frozen=True, tag="part"):
    """Data; `error` is empty, or begins with the kind of the error (NotFound)."""

    request: int
    data: bytes = b""
    last: bool = True
    error: str = ""


class Stored(Frame, frozen=True, tag="stored"):
    """A piece is taken; `large` names the whole object after the last one."""

    request: int
    large: str = ""
    error: str = ""


FromCallAgent = AgentHello | AgentReport | NeedNumbers | FetchData | StoreData
ToCallAgent = AgentReady | Refused | Assign | Withdraw | GiveBack | Retire | Numbers | Part | Stored | Ack
