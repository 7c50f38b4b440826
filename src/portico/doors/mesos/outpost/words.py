"""What the door's two sides say to each other in the payload of Questions and Replies: MessagePack with a tag.

Serialized messages of the API travel as bytes. Promises: every word may be said twice.
"""

from __future__ import annotations

import msgspec

from portico.domain.errors import Invalid
from portico.domain.frames import FileFact, Usage
from portico.domain.identity import Instant


class Word(msgspec.Struct, frozen=True, omit_defaults=True, tag=True):
    """Root of all words."""


# ---- the outpost asks ------------------------------------------------------------------------------------------


class FindExecutor(Word, frozen=True):
    """Who is this executor? `subscribing` notes that it has subscribed. Answered by ExecutorFacts; raises NotFound."""

    framework: str
    executor: str
    subscribing: bool = False


class ExecutorFacts(Word, frozen=True):
    """An executor of this node; `token` lets the outpost speak for its Run at the agent's host socket.

    `leaving` tells that it, or its framework, is being shut down: it is to be told so and nothing else. `registered`
    tells that it had subscribed before it was asked for now.
    """

    run: str
    token: int
    agent: str
    executor_info: bytes
    framework_info: bytes
    agent_info: bytes
    checkpoint: bool = False
    leaving: bool = False
    registered: bool = False


class SaidToScheduler(Word, frozen=True):
    """A message from an executor to its scheduler, best effort. Answered by Done."""

    run: str
    data: bytes


class TellState(Word, frozen=True):
    """What is on this node? Answered by AgentState."""


class ContainerFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """A container of this node: an executor, a command task, a task of a group or a nested container.

    `parent` is the container it is nested in. `name` is what it was called by whoever nested it. `address` is the ip by
    which it is reached: its own, or its agent's.
    """

    run: str
    framework: str
    executor: str
    name: str = ""
    parent: str = ""
    task: str = ""
    pid: int = 0
    started_at: Instant = Instant(0)
    info: bytes = b""
    address: str = ""


class ExecutorEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """An ExecutorInfo with its framework and Run."""

    run: str
    framework: str
    info: bytes
    ended: bool = False


class TaskEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Task message, and which list of GET_TASKS it belongs in: queued, launched, terminated or completed."""

    kind: str
    task: bytes


class AgentState(Word, frozen=True):
    """Everything on a node; frameworks are FrameworkInfo messages."""

    agent: str
    agent_info: bytes
    frameworks: tuple[bytes, ...] = ()
    completed_frameworks: tuple[bytes, ...] = ()
    executors: tuple[ExecutorEntry, ...] = ()
    tasks: tuple[TaskEntry, ...] = ()
    containers: tuple[ContainerFact, ...] = ()


class TellUsage(Word, frozen=True):
    """What do this node's Runs use? Answered by Usages."""


class Usages(Word, frozen=True):
    """What each Run uses now."""

    usages: tuple[Usage, ...] = ()


class BrowseFiles(Word, frozen=True):
    """List a directory of a Run's sandbox. Answered by Files."""

    run: str
    path: str = ""


class Files(Word, frozen=True):
    """A directory."""

    files: tuple[FileFact, ...] = ()


class ReadFiles(Word, frozen=True):
    """Read a range of a file of a Run's sandbox; offset -1 asks for the size only. Answered by Bytes."""

    run: str
    path: str
    offset: int = 0
    length: int = 65536


class Bytes(Word, frozen=True):
    """A range of a file, and the size of the whole."""

    data: bytes = b""
    size: int = 0


class Nest(Word, frozen=True):
    """Start a container inside another; `parent` is the Run of that, `name` the last part of its id.

    `command` and `container` are CommandInfo and ContainerInfo, empty where not given; `attach` asks for pipes or a
    terminal to attach to. Answered by Nested once it has started or failed to; raises NotFound, Invalid, Conflict.
    """

    parent: str
    name: str
    command: bytes = b""
    container: bytes = b""
    attach: bool = False


class Nested(Word, frozen=True):
    """The Run that a nested container is; `problem` is why it did not start."""

    run: str
    problem: str = ""


class AwaitEnd(Word, frozen=True):
    """Wait for the end of a nested container, at most `seconds`. Answered by Ended; raises NotFound."""

    run: str
    seconds: float = 20.0


class Ended(Word, frozen=True):
    """How a Run ended, as a raw wait status; `over` False: it goes on, ask again. None: nobody knows."""

    over: bool
    status: int | None = None


class Kill(Word, frozen=True):
    """Kill a nested container at once. Answered by Done; raises NotFound."""

    run: str


class Done(Word, frozen=True):
    """It is done."""


# ---- control asks ----------------------------------------------------------------------------------------------


class TellExecutor(Word, frozen=True):
    """A message from the scheduler to an executor, best effort. Answered by Done."""

    run: str
    data: bytes


class ShutDownExecutor(Word, frozen=True):
    """Tell an executor to shut down; if it does not, control ends its Run. Answered by Done."""

    run: str


# ---- labels of hosted Runs -------------------------------------------------------------------------------------

GROUP_LABEL = "mesos.group"
"""A label of the Runs of a task group for a custom executor: a name of the group's own, a slash, how many they are."""


# ---- notes of hosted Runs --------------------------------------------------------------------------------------

StatusNote = bytes
"""A note of a hosted Run is the serialized TaskStatus that the executor sent, with its uuid."""

_ASKED = (
    FindExecutor
    | SaidToScheduler
    | TellState
    | TellUsage
    | BrowseFiles
    | ReadFiles
    | Nest
    | AwaitEnd
    | Kill
    | TellExecutor
    | ShutDownExecutor
)
_ANSWERS = ExecutorFacts | AgentState | Usages | Files | Bytes | Nested | Ended | Done

_encoder = msgspec.msgpack.Encoder()
_questions = msgspec.msgpack.Decoder(_ASKED)
_answers = msgspec.msgpack.Decoder(_ANSWERS)


def encode(word: Word) -> bytes:
    """Give a word's bytes."""
    return _encoder.encode(word)


def question(payload: bytes) -> Word:
    """Read a question; raises Invalid."""
    try:
        word: Word = _questions.decode(payload)
    except msgspec.DecodeError as error:
        raise Invalid(f"not a question: {error}") from error
    return word


def answer(payload: bytes) -> Word:
    """Read an answer; raises Invalid."""
    try:
        word: Word = _answers.decode(payload)
    except msgspec.DecodeError as error:
        raise Invalid(f"not an answer: {error}") from error
    return word
