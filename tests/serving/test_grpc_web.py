"""gRPC-Web over real sockets: an HTTP client, the bridge, and the echo service behind it."""

from __future__ import annotations

import asyncio
import base64
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import httpx
import msgspec
import pytest
from serving import certificates
from serving.echo import SERVICE, Echo, parse, serialise

from portico.domain.errors import NotFound
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer, GrpcSettings
from portico.serving.grpc_web import GrpcWeb
from portico.serving.grpc_web_frames import message_frame
from portico.serving.grpc_web_headers import escaped
from portico.serving.http_app import build_app
from portico.serving.http_guards import GuardSettings
from portico.serving.http_server import HttpServer, HttpSettings
from portico.serving.identity import TlsFiles
from portico.serving.metrics import Metrics
from portico.serving.origins import Origins
from portico.serving.peers import PEER_METADATA, Peer, fingerprints, peer_of
from portico.serving.registration import Registration

LOOPBACK = Address("127.0.0.1", 0)
BINARY, TEXT = "application/grpc-web+proto", "application/grpc-web-text"
GUI = "https://gui.example"


class Told(Echo):
    """Tells what metadata came, and gives some."""

    async def told(self, request, context):
        self.seen = sorted(context.invocation_metadata() or (), key=str)
        self.peer = peer_of(context)
        await context.send_initial_metadata((("x-first", "1"), ("x-first-bin", b"\x00\xff")))
        context.set_trailing_metadata((("x-last", "2"), ("x-last-bin", b"\x01")))
        return request

    def add(self, server) -> None:
        super().add(server)
        handler = grpc.unary_unary_rpc_method_handler(self.told, parse, serialise)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Told", {"Told": handler}),))


class Reply(msgspec.Struct):
    """An answer taken apart."""

    response: httpx.Response
    messages: list[bytes]
    trailers: dict[str, str]

    @property
    def status(self) -> int:
        return int(self.trailers["grpc-status"])


class Web:
    """A client."""

    def __init__(self, client: httpx.AsyncClient, echo: Told, server: HttpServer, metrics: Metrics) -> None:
        self.client = client
        self.echo = echo
        self.server = server
        self.metrics = metrics

    async def call(
        self, method: str, *messages: bytes, kind: str = BINARY, service: str = SERVICE, **headers: str
    ) -> Reply:
        body = b"".join(map(message_frame, messages))
        sent = base64.b64encode(body) if "text" in kind else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.client.post(f"/{service}/{method}", content=sent, headers={"content-type": kind, **named})
        return taken_apart(response)


def taken_apart(response: httpx.Response) -> Reply:
    body = response.content
    if "text" in response.headers["content-type"]:
        body = b"".join(base64.b64decode(piece + b"=") for piece in quanta(body))
    messages, trailers = [], {}
    while body:
        flag, length = struct.unpack(">BI", body[:5])
        part, body = body[5 : 5 + length], body[5 + length :]
        if flag == 0x80:
            trailers = dict(line.split(": ", 1) for line in part.decode().split("\r\n") if line)
        else:
            messages.append(part)
    return Reply(response, messages, trailers)


def quanta(text: bytes) -> list[bytes]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


@asynccontextmanager
async def serving(
    folder: Path, *, tls: TlsFiles | None = None, token: str | None = None, receive_bytes: int = 1 << 20
) -> AsyncIterator[Web]:
    echo, metrics = Told(), Metrics()
    plain = echo.registration()
    registration = Registration(
        plain.add, (SERVICE, "test.Told"), door="test", translate=plain.translate, endless=plain.endless, web=True
    )
    grpc_server = GrpcServer([registration], metrics, GrpcSettings(receive_bytes=receive_bytes, token=token, tls=tls))
    socket = folder / "web.sock"
    await grpc_server.start([LOOPBACK], socket)
    await grpc_server.open()
    origins = Origins(frozenset({GUI}))
    web = GrpcWeb(f"unix:{socket}", [registration], origins, receive_bytes=receive_bytes)
    guards = GuardSettings(token=token, origins=origins.allowed, body_bytes=4 << 20)
    http = HttpServer(build_app(metrics, list, [web.routes()], guards), HttpSettings(tls=tls))
    (address,) = await http.start([LOOPBACK])
    running = asyncio.create_task(http.run())
    verify: Any = True
    if tls is not None:
        verify = ssl.create_default_context(cafile=str(tls.certificate))
        if tls.client_authority is not None:
            verify.load_cert_chain(folder / "client.pem", folder / "client.key")
    scheme = "https" if tls is not None else "http"
    try:
        async with httpx.AsyncClient(base_url=f"{scheme}://{address}", verify=verify, timeout=10) as client:
            yield Web(client, echo, http, metrics)
    finally:
        await http.stop(1)
        await running
        await web.close()
        await grpc_server.stop(0)


def run(story, folder: Path, **settings: Any) -> None:
    async def play() -> None:
        async with serving(folder, **settings) as web:
            await story(web)

    asyncio.run(play())


@pytest.mark.parametrize("kind", [BINARY, "application/grpc-web", TEXT, "application/grpc-web-text+proto"])
def test_a_unary_call_is_answered_in_the_form_in_which_it_came(tmp_path, kind):
    async def story(web: Web) -> None:
        reply = await web.call("One", b"hello", kind=kind)
        assert (reply.response.status_code, reply.response.headers["content-type"]) == (200, kind)
        assert (reply.messages, reply.status) == ([b"hello"], 0)
        assert web.metrics.grpc_calls.count((f"/{SERVICE}/One", "OK")) == 1

    run(story, tmp_path)


def test_the_answer_is_text_where_the_client_accepts_text(tmp_path):
    async def story(web: Web) -> None:
        reply = await web.call("One", b"hello", accept=TEXT)
        assert reply.response.headers["content-type"] == TEXT
        assert reply.messages == [b"hello"]

    run(story, tmp_path)


@pytest.mark.parametrize("kind", [BINARY, TEXT])
def test_streams_go_both_ways(tmp_path, kind):
    async def story(web: Web) -> None:
        assert (await web.call("Many", b"abc", kind=kind)).messages == [b"a", b"b", b"c"]
        assert (await web.call("Join", b"ab", b"cd", b"e", kind=kind)).messages == [b"abcde"]
        assert (await web.call("Chat", b"ab", b"cd", kind=kind)).messages == [b"AB", b"CD"]
        assert (await web.call("Join", kind=kind)).messages == [b""]

    run(story, tmp_path)


def test_errors_are_trailers_of_the_same_table(tmp_path):
    async def story(web: Web) -> None:
        web.echo.raises = NotFound("no such thing: 100% «gone»")
        reply = await web.call("One", b"x")
        assert (reply.response.status_code, reply.messages, reply.status) == (200, [], 5)
        assert reply.trailers["grpc-message"] == "no such thing: 100%25 %C2%ABgone%C2%BB"
        web.echo.raises = NotFound("after two")
        reply = await web.call("Many", b"ab")
        assert (reply.messages, reply.status) == ([b"a", b"b"], 5)
        assert (await web.call("Aborts", b"x")).trailers["grpc-message"] == "said by the service"
        assert web.metrics.grpc_calls.count((f"/{SERVICE}/One", "NOT_FOUND")) == 1

    run(story, tmp_path)


def test_metadata_goes_both_ways_and_the_browsers_own_headers_do_not(tmp_path):
    async def story(web: Web) -> None:
        reply = await web.call(
            "Told", b"x", service="test.Told", x_mine="7", x_raw_bin=base64.b64encode(b"\x00\xfe").decode().rstrip("="),
            cookie="secret=1", referer="http://127.0.0.1/admin/", sec_fetch_mode="cors", x_grpc_web="1", x_request_id="mine-1",
            **{PEER_METADATA: "AAAA"},
        )  # fmt: skip
        assert dict(web.echo.seen)["x-mine"] == "7"
        assert dict(web.echo.seen)["x-raw-bin"] == b"\x00\xfe"
        names = {name for name, _ in web.echo.seen}
        assert names <= {"x-mine", "x-raw-bin", "x-request-id", "user-agent", "authorization"}
        assert dict(web.echo.seen)["x-request-id"] == "mine-1"
        assert (reply.response.headers["x-first"], reply.response.headers["x-first-bin"]) == ("1", "AP8=")
        assert (reply.trailers["x-last"], reply.trailers["x-last-bin"]) == ("2", "AQ==")

    run(story, tmp_path)


def test_a_deadline_is_kept(tmp_path):
    async def story(web: Web) -> None:
        assert (await web.call("Slow", b"x", grpc_timeout="50m")).status == 4
        await web.echo.cancelled.wait()
        reply = await web.call("Slow", b"x", grpc_timeout="soon")
        assert (reply.status, reply.trailers["grpc-message"][:12]) == (3, "grpc-timeout")

    run(story, tmp_path)


def test_a_client_that_goes_away_cancels_its_stream(tmp_path):
    async def story(web: Web) -> None:
        content = message_frame(b"x")
        headers = {"content-type": BINARY}
        async with web.client.stream("POST", f"/{SERVICE}/Forever", content=content, headers=headers) as response:
            first = await anext(response.aiter_raw())
            assert first == message_frame(b"first")
        await web.echo.cancelled.wait()

    run(story, tmp_path)


def test_a_client_that_goes_away_cancels_its_unary_call(tmp_path):
    async def story(web: Web) -> None:
        calling = asyncio.create_task(web.call("Slow", b"x"))
        await web.echo.entered.wait()
        calling.cancel()
        await web.echo.cancelled.wait()
        assert (await web.call("One", b"still there")).messages == [b"still there"]

    run(story, tmp_path)


def test_an_endless_stream_is_told_that_the_server_stops(tmp_path):
    async def story(web: Web) -> None:
        calling = asyncio.create_task(web.call("Forever", b"x"))
        await web.echo.entered.wait()
        await web.server.stop(5)
        reply = await calling
        assert (reply.messages, reply.status) == ([b"first"], 14)
        assert reply.trailers["grpc-message"] == "the server is stopping"

    run(story, tmp_path)


@pytest.mark.parametrize("kind", [BINARY, TEXT])
def test_large_messages_pass_and_too_large_ones_are_refused(tmp_path, kind):
    async def story(web: Web) -> None:
        large = b"x" * (1 << 20)
        assert (await web.call("One", large, kind=kind)).messages == [large]
        reply = await web.call("One", large + b"x", kind=kind)
        assert (reply.status, "1048577 bytes" in reply.trailers["grpc-message"]) == (8, True)
        assert (await web.call("One", b"next", kind=kind)).messages == [b"next"]

    run(story, tmp_path)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"\x01\x00\x00\x00\x01a", 12), (b"\x00\x00\x00", 3), (b"\x05\x00\x00\x00\x00", 3), (b"\x00\x00\x00\x00\x02\xff\xff", 3)],
)  # fmt: skip
def test_garbage_costs_only_its_own_call(tmp_path, body, status):
    async def story(web: Web) -> None:
        for method in ("One", "Chat"):
            answer = await web.client.post(f"/{SERVICE}/{method}", content=body, headers={"content-type": BINARY})
            assert taken_apart(answer).status == status
        assert (await web.call("One", b"next")).messages == [b"next"]

    run(story, tmp_path)


def test_a_unary_call_without_a_message_ends(tmp_path):
    async def story(web: Web) -> None:
        assert (await web.call("One")).status == 3

    run(story, tmp_path)


def test_what_is_not_served_says_so(tmp_path):
    async def story(web: Web) -> None:
        assert (await web.call("Nothing", b"x")).status == 12
        assert (await web.call("No-thing", b"x")).status == 12
        assert (await web.client.post("/test.Other/One", headers={"content-type": BINARY})).status_code == 404
        wrong = await web.client.post(f"/{SERVICE}/One", json={})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (415, "unsupported_media_type")
        assert (await web.client.get(f"/{SERVICE}/One")).status_code == 405

    run(story, tmp_path)


def test_only_configured_origins_may_call(tmp_path):
    async def story(web: Web) -> None:
        asking = {
            "origin": GUI,
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-grpc-web",
        }
        allowed = await web.client.options(f"/{SERVICE}/One", headers=asking)
        assert allowed.status_code == 204
        assert allowed.headers["access-control-allow-origin"] == GUI
        assert allowed.headers["access-control-allow-headers"] == "x-grpc-web"
        refused = await web.client.options(f"/{SERVICE}/One", headers={**asking, "origin": "https://evil.example"})
        assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (403, False)
        bearer = {"authorization": "Bearer secret"}
        reply = await web.call("One", b"hi", origin=GUI, **bearer)
        assert (reply.messages, reply.response.headers["access-control-allow-origin"]) == ([b"hi"], GUI)
        assert "x-request-id" not in reply.response.headers.get("access-control-allow-headers", "")
        body = message_frame(b"hi")
        headers = {"content-type": BINARY, "origin": "https://evil.example", **bearer}
        assert (await web.client.post(f"/{SERVICE}/One", content=body, headers=headers)).status_code == 403
        own = await web.call("One", b"hi", origin=str(web.client.base_url).rstrip("/"), **bearer)
        assert own.messages == [b"hi"]

    run(story, tmp_path, token="secret")


def test_the_token_is_wanted(tmp_path):
    async def story(web: Web) -> None:
        answer = await web.client.post(f"/{SERVICE}/One", content=message_frame(b"x"), headers={"content-type": BINARY})
        assert answer.status_code == 401
        assert (await web.call("One", b"x", authorization="Bearer secret")).messages == [b"x"]

    run(story, tmp_path, token="secret")


def test_a_caller_without_a_certificate_cannot_claim_one(tmp_path):
    async def story(web: Web) -> None:
        await web.call("Told", b"x", service="test.Told", **{PEER_METADATA: "AAAA"})
        assert web.echo.peer is None

    run(story, tmp_path)


def test_the_certificate_of_a_client_is_handed_on(tmp_path):
    tls = certificates.make(tmp_path, with_clients=True)

    async def story(web: Web) -> None:
        assert (await web.call("Told", b"x", service="test.Told", **{PEER_METADATA: "AAAA"})).status == 0
        certificate = ssl.PEM_cert_to_DER_cert((tmp_path / "client.pem").read_text())
        assert web.echo.peer == Peer("alice", fingerprints(certificate))

    run(story, tmp_path, tls=tls)


@pytest.mark.parametrize("header", [(b"x-bad-bin", b"%%"), (b"x-sp!", b"1"), (b"x-mine", b"\xfc")])
def test_a_header_that_cannot_be_metadata_is_refused(tmp_path, header):
    async def story(web: Web) -> None:
        given = [(b"content-type", BINARY.encode()), header]
        answer = await web.client.post(f"/{SERVICE}/One", content=message_frame(b"x"), headers=given)
        assert taken_apart(answer).status == 3

    run(story, tmp_path)


def test_messages_of_a_status_are_plain_ascii():
    assert escaped("a b~%\n€") == "a b~%25%0A%E2%82%AC"
