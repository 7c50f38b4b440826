"""What the API has over REST only: capacity groups, the use of resources, the leader, and the server's health.

Promises: an answer has the API's own JSON, an error its own body; nothing is said that is not known.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from portico.domain.errors import PorticoError
from portico.domain.resources import CPUS, DISK, GPUS, MEM, NETWORK, WHOLE, Amounts, total
from portico.doors.titus import errors, groups
from portico.doors.titus.callers import caller_of
from portico.doors.titus.control import Control
from portico.doors.titus.extension.context import duration_text
from portico.doors.titus.extension.group_records import (
    TIERS,
    CapacityGroup,
    DeleteGroup,
    FindGroup,
    GroupView,
    ListGroups,
)
from portico.doors.titus.neighbours.cell import Cell
from portico.doors.titus.rest.gateway import PREFIX, Proven, refusal

CONSUMPTION = "/v2/resource/consumption"
LEADER = "/v2/leader"
STATUS = "/v2/status"
HEALTH = "/health"

Answer = Callable[[Request], Awaitable[Response]]


class Management:
    """The routes; `now` gives milliseconds since the epoch, `ready` whether work is taken."""

    def __init__(
        self,
        control: Control,
        cell: Callable[[], Cell],
        now: Callable[[], int],
        ready: Callable[[], bool],
        proven: Proven,
    ) -> None:
        self._control = control
        self._cell = cell
        self._now = now
        self._ready = ready
        self._proven = proven

    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes to be served, before those of the gateway, which takes every path of the API."""
        table: tuple[tuple[str, str, Answer], ...] = (
            ("GET", PREFIX + groups.PATH, self._list_groups),
            ("POST", PREFIX + groups.PATH, self._create_group),
            ("GET", PREFIX + groups.PATH + "/{name}", self._get_group),
            ("PUT", PREFIX + groups.PATH + "/{name}", self._replace_group),
            ("DELETE", PREFIX + groups.PATH + "/{name}", self._delete_group),
            ("GET", PREFIX + CONSUMPTION, self._consumption),
            ("GET", PREFIX + LEADER, self._leader),
            ("GET", PREFIX + STATUS, self._status),
            ("GET", PREFIX + HEALTH, self._health),
            ("GET", HEALTH, self._health),
        )
        return [Route(path, self._refusing(answer), methods=[method]) for method, path, answer in table]

    def _refusing(self, answer: Answer) -> Answer:
        """Give an endpoint whose errors have the API's body."""

        async def endpoint(request: Request) -> Response:
            try:
                caller_of(request.headers.items(), self._proven(request))
                return await answer(request)
            except PorticoError as error:
                return refusal(request, error)

        return endpoint

    # ---- capacity groups ---------------------------------------------------------------------------------------

    async def _list_groups(self, request: Request) -> Response:
        views: list[GroupView] = await self._control.ask(ListGroups())
        return _json(groups.documents(views, extended=_extended(request)))

    async def _get_group(self, request: Request) -> Response:
        view: GroupView = await self._control.ask(FindGroup(request.path_params["name"]))
        return _json(groups.document(view, extended=_extended(request)))

    async def _create_group(self, request: Request) -> Response:
        command = groups.creation(await _body(request))
        await self._control.submit(command)
        return Response(status_code=201, headers={"Location": f"{PREFIX}{groups.PATH}/{command.group.id}"})

    async def _replace_group(self, request: Request) -> Response:
        await self._control.submit(groups.replacement(request.path_params["name"], await _body(request)))
        return Response(status_code=204)

    async def _delete_group(self, request: Request) -> Response:
        await self._control.submit(DeleteGroup(request.path_params["name"]))
        return Response(status_code=204)

    # ---- resources and server ----------------------------------------------------------------------------------

    async def _consumption(self, _request: Request) -> Response:
        views: list[GroupView] = await self._control.ask(ListGroups())
        return _json(consumption(views))

    async def _leader(self, _request: Request) -> Response:
        cell = self._cell()
        scheme = "https" if cell.secure else "http"
        return _json(
            {
                "hostname": cell.host,
                "hostIP": cell.host,
                "port": cell.http_port,
                "apiStatusUri": f"{scheme}://{cell.host}:{cell.http_port}{PREFIX}{STATUS}",
                "createTime": cell.started_at,
            }
        )

    async def _status(self, _request: Request) -> Response:
        cell = self._cell()
        return _json(
            {
                "leader": True,
                "active": self._ready(),
                "upTime": duration_text(max(0, self._now() - cell.started_at)),
                "electionTimestamp": cell.started_at,
                "activationTimestamp": cell.started_at,
                "activationTime": duration_text(0),
                "serviceActivationTimes": [],
                "serviceActivationOrder": [],
            }
        )

    async def _health(self, _request: Request) -> Response:
        ready = self._ready()
        return _json({"status": "SERVING" if ready else "NOT_SERVING"}, 200 if ready else 503)


def consumption(views: Sequence[GroupView]) -> dict[str, Any]:
    """Write what is used and what was promised: of the system, by tier, and by capacity group."""
    tiers = {}
    for tier in TIERS:
        some = [view for view in views if view.group.tier == tier]
        each = {view.group.id: _consumer(view.group.id, "CapacityGroup", [view]) for view in some}
        tiers[tier] = _consumer(tier, "Tier", some, each)
    return _consumer("system", "System", views, tiers)


def _consumer(
    name: str, level: str, views: Sequence[GroupView], parts: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    used, allowed = total(view.usage for view in views), total(_sized(view.group) for view in views)
    return {
        "consumerName": name,
        "consumptionLevel": level,
        "currentConsumption": _dimension(used),
        "allowedConsumption": _dimension(allowed),
        "attributes": {},
        "contributors": dict(parts or {}),
        "aboveLimit": any(used.get(kind, 0) > amount for kind, amount in allowed.items()),
    }


def _sized(group: CapacityGroup) -> Amounts:
    """Give what a group's own size adds up to, whether or not it is guaranteed."""
    sizes = {CPUS: group.cpus, MEM: group.mem, DISK: group.disk, NETWORK: group.network, GPUS: group.gpus}
    return {kind: amount * group.count for kind, amount in sizes.items()}


def _dimension(amounts: Amounts) -> dict[str, float]:
    return {
        "cpu": amounts.get(CPUS, 0) / WHOLE,
        "gpu": amounts.get(GPUS, 0) // WHOLE,
        "memoryMB": amounts.get(MEM, 0) // WHOLE,
        "diskMB": amounts.get(DISK, 0) // WHOLE,
        "networkMbs": amounts.get(NETWORK, 0) // WHOLE,
    }


def _extended(request: Request) -> bool:
    return request.query_params.get("extended", "false").strip().lower() in ("", "true")


async def _body(request: Request) -> Any:
    try:
        return msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.invalid_argument(f"Invalid JSON: {error}") from error


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
