"""The older JSON endpoints of the master, as living tools read them, and what they write through them.

Every path answers below `/master` too, and the ones of old with `.json` behind. Promises: what is told is what the
operator API tells at the same moment.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl, quote

import msgspec
from google.protobuf.message import Message

from portico.control.commands import Command
from portico.domain.errors import Invalid, NotFound
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.extension import operator_commands
from portico.doors.mesos.extension.commands import Teardown
from portico.doors.mesos.operator.calls import OperatorService
from portico.doors.mesos.operator.files import LAST_OFFSET, LOG, Entry
from portico.doors.mesos.outbound import rules
from portico.doors.mesos.outbound.state import View
from portico.doors.mesos.serving.endpoints import GET, POST, Endpoint, Handler
from portico.doors.mesos.serving.exchange import OK, Refused, Reply, Request
from portico.doors.mesos.v0 import documents
from portico.doors.mesos.v0.documents import TaskQuery
from portico.wire.mesos import maintenance_pb2, quota_pb2
from portico.wire.mesos import mesos_pb2 as pb

M = TypeVar("M", bound=Message)

JSON = Encoding.JSON.value
READ_REALM = "mesos-master-readonly"
WRITE_REALM = "mesos-master-readwrite"
OCTETS = "application/octet-stream"
DOWNLOAD_PIECE = 65_536
MOST_DOWNLOAD = 64 << 20
"""Bytes of a file that one download gives; longer ones are read in parts."""

_encode = msgspec.json.Encoder().encode
_DURATION = re.compile(r"\d+(\.\d+)?(ns|us|ms|secs|mins|hrs|days|weeks)")


class OldEndpoints:
    """The endpoints over one OperatorService."""

    def __init__(self, service: OperatorService) -> None:
        self._service = service

    def endpoints(self) -> list[Endpoint]:
        """Give the paths."""
        readers: dict[str, Handler] = {
            "state": self.state,
            "state.json": self.state,
            "state-summary": self.summary,
            "slaves": self.slaves,
            "tasks": self.tasks,
            "tasks.json": self.tasks,
            "frameworks": self.frameworks,
            "roles": self.roles,
            "roles.json": self.roles,
            "flags": self.flags,
            "health": self.health,
            "redirect": self.redirect,
            "maintenance/status": self.maintenance_status,
        }
        both: dict[str, tuple[Handler, Handler, str]] = {
            "quota": (self.quota, self.change_quota, "POST"),
            "weights": (self.weights, self.update_weights, "PUT"),
            "maintenance/schedule": (self.maintenance_schedule, self.update_schedule, "POST"),
        }
        writers: dict[str, Handler] = {
            "teardown": self.teardown,
            "machine/down": self.machines_down,
            "machine/up": self.machines_up,
        }
        found = [
            Endpoint("/version", self.version, methods=GET, realm=READ_REALM),
            Endpoint("/metrics/snapshot", self.metrics, methods=GET, realm=READ_REALM),
        ]
        for root in ("", "/master"):
            found += [Endpoint(f"{root}/{name}", one, methods=GET, realm=READ_REALM) for name, one in readers.items()]
            found += [Endpoint(f"{root}/{name}", one, methods=POST, realm=WRITE_REALM) for name, one in writers.items()]
            for name, (read, write, method) in both.items():
                methods = GET | {method} | ({"DELETE"} if name == "quota" else set())
                found.append(Endpoint(f"{root}/{name}", self._either(read, write), methods=methods, realm=WRITE_REALM))
        files = {"browse": self.browse, "read": self.read, "download": self.download, "debug": self.places}
        for name, handler in files.items():
            found += [Endpoint(f"/files/{name}{end}", handler, methods=GET, realm=READ_REALM) for end in ("", ".json")]
        return found

    def _either(self, read: Handler, write: Handler) -> Handler:
        async def answer(request: Request) -> Reply:
            return await (read if request.method in GET else write)(request)

        return answer

    # ---- the server itself -------------------------------------------------------------------------------------

    async def version(self, _request: Request) -> Reply:
        """Tell the version."""
        return _json(documents.version(self._service.facts))

    async def health(self, _request: Request) -> Reply:
        """Say that this server answers."""
        return OK

    async def flags(self, _request: Request) -> Reply:
        """Tell how the server was started."""
        return _json(_encode({"flags": dict(self._service.facts.flags)}))

    async def redirect(self, _request: Request) -> Reply:
        """Name the leading master."""
        place = self._service.standing.place
        return Reply(307, headers=((b"location", f"//{place.hostname}:{place.port}".encode()),))

    async def metrics(self, request: Request) -> Reply:
        """Tell the figures."""
        timeout = request.parameters.get("timeout")
        if timeout is not None and not _DURATION.fullmatch(timeout):
            raise Refused(400, f"Unable to parse timeout '{timeout}'")
        return _json(_encode(await self._service.measures()))

    # ---- what is on the cluster --------------------------------------------------------------------------------

    async def state(self, _request: Request) -> Reply:
        """Tell everything."""
        return await self._written(lambda view: documents.state(view, self._service.facts))

    async def summary(self, _request: Request) -> Reply:
        """Tell counts."""
        return await self._written(lambda view: documents.summary(view, self._service.facts))

    async def slaves(self, request: Request) -> Reply:
        """Tell the agents."""
        identity = request.parameters.get("slave_id", "")
        return await self._written(lambda view: documents.slaves(view, identity), past=False)

    async def frameworks(self, request: Request) -> Reply:
        """Tell the frameworks."""
        identity = request.parameters.get("framework_id", "")
        return await self._written(lambda view: documents.frameworks(view, identity))

    async def tasks(self, request: Request) -> Reply:
        """Tell some tasks."""
        said = request.parameters
        query = TaskQuery(
            limit=_whole(said, "limit", documents.MOST_TASKS),
            offset=_whole(said, "offset", 0),
            newest_first=said.get("order") != "asc",
            task=said.get("task_id", ""),
            framework=said.get("framework_id", ""),
        )
        return await self._written(lambda view: documents.tasks(view, query))

    async def roles(self, _request: Request) -> Reply:
        """Tell the roles."""
        return await self._written(documents.roles, past=False)

    async def _written(self, compose: Callable[[View], bytes], *, past: bool = True) -> Reply:
        return _json(await self._service.looking.write(compose, past=past))

    # ---- files -------------------------------------------------------------------------------------------------

    async def browse(self, request: Request) -> Reply:
        """List a directory."""
        entries = await self._service.files.browse(request.parameters.get("path", ""))
        return _json(_encode([_listed(entry) for entry in entries]))

    async def read(self, request: Request) -> Reply:
        """Give part of a file as text; bytes that are none are told as such."""
        said = request.parameters
        offset = _whole(said, "offset", -1, least=-1)
        length = _whole(said, "length", -1, least=-1)
        found = await self._service.files.read(said.get("path", ""), offset, length if length >= 0 else None)
        data = found.data.decode("utf-8", "replace")
        return _json(_encode({"data": data, "offset": offset if offset >= 0 else found.size}))

    async def download(self, request: Request) -> Reply:
        """Give a file."""
        path = request.parameters.get("path", "")
        pieces: list[bytes] = []
        total = 0
        while total < MOST_DOWNLOAD:
            found = await self._service.files.read(path, total, DOWNLOAD_PIECE)
            if not found.data:
                break
            pieces.append(found.data)
            total += len(found.data)
        else:
            raise Refused(413, f"'{path}' has more than {MOST_DOWNLOAD} bytes; read it in parts with /files/read")
        named = f"attachment; filename*=UTF-8''{quote(path.rstrip('/').rpartition('/')[2])}"
        return Reply(200, b"".join(pieces), OCTETS, ((b"content-disposition", named.encode()),))

    async def places(self, _request: Request) -> Reply:
        """Tell the places that are known without asking a node: the log."""
        return _json(_encode({LOG: LOG}))

    # ---- how it is shared out ----------------------------------------------------------------------------------

    async def quota(self, _request: Request) -> Reply:
        """Tell the quotas."""
        return await self._written(lambda view: jsonpb.encode(rules.quota_status(view.snapshot)), past=False)

    async def change_quota(self, request: Request) -> Reply:
        """Set a quota, or remove that of the role in the path."""
        if request.method == "DELETE":
            role = request.path.rstrip("/").rpartition("/quota/")[2] if "/quota/" in request.path else ""
            return await self._submit(operator_commands.RemoveQuota(role))
        wanted = _message(request, quota_pb2.QuotaRequest)
        return await self._submit(operator_commands.SetQuota(wanted, request.principal or ""))

    async def weights(self, _request: Request) -> Reply:
        """Tell the weights."""

        def compose(view: View) -> bytes:
            return b"[%b]" % b",".join(jsonpb.encode(info) for info in rules.weights(view.snapshot))

        return await self._written(compose, past=False)

    async def update_weights(self, request: Request) -> Reply:
        """Set weights."""
        plain = _plain(request)
        if not isinstance(plain, list):
            raise Refused(400, "Failed to parse update weights request JSON: expecting an array")
        infos = tuple(_convert(pb.WeightInfo, one) for one in plain)
        return await self._submit(operator_commands.UpdateWeights(infos))

    # ---- maintenance -------------------------------------------------------------------------------------------

    async def maintenance_schedule(self, _request: Request) -> Reply:
        """Tell the schedule."""
        return await self._written(lambda view: jsonpb.encode(rules.schedule(view.snapshot)), past=False)

    async def maintenance_status(self, _request: Request) -> Reply:
        """Tell which machines go down and are down."""
        return await self._written(lambda view: jsonpb.encode(rules.cluster_status(view.snapshot)), past=False)

    async def update_schedule(self, request: Request) -> Reply:
        """Replace the schedule."""
        return await self._submit(operator_commands.UpdateSchedule(_message(request, maintenance_pb2.Schedule)))

    async def machines_down(self, request: Request) -> Reply:
        """Take machines down."""
        return await self._submit(operator_commands.StartMaintenance(_machines(request)))

    async def machines_up(self, request: Request) -> Reply:
        """Bring machines up."""
        return await self._submit(operator_commands.StopMaintenance(_machines(request)))

    async def teardown(self, request: Request) -> Reply:
        """Remove a framework."""
        said = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        framework = said.get("frameworkId")
        if not framework:
            raise Refused(400, "Missing 'frameworkId' query parameter")
        try:
            return await self._submit(Teardown(framework))
        except NotFound as error:
            raise Refused(400, str(error)) from None

    async def _submit(self, command: Command) -> Reply:
        await self._service.control.submit(command)
        return OK


def _json(body: bytes) -> Reply:
    return Reply(200, body, JSON)


def _whole(said: dict[str, str], name: str, default: int, *, least: int = 0) -> int:
    text = said.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        raise Refused(400, f"Failed to parse {name}: '{text}' is not a number") from None
    if not least <= value <= LAST_OFFSET:
        raise Refused(400, f"Failed to parse {name}: '{text}' is too {'small' if value < least else 'large'}")
    return value


def _listed(entry: Entry) -> dict[str, object]:
    return {
        "path": entry.path,
        "size": entry.size,
        "mode": stat.filemode(entry.mode),
        "mtime": entry.modified / 1_000_000,
        "nlink": 1,
        "uid": entry.user,
        "gid": entry.user,
    }


def _plain(request: Request) -> object:
    try:
        return jsonpb.parse(request.body)
    except Invalid as error:
        raise Refused(400, f"Failed to parse request JSON: {error}") from None


def _convert(type_: type[M], plain: object) -> M:
    try:
        return jsonpb.from_plain(type_, plain)
    except Invalid as error:
        raise Refused(400, f"Failed to convert JSON to protobuf: {error}") from None


def _machines(request: Request) -> tuple[pb.MachineID, ...]:
    plain = _plain(request)
    if not isinstance(plain, list):
        raise Refused(400, "Failed to convert JSON to protobuf: expecting an array of machines")
    return tuple(_convert(pb.MachineID, one) for one in plain)


def _message(request: Request, type_: type[M]) -> M:
    return _convert(type_, _plain(request))
