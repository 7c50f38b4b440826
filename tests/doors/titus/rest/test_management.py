"""What the API has over REST only, on a real plane."""

from __future__ import annotations

import asyncio

import httpx
from doors.titus.extension.stage import service
from doors.titus.neighbours.neighbour_stage import NeighbourStage
from starlette.applications import Starlette

from portico.doors.titus.extension.group_records import CapacityGroup, GroupView
from portico.doors.titus.neighbours.cell import Cell
from portico.doors.titus.rest.gateway import Gateway
from portico.doors.titus.rest.management import Management, consumption

CELL = Cell(name="c", stack="", member="m", host="h", grpc_port=1, http_port=2, started_at=1_000)
GROUPS = "/api/v2/management/applications"
FAST = {
    "appName": "fast",
    "tier": "Critical",
    "instanceCPU": 2,
    "instanceMemoryMB": 1024,
    "instanceDiskMB": 10_000,
    "instanceNetworkMbs": 128,
    "instanceCount": 3,
}


def nobody(_request):
    return ""


class Bench:
    def __init__(self):
        self.stage = NeighbourStage()
        self.ready = True
        management = Management(self.stage.plane, lambda: CELL, lambda: 62_000, lambda: self.ready, nobody)
        gateway = Gateway({}, lambda service, rpc: None, nobody)
        self.app = Starlette(routes=[*management.routes(), *gateway.routes()])

    async def ask(self, verb, path, **more):
        async def once():
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://titus") as client:
                return await client.request(verb, path, **more)

        return await self.stage.finish(once())


def test_capacity_groups_come_change_and_go():
    async def play():
        bench = Bench()
        made = await bench.ask("POST", GROUPS, json=FAST)
        assert (made.status_code, made.content, made.headers["location"]) == (201, b"", f"{GROUPS}/fast")
        assert (await bench.ask("POST", GROUPS, json=FAST)).status_code == 409
        listed = await bench.ask("GET", GROUPS)
        assert [group["appName"] for group in listed.json()] == ["DEFAULT", "fast"]
        changed = await bench.ask("PUT", f"{GROUPS}/fast", json={**FAST, "instanceCount": 5})
        assert (changed.status_code, changed.content) == (204, b"")
        found = await bench.ask("GET", f"{GROUPS}/fast")
        assert (found.status_code, found.json()["instanceCount"]) == (200, 5)
        assert "reservationUsage" not in found.json()
        assert "reservationUsage" in (await bench.ask("GET", f"{GROUPS}/fast?extended=true")).json()
        assert (await bench.ask("DELETE", f"{GROUPS}/fast")).status_code == 204

    asyncio.run(play())


def test_refusals_have_the_api_s_body():
    async def play():
        bench = Bench()
        for verb, path, body, status in (
            ("GET", "/fast", None, 404),
            ("PUT", "/fast", FAST, 404),
            ("DELETE", "/fast", None, 404),
            ("DELETE", "/DEFAULT", None, 400),
            ("POST", "", {**FAST, "instanceCPU": 0}, 400),
            ("POST", "", {**FAST, "colour": 1}, 400),
            ("POST", "", [], 400),
            ("PUT", "/other", FAST, 400),
        ):
            answer = await bench.ask(verb, GROUPS + path, json=body)
            assert answer.status_code == answer.json()["statusCode"] == status
        for body in (b"{", b"\xff", b"[" * 100_000):
            assert (await bench.ask("POST", GROUPS, content=body)).status_code == 400
        told = await bench.ask("POST", GROUPS + "?debug=true", json={**FAST, "instanceCount": 0})
        assert "instanceCount" in told.json()["errorContext"]["constraintViolations"]

    asyncio.run(play())


def test_what_is_used_is_told_by_tier_and_group():
    async def play():
        bench = Bench()
        await bench.ask("POST", GROUPS, json=FAST)
        await bench.stage.node()
        descriptor = service(2)
        descriptor.capacityGroup = "fast"
        await bench.stage.create(descriptor)
        told = (await bench.ask("GET", "/api/v2/resource/consumption")).json()
        assert told["consumptionLevel"] == "System"
        assert told["currentConsumption"]["cpu"] == 2
        group = told["contributors"]["Critical"]["contributors"]["fast"]
        assert group["currentConsumption"]["memoryMB"] == 1_024
        assert group["allowedConsumption"]["cpu"] == 6
        assert told["contributors"]["Flex"]["currentConsumption"]["cpu"] == 0

    asyncio.run(play())


def test_more_than_its_size_is_above_the_limit():
    small = CapacityGroup(id="small", count=1)
    told = consumption([GroupView(small, {"cpus": 2_000})])
    assert told["contributors"]["Flex"]["contributors"]["small"]["aboveLimit"]
    assert not consumption([GroupView(small, {"cpus": 1_000})])["aboveLimit"]


def test_leader_status_and_health():
    async def play():
        bench = Bench()
        leader = (await bench.ask("GET", "/api/v2/leader")).json()
        assert (leader["hostname"], leader["port"], leader["createTime"]) == ("h", 2, 1_000)
        assert leader["apiStatusUri"] == "http://h:2/api/v2/status"
        status = (await bench.ask("GET", "/api/v2/status")).json()
        assert (status["leader"], status["active"], status["upTime"]) == (True, True, "1min 1s")
        assert (await bench.ask("GET", "/health")).json() == {"status": "SERVING"}
        bench.ready = False
        assert (await bench.ask("GET", "/api/health")).status_code == 503
        assert (await bench.ask("GET", "/api/v2/nothing")).status_code == 404

    asyncio.run(play())
