"""Commands about Runs: look, stop, and read what they wrote."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Annotated, NamedTuple

from cyclopts import Parameter

from portico.cli import rendering, showing, words
from portico.cli.connection import Record, Server
from portico.cli.failures import Misused, Refused
from portico.cli.instances import DEFAULT_NEWEST, Newest
from portico.cli.options import Asked
from portico.cli.resolving import find_run

CHUNK = 1 << 20
LOOK_EVERY_SECONDS = 0.3
TAIL_CHUNK = 64 << 10
LONGEST_LINE = 1 << 20
"""Bytes without a line break that are kept in memory."""
_NOT_YET = frozenset({"unavailable", "not_found"})
"""Codes by which a file is refused that its Run has not made yet."""

RunId = Annotated[
    str,
    Parameter(
        help="Id of a Run, or of an instance whose Run is meant (6 characters of its beginning or end do), "
        "or the name of a Mesos task."
    ),
]


def runs(
    *,
    active: Annotated[bool, Parameter(negative=())] = False,
    instance: str | None = None,
    node: str | None = None,
    state: Annotated[list[str] | None, Parameter(negative=())] = None,
    newest: Newest = DEFAULT_NEWEST,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """List Runs, the newest last.

    Parameters
    ----------
    active
        Only those that have not ended.
    instance
        Only those of this instance.
    node
        Only those on this node.
    state
        Only in this state; may be given several times.
    """
    criteria: dict[str, str | int | list[str]] = {"newest": newest, "state": state or []}
    criteria |= {name: value for name, value in (("instance", instance), ("node", node)) if value is not None}
    if active:
        criteria["active"] = "1"
    with Server(target) as server:
        found = server.get("runs", **criteria)
    if target.json:
        rendering.objects(found)
        return
    now = words.present()
    rendering.table(showing.RUNS, (showing.run_row(record, now) for record in found), "no Runs")


def run(id: RunId, /, *, target: Asked = Asked()) -> None:  # noqa: A002, B008 — the interface's word; a frozen value
    """Show one Run in full."""
    with Server(target) as server:
        record = find_run(server, id)
    if target.json:
        rendering.objects([record])
        return
    rendering.facts(showing.run_facts(record, words.present()))


def stop(
    run: RunId,
    /,
    *,
    grace: Annotated[float | None, Parameter(help="Seconds from SIGTERM to SIGKILL; the Run's own by default.")] = None,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """Stop one Run; its instance may be tried again."""
    with Server(target) as server:
        found = find_run(server, run)
        stopped = server.post("runs", found["id"], "stop", body={"grace_seconds": grace})
    if target.json:
        rendering.objects([stopped])
        return
    rendering.facts([("id", stopped["id"]), ("state", rendering.state(stopped["state"])), ("stop", "is on its way")])


def files(
    run: RunId,
    path: Annotated[str, Parameter(help="A directory in the sandbox.")] = "",
    /,
    *,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """List the files in a Run's sandbox."""
    with Server(target) as server:
        found = server.get("runs", find_run(server, run)["id"], "files", path=path)
    if target.json:
        rendering.objects(_file_object(record) for record in found)
        return
    now = words.present()
    rendering.table(showing.FILES, (showing.file_row(record, now) for record in found), "no files")


def _file_object(record: Record) -> Record:
    state = "directory" if record["directory"] else "file"
    return record | {"id": record["path"], "state": state, "created_at": record["modified_at"]}


def logs(
    run: RunId,
    /,
    *,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"], negative=())] = False,
    stderr: Annotated[bool, Parameter(negative=())] = False,
    tail: int | None = None,
    target: Asked = Asked(),  # noqa: B008 — a frozen value
) -> None:
    """Print what a Run has written, byte for byte; with --json, an object for each line of it.

    Parameters
    ----------
    follow
        Go on until the Run has ended and everything is printed.
    stderr
        Its stderr instead of its stdout.
    tail
        Begin with the last so many lines.
    """
    if tail is not None and tail < 0:
        raise Misused("--tail starts at 0")
    path = "stderr" if stderr else "stdout"
    with Server(target) as server:
        found = find_run(server, run, wait=follow)
        begin = 0 if tail is None else _tail_offset(server, found["id"], path, tail)
        output = _output(server, found["id"], path, begin, follow=follow)
        if target.json:
            for lines in _lines(output):
                rendering.objects(_line_object(found, path, line) for line in lines)
            return
        for data in output:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()


def _line_object(run: Record, path: str, line: bytes) -> Record:
    told = {name: run[name] for name in ("id", "door", "state", "created_at")}
    return told | {"file": path, "line": line.decode(errors="replace")}


def _lines(pieces: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Cut output into lines, as many at a time as have come; what is too long for one counts as several."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > LONGEST_LINE:
            whole, rest = [*whole, rest], b""
        yield whole
    yield [rest] if rest else []


def _output(server: Server, run: str, path: str, offset: int, *, follow: bool) -> Iterator[bytes]:
    """Give what a file holds from an offset on; with `follow`, until its Run has ended.

    Whether the Run has ended is asked before the last look at the file, so that nothing written before is missed.
    """
    while True:
        ended = not follow or server.get("runs", run)["state"] in words.RUN_ENDED
        try:
            for data in _rest(server, run, path, offset):
                offset = data.end
                yield data.data
        except Refused as error:
            if ended or error.kind not in _NOT_YET:
                raise
        if ended:
            return
        time.sleep(LOOK_EVERY_SECONDS)


class _Piece(NamedTuple):
    data: bytes
    end: int


def _rest(server: Server, run: str, path: str, offset: int) -> Iterator[_Piece]:
    """Give what a file holds from an offset on, now."""
    data, size = server.read(run, path, offset, CHUNK)
    if size < offset:  # the file was rotated: all that is in it is new
        offset = 0
        data, size = server.read(run, path, offset, CHUNK)
    while data:
        offset += len(data)
        yield _Piece(data, offset)
        if offset >= size:
            return
        data, size = server.read(run, path, offset, CHUNK)


def _tail_offset(server: Server, run: str, path: str, lines: int) -> int:
    """Find where the last so many lines begin."""
    _, end = server.read(run, path, -1, 0)
    offset, breaks = end, lines
    while offset > 0 and lines > 0:
        begin = max(offset - TAIL_CHUNK, 0)
        data, _ = server.read(run, path, begin, offset - begin)
        if offset == end and data.endswith(b"\n"):
            breaks += 1  # the last line's own end
        found = data.count(b"\n")
        if found >= breaks:
            position = len(data)
            for _ in range(breaks):
                position = data.rfind(b"\n", 0, position)
            return begin + position + 1
        breaks -= found
        offset = begin
    return offset
