"""The HTTP server on real sockets: base routes, guards, errors, limits and the way it stops."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import structlog.testing
from serving import certificates
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Mount, Route

from portico.domain.errors import (
    AlreadyExists,
    Compacted,
    Conflict,
    Exhausted,
    Forbidden,
    IllegalTransition,
    Invalid,
    NotFound,
    Unavailable,
)
from portico.serving import request_context
from portico.serving.addresses import Address
from portico.serving.http_app import HttpRoutes, build_app
from portico.serving.http_guards import GuardSettings
from portico.serving.http_server import HttpServer, HttpSettings
from portico.serving.metrics import Metrics

LOOPBACK = Address("127.0.0.1", 0)


class Site:
    """Routes that tests steer."""

    def __init__(self) -> None:
        self.raises: Exception | None = None
        self.reasons: list[str] = []
        self.entered = asyncio.Event()
        self.release = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def put(self, request):
        if self.raises is not None:
            raise self.raises
        body = await request.body()
        return JSONResponse({"bytes": len(body), "id": request_context.current().request_id})

    async def slow(self, request):
        self.entered.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return JSONResponse({})

    async def events(self, request):
        async def lines():
            yield b"first\n"
            self.entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.set()

        return StreamingResponse(lines())

    async def breaks(self, request):
        async def lines():
            yield b"first\n"
            raise RuntimeError("secret")

        return StreamingResponse(lines())

    def routes(self) -> HttpRoutes:
        routes = [
            Route("/put", self.put, methods=["GET", "POST"]),
            Route("/slow", self.slow),
            Route("/events", self.events),
            Route("/breaks", self.breaks),
        ]
        return HttpRoutes((Mount("/x", routes=routes),), endless=frozenset({"/x/events"}))


class At:
    def __init__(self, server, address, client, metrics):
        self.server, self.address, self.client, self.metrics = server, address, client, metrics


@asynccontextmanager
async def serving(
    site: Site, guards: GuardSettings | None = None, settings: HttpSettings | None = None
) -> AsyncIterator[At]:
    metrics = Metrics()
    app = build_app(metrics, lambda: site.reasons, [site.routes()], guards or GuardSettings())
    server = HttpServer(app, settings)
    (address,) = await server.start([LOOPBACK])
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run())
        try:
            async with httpx.AsyncClient(base_url=f"http://{address}", timeout=10) as client:
                yield At(server, address, client, metrics)
        finally:
            await server.stop(0)


def test_base_routes_tell_of_the_process_readiness_and_figures():
    async def story():
        site = Site()
        site.reasons = ["the store is opening"]
        async with serving(site) as at:
            assert (await at.client.get("/healthz")).status_code == 200
            answer = await at.client.get("/readyz")
            assert (answer.status_code, answer.json()) == (503, {"ready": False, "reasons": ["the store is opening"]})
            site.reasons = []
            assert (await at.client.get("/readyz")).json() == {"ready": True, "reasons": []}
            await at.client.get("/nowhere/at/all")
            await at.client.get("/x/put")
            answer = await at.client.get("/metrics")
            assert answer.headers["content-type"].startswith("text/plain")
            assert 'portico_http_request_seconds_count{method="GET",route="/readyz",status="503"} 1.0' in answer.text
            assert 'route="/x",status="200"' in answer.text
            assert "nowhere" not in answer.text

    asyncio.run(story())


@pytest.mark.parametrize(
    ("error", "status", "code", "field"),
    [
        (Invalid("bad", "size"), 400, "invalid", "size"),
        (Forbidden("no"), 403, "forbidden", ""),
        (NotFound("none"), 404, "not_found", ""),
        (AlreadyExists("taken"), 409, "already_exists", ""),
        (Conflict("busy"), 409, "conflict", ""),
        (IllegalTransition("edge"), 409, "conflict", ""),
        (Compacted("old"), 410, "compacted", ""),
        (Exhausted("full"), 429, "exhausted", ""),
        (Unavailable("later"), 503, "unavailable", ""),
    ],
)
def test_a_domain_error_is_answered_by_the_table(error, status, code, field):
    async def story():
        site = Site()
        site.raises = error
        async with serving(site) as at:
            answer = await at.client.get("/x/put", headers={"x-request-id": "r-1"})
            assert answer.status_code == status
            assert answer.json() == {
                "error": {"code": code, "message": str(error), "field": field, "request_id": "r-1"}
            }
            assert answer.headers["x-request-id"] == "r-1"

    asyncio.run(story())


def test_the_unexpected_is_500_with_an_id_that_is_in_the_log():
    async def story():
        site = Site()
        site.raises = RuntimeError("secret")
        with structlog.testing.capture_logs() as logs:
            async with serving(site) as at:
                answer = await at.client.get("/x/put")
        assert answer.status_code == 500
        assert "secret" not in answer.text
        (error_id,) = re.fullmatch(r"internal error (\S+)", answer.json()["error"]["message"]).groups()
        assert [line["error_id"] for line in logs if line["event"] == "internal_error"] == [error_id]

    asyncio.run(story())


def test_a_response_that_breaks_half_way_is_cut_off():
    async def story():
        async with serving(Site()) as at:
            with pytest.raises(httpx.RemoteProtocolError):
                await at.client.get("/x/breaks")
            assert (await at.client.get("/healthz")).status_code == 200

    asyncio.run(story())


def test_unknown_paths_and_methods_have_the_same_shape_of_error():
    async def story():
        async with serving(Site()) as at:
            assert (await at.client.get("/nope")).json()["error"]["code"] == "not_found"
            answer = await at.client.request("DELETE", "/x/put")
            assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
            assert "GET" in answer.headers["allow"]

    asyncio.run(story())


def test_pages_of_other_origins_may_not_change_anything():
    async def story():
        guards = GuardSettings(origins=frozenset({"https://ui.example"}))
        async with serving(Site(), guards) as at:
            own = f"http://127.0.0.1:{at.address.port}"
            for origin, status in (
                ("https://evil.example", 403),
                ("null", 403),
                ("http://127.0.0.1:1", 403),
                (own, 200),
                ("https://ui.example", 200),
            ):
                assert (await at.client.post("/x/put", headers={"origin": origin})).status_code == status, origin
            assert (await at.client.post("/x/put")).status_code == 200
            assert (await at.client.get("/x/put", headers={"origin": "https://evil.example"})).status_code == 200

    asyncio.run(story())


def test_a_name_rebound_to_loopback_is_refused():
    async def story():
        async with serving(Site(), GuardSettings(hosts=frozenset({"box.example"}))) as at:
            for host, status in (
                ("evil.example", 403),
                ("evil.example:80", 403),
                ("127.0.0.1.evil.example", 403),
                ("localhost:1", 200),
                ("[::1]:80", 200),
                ("box.example:8080", 200),
            ):
                assert (await at.client.get("/x/put", headers={"host": host})).status_code == status, host
        async with serving(Site(), GuardSettings(on_loopback=False)) as at:
            assert (await at.client.get("/x/put", headers={"host": "any.example"})).status_code == 200

    asyncio.run(story())


def test_paths_that_are_open_are_answered_without_the_token():
    async def run():
        guards = GuardSettings(token="s3cret", open_paths=frozenset({"/x/put"}))
        async with serving(Site(), guards) as at:
            assert (await at.client.get("/x/put")).status_code == 200
            assert (await at.client.get("/healthz")).status_code == 401
            preflight = {"origin": "https://gui.example", "access-control-request-method": "POST"}
            assert (await at.client.options("/metrics", headers=preflight)).status_code == 405
            assert (await at.client.options("/metrics")).status_code == 401

    asyncio.run(run())


def test_the_token_is_wanted_everywhere_but_for_probes():
    async def story():
        async with serving(Site(), GuardSettings(token="s3cret")) as at:
            for path in ("/healthz", "/readyz"):
                assert (await at.client.get(path)).status_code == 200
            for path in ("/metrics", "/x/put"):
                answer = await at.client.get(path)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
                answer = await at.client.get(path, headers={"authorization": "Bearer s3cret"})
                assert answer.status_code == 200

    asyncio.run(story())


def test_a_body_over_the_limit_is_refused_declared_or_not():
    async def pieces():
        for _ in range(11):
            yield b"x" * 10

    async def story():
        async with serving(Site(), GuardSettings(body_bytes=100)) as at:
            assert (await at.client.post("/x/put", content=b"x" * 100)).json()["bytes"] == 100
            for content in (b"x" * 101, pieces()):
                answer = await at.client.post("/x/put", content=content)
                assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")

    asyncio.run(story())


def test_headers_over_the_limit_are_refused():
    async def story():
        async with serving(Site(), settings=HttpSettings(header_bytes=4_096)) as at:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.address.port)
            writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-big: " + b"y" * 5_000)
            assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
            writer.close()
            await writer.wait_closed()
            assert (await at.client.get("/healthz")).status_code == 200

    asyncio.run(story())


def test_a_port_in_use_is_refused_in_one_sentence():
    async def story():
        async with serving(Site()) as at:
            second = HttpServer(build_app(Metrics(), list, [], GuardSettings()))
            with pytest.raises(Unavailable, match=rf"cannot listen on 127\.0\.0\.1:{at.address.port}: .* in use"):
                await second.start([LOOPBACK, at.address])

    asyncio.run(story())


def test_stopping_lets_requests_under_way_finish():
    async def story():
        site = Site()
        async with serving(site) as at, asyncio.TaskGroup() as group:
            slow = group.create_task(at.client.get("/x/slow"))
            await site.entered.wait()
            stopping = group.create_task(at.server.stop(10))
            while at.server._sockets[0].fileno() != -1:
                await asyncio.sleep(0)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(at.address.host, at.address.port)
            assert not stopping.done()
            site.release.set()
            assert (await slow).status_code == 200
            assert not site.cancelled.is_set()

    asyncio.run(story())


def test_endless_responses_do_not_use_up_the_grace_and_end_properly():
    async def story():
        site = Site()
        async with serving(site) as at:
            async with at.client.stream("GET", "/x/events") as answer:
                lines = answer.aiter_bytes()
                assert await anext(lines) == b"first\n"
                await site.entered.wait()
                async with asyncio.timeout(5):
                    await at.server.stop(3_600)
                assert [line async for line in lines] == []
            assert site.cancelled.is_set()

    asyncio.run(story())


def test_past_the_grace_requests_are_cancelled():
    async def story():
        site = Site()
        async with serving(site) as at, asyncio.TaskGroup() as group:
            slow = group.create_task(at.client.get("/x/slow"))
            await site.entered.wait()
            async with asyncio.timeout(5):
                await at.server.stop(0.05)
            assert site.cancelled.is_set()
            answer = await slow
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")

    asyncio.run(story())


def test_https(tmp_path):
    files = certificates.make(tmp_path)

    async def story():
        async with serving(Site(), settings=HttpSettings(tls=files)) as at:
            trust = ssl.create_default_context(cafile=files.certificate)
            async with httpx.AsyncClient(verify=trust) as client:
                assert (await client.get(f"https://localhost:{at.address.port}/healthz")).status_code == 200

    asyncio.run(story())
