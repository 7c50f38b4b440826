"""What doors may ask the calls core to do; plain values. Ids are texts, as clients have them.

Errors, for all: an unknown Session is NotFound("Session was not found: <id>"), an unknown Result
NotFound("Result was not found: <id>"); see each for more.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from portico.control.commands import Command
from portico.domain.calls.values import CallOptions, Content, OptionsPatch, ResultDraft


class CreateSession(Command, frozen=True):
    """Begin a Session; answered by the `Session`. Partitions must exist and be distinct; none is the default one."""

    partitions: tuple[str, ...]
    defaults: CallOptions


class SessionChange(StrEnum):
    """What can be done to a Session as a whole."""

    PAUSE = "pause"
    RESUME = "resume"
    CLOSE = "close"
    CANCEL = "cancel"
    PURGE = "purge"
    DELETE = "delete"


class ChangeSession(Command, frozen=True):
    """Move a Session on; answered by the `Session`. Conflict("The session transition is invalid: ...").

    DELETE of an unknown one answers a `Session` that says DELETED.
    """

    session: str
    change: SessionChange


class StopSubmission(Command, frozen=True):
    """Take no more Calls from clients, workers, or both; answered by the `Session`."""

    session: str
    client: bool = False
    worker: bool = False


class CreateResults(Command, frozen=True):
    """Add Results to a Session, whatever its state but DELETED; answered by `NewResults`."""

    session: str
    drafts: tuple[ResultDraft, ...]


class PutContent(Command, frozen=True):
    """Give a Result its data; whatever its state was, it is COMPLETED then. Answered by the `Result`."""

    session: str
    result: str
    content: Content


class ImportData(Command, frozen=True):
    """Give Results data that lie in the object store, by opaque id; answered by a list of `Result`.

    NotFound for an opaque id that is not there, Conflict for a Result that is not CREATED; all or nothing.
    """

    session: str
    pairs: tuple[tuple[str, bytes], ...]


class DeleteData(Command, frozen=True):
    """Let go of the data of Results, but for those marked for manual deletion; unknown ids are passed over, that of the
    Session too."""

    session: str
    results: tuple[str, ...]


class CallRequest(msgspec.Struct, frozen=True, gc=False):
    """A Call as a client asks for it; results are texts."""

    payload: str
    outputs: tuple[str, ...]
    dependencies: tuple[str, ...] = ()
    options: OptionsPatch | None = None


class SubmitCalls(Command, frozen=True):
    """Add Calls to a Session, all or none; answered by a list of their ids (texts), in order.

    Checked in this order: Session NotFound; a merged partition that is not the Session's is Invalid; a priority above
    100 is Invalid("Max priority is 100"); submission closed is Conflict("Submission for the session is closed: Client
    submission is closed"); a payload or dependency that does not exist is NotFound("Result was not found: ..."), one
    that is ABORTED or DELETED a Conflict("Result status is invalid: ..."); an output that does not exist NotFound.
    """

    session: str
    calls: tuple[CallRequest, ...]
    options: OptionsPatch | None = None


class CancelCalls(Command, frozen=True):
    """Cancel Calls that are not final; unknown ids are passed over. Answered by the list of the ids that are known."""

    calls: tuple[str, ...]
