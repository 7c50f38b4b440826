"""Who may call which RPC, through a real server: the guard around services, users, and acting as somebody else."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import grpc
import grpc.aio
import pytest

from portico.doors.armonik.access import Access, guarded
from portico.doors.armonik.authentication import AuthenticationService
from portico.doors.armonik.errors import translate
from portico.doors.armonik.service import AUTHENTICATION, permission_of, permissions
from portico.doors.armonik.users import Users
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer
from portico.serving.metrics import Metrics
from portico.serving.peers import Peer, peer_of
from portico.serving.registration import Registration
from portico.settings import ArmonikAuth, ArmonikCertificate
from portico.settings.armonik_permissions import RPCS
from portico.wire.armonik import auth_pb2, auth_pb2_grpc, tasks_pb2, tasks_pb2_grpc, versions_pb2, versions_pb2_grpc

TASKS = "armonik.api.grpc.v1.tasks.Tasks"
FINGERPRINT = "ab" * 20
STRICT = ArmonikAuth(
    require_authentication=True,
    trusted_headers=True,
    roles={
        "reader": ("Tasks:GetTask", "Versions:ListVersions"),
        "boss": ("General:Impersonate:reader", "General:Impersonate:boss"),
    },
    users={"ann": ("reader",), "bob": ("boss",), "cid": ("reader", "boss"), "dan": ()},
    certificates=(
        ArmonikCertificate(user="ann", cn="ann", fingerprint=FINGERPRINT),
        ArmonikCertificate(user="bob", cn="bob"),
        ArmonikCertificate(user="dan", cn="ann"),
    ),
)
ANN = (("x-certificate-client-cn", "ann"), ("x-certificate-client-fingerprint", "AB:" * 19 + "ab"))
BOB = (("x-certificate-client-cn", "bob"),)
DAN = (("x-certificate-client-cn", "ann"), ("x-certificate-client-fingerprint", "00" * 20))


class Tasks(tasks_pb2_grpc.TasksServicer):
    """Serves two RPCs; the others are the generated stand-ins."""

    async def GetTask(self, request, context):
        return tasks_pb2.GetTaskResponse()

    async def CancelTasks(self, request, context):
        return tasks_pb2.CancelTasksResponse()


class Versions(versions_pb2_grpc.VersionsServicer):
    """Serves a stream where the wire has one answer, to try the guard on streams."""

    async def ListVersions(self, request, context):
        yield versions_pb2.ListVersionsResponse(core="1")
        yield versions_pb2.ListVersionsResponse(core="2")


def add_versions(server):
    handler = grpc.unary_stream_rpc_method_handler(
        Versions().ListVersions,
        versions_pb2.ListVersionsRequest.FromString,
        versions_pb2.ListVersionsResponse.SerializeToString,
    )
    service = "armonik.api.grpc.v1.versions.Versions"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"ListVersions": handler}),))


def called(auth, story, peer=peer_of):
    """Play calls against a server with this configuration."""

    async def run():
        access = Access(auth, permissions(), peer)
        adders = {
            TASKS: lambda server: tasks_pb2_grpc.add_TasksServicer_to_server(Tasks(), server),
            "armonik.api.grpc.v1.versions.Versions": add_versions,
            AUTHENTICATION: lambda server: auth_pb2_grpc.add_AuthenticationServicer_to_server(
                AuthenticationService(access), server
            ),
        }
        registrations = [
            Registration(guarded(add, access, permission_of), (name,), "armonik", translate)
            for name, add in adders.items()
        ]
        server = GrpcServer(registrations, Metrics())
        (address,) = await server.start([Address("127.0.0.1", 0)])
        await server.open()
        try:
            async with grpc.aio.insecure_channel(str(address)) as channel:
                await story(channel)
        finally:
            await server.stop(0)

    asyncio.run(run())


async def user(channel, *metadata):
    stub = auth_pb2_grpc.AuthenticationStub(channel)
    return (await stub.GetCurrentUser(auth_pb2.GetCurrentUserRequest(), metadata=metadata)).user


async def refusal(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), caught.value.details()


def test_by_default_everybody_may_do_everything():
    async def story(channel):
        anybody = await user(channel, *BOB, ("x-impersonate-username", "ann"))
        assert (anybody.username, list(anybody.roles)) == ("Anonymous", [])
        assert list(anybody.permissions) == sorted((*RPCS, "General:Impersonate"))
        await tasks_pb2_grpc.TasksStub(channel).GetTask(tasks_pb2.GetTaskRequest())

    called(ArmonikAuth(), story)


def test_a_user_may_do_what_its_roles_may_and_nothing_else():
    async def story(channel):
        ann = await user(channel, *ANN)
        assert (ann.username, list(ann.roles)) == ("ann", ["reader"])
        assert list(ann.permissions) == ["Tasks:GetTask", "Versions:ListVersions"]
        tasks = tasks_pb2_grpc.TasksStub(channel)
        await tasks.GetTask(tasks_pb2.GetTaskRequest(), metadata=ANN)
        code, text = await refusal(tasks.CancelTasks(tasks_pb2.CancelTasksRequest(), metadata=ANN))
        assert (code, text) == (grpc.StatusCode.PERMISSION_DENIED, "ann has no permission for Tasks:CancelTasks")
        code, _ = await refusal(tasks.ListTasks(tasks_pb2.ListTasksRequest(), metadata=ANN))
        assert code is grpc.StatusCode.UNIMPLEMENTED

    called(STRICT, story)


def test_streams_are_guarded_too():
    async def story(channel):
        method = channel.unary_stream(
            "/armonik.api.grpc.v1.versions.Versions/ListVersions",
            versions_pb2.ListVersionsRequest.SerializeToString,
            versions_pb2.ListVersionsResponse.FromString,
        )
        request = versions_pb2.ListVersionsRequest()
        assert [answer.core async for answer in method(request, metadata=ANN)] == ["1", "2"]
        code, _ = await refusal(anext(aiter(method(request, metadata=DAN))))
        assert code is grpc.StatusCode.PERMISSION_DENIED

    called(STRICT, story)


def test_who_has_no_certificate_or_an_unknown_one_is_not_let_in():
    async def story(channel):
        tasks = tasks_pb2_grpc.TasksStub(channel)
        for metadata in (
            (),
            (("x-certificate-client-cn", "eve"),),
            (("x-certificate-client-fingerprint", FINGERPRINT),),
        ):
            code, _ = await refusal(tasks.GetTask(tasks_pb2.GetTaskRequest(), metadata=metadata))
            assert code is grpc.StatusCode.UNAUTHENTICATED
            code, _ = await refusal(user(channel, *metadata))
            assert code is grpc.StatusCode.UNAUTHENTICATED

    called(STRICT, story)


def test_a_fingerprint_that_is_not_known_leaves_the_common_name():
    async def story(channel):
        assert (await user(channel, *ANN)).username == "ann"
        assert (await user(channel, *DAN)).username == "dan"
        assert (await user(channel, *BOB)).username == "bob"

    called(STRICT, story)


def test_acting_as_somebody_needs_the_right_to_for_all_of_their_roles():
    async def story(channel):
        as_ann = await user(channel, *BOB, ("x-impersonate-username", "ann"))
        assert (as_ann.username, list(as_ann.roles)) == ("ann", ["reader"])
        assert (await user(channel, *BOB, ("x-impersonate-id", "cid"))).username == "cid"
        code, text = await refusal(user(channel, *ANN, ("x-impersonate-username", "bob")))
        assert (code, text) == (grpc.StatusCode.PERMISSION_DENIED, "ann may not act as bob")
        code, _ = await refusal(user(channel, *BOB, ("x-impersonate-username", "eve")))
        assert code is grpc.StatusCode.UNAUTHENTICATED

    called(STRICT, story)


def test_headers_count_only_when_they_are_trusted():
    async def story(channel):
        code, _ = await refusal(user(channel, *ANN))
        assert code is grpc.StatusCode.UNAUTHENTICATED

    called(ArmonikAuth(require_authentication=True, users={"ann": ()}, certificates=STRICT.certificates[2:]), story)


def test_a_proven_certificate_counts():
    async def story(channel):
        assert (await user(channel)).username == "ann"

    called(STRICT, story, peer=lambda context: Peer("ann", (FINGERPRINT, "cd" * 32)))


def test_without_authorization_everybody_who_is_known_may_do_everything():
    auth = ArmonikAuth(
        require_authentication=True,
        require_authorization=False,
        trusted_headers=True,
        users={"dan": ()},
        certificates=(ArmonikCertificate(user="dan", cn="ann"),),
    )

    async def story(channel):
        dan = await user(channel, *DAN)
        assert (dan.username, list(dan.roles), len(dan.permissions)) == ("dan", [], len(RPCS) + 1)

    called(auth, story)


def test_callers_are_remembered_and_not_without_bound(monkeypatch):
    looked_up = []
    certified = Users.certified
    monkeypatch.setattr(Users, "certified", lambda self, *claim: looked_up.append(claim) or certified(self, "bob", ()))
    access = Access(STRICT, permissions(), lambda context: None)

    def call(name):
        metadata = (("x-certificate-client-cn", name),)
        return access.user_of(SimpleNamespace(invocation_metadata=lambda: metadata))

    assert [call("bob").username for _ in range(3)] == ["bob"] * 3
    assert len(looked_up) == 1
    for number in range(2_000):
        call(f"n{number}")
    call("bob")
    assert len(looked_up) == 2_002


def test_permissions_are_those_of_the_configuration():
    assert permissions() == sorted(RPCS)
