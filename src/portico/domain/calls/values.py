"""What Sessions, Calls and Results are, as the rest of the server is told of them.

Numbers are those of `naming`; a number of 0 means "none". Amounts of time are microseconds.
"""

from __future__ import annotations

import msgspec

from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.domain.identity import Instant, Micros

SMALL = 32 * 1024
"""Bytes up to which the data of a Result lie in the store's rows; more have a file of their own."""


class CallOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a Call is to be carried out, after all merging; a higher `priority` goes first."""

    max_duration: Micros
    max_retries: int
    priority: int
    partition: str
    application_name: str = ""
    application_version: str = ""
    application_namespace: str = ""
    application_service: str = ""
    engine: str = ""
    options: dict[str, str] = {}


class OptionsPatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Options as one message gives them. Empty and 0 inherit, `options` are merged by key, and `priority` counts
    whenever the patch is there at all: 0 too (upstream's rule)."""

    max_duration: Micros = Micros(0)
    max_retries: int = 0
    priority: int = 0
    partition: str = ""
    application_name: str = ""
    application_version: str = ""
    application_namespace: str = ""
    application_service: str = ""
    engine: str = ""
    options: dict[str, str] = {}


class Session(msgspec.Struct, frozen=True):
    """A Session as it stands. `defaults` are what its Calls inherit."""

    number: int
    state: SessionState
    client_submission: bool
    worker_submission: bool
    partitions: tuple[str, ...]
    defaults: CallOptions
    created_at: Instant
    cancelled_at: Instant | None = None
    closed_at: Instant | None = None
    purged_at: Instant | None = None
    deleted_at: Instant | None = None
    duration: Micros | None = None


class Links(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a Call is tied to: Results by number, other Calls by text. Parents begin with the Session's text."""

    outputs: tuple[int, ...] = ()
    dependencies: tuple[int, ...] = ()
    parents: tuple[str, ...] = ()
    retry_of: tuple[str, ...] = ()


class Call(msgspec.Struct, frozen=True):
    """A Call as stored. `id` and `initial` are texts; `created_by` is the text of the Call that made it, or ""."""

    number: int
    id: str
    session: int
    state: CallState
    options: CallOptions
    payload: int
    links: Links
    initial: str
    created_by: str
    created_at: Instant
    pod: str = ""
    host: str = ""
    submitted_at: Instant | None = None
    received_at: Instant | None = None
    acquired_at: Instant | None = None
    fetched_at: Instant | None = None
    started_at: Instant | None = None
    processed_at: Instant | None = None
    ended_at: Instant | None = None
    pod_ttl: Instant | None = None
    error: str | None = None
    """None while it has no output; "" is success."""


class Result(msgspec.Struct, frozen=True, gc=False):
    """A Result as stored. `owner`, `created_by` and `completed_by` are texts of Calls, or ""."""

    number: int
    session: int
    name: str
    state: ResultState
    owner: str
    created_by: str
    completed_by: str
    created_at: Instant
    completed_at: Instant | None
    size: int
    opaque: bytes
    manual_deletion: bool


class Content(msgspec.Struct, frozen=True, gc=False):
    """The data of a Result: `inline` bytes of at most SMALL, or the name of a large object of `size` bytes."""

    size: int
    inline: bytes | None = None
    large: str = ""


class ResultDraft(msgspec.Struct, frozen=True, gc=False):
    """A Result to create; without content it is only promised."""

    name: str = ""
    content: Content | None = None
    manual_deletion: bool = False


class NewResults(msgspec.Struct, frozen=True):
    """Results that were just created: their numbers follow each other from `first` on, their texts stand in `texts`,
    and they are as drafted."""

    session: int
    first: int
    texts: list[str]
    drafts: tuple[ResultDraft, ...]
    created_at: Instant


class CallDraft(msgspec.Struct, frozen=True, gc=False):
    """A Call to create; results by number."""

    payload: int
    outputs: tuple[int, ...]
    dependencies: tuple[int, ...] = ()
    options: OptionsPatch | None = None


class Partition(msgspec.Struct, frozen=True):
    """A queue with the fleet that empties it."""

    id: str
    parents: tuple[str, ...] = ()
    pod_reserved: int = 0
    pod_max: int = 0
    preemption_percentage: int = 0
    priority: int = 1
    configuration: dict[str, str] = {}
