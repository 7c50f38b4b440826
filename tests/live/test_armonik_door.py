"""The ArmoniK door of a real server, from outside: gRPC, gRPC-Web, the pages, the command line, a worker by hand."""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import struct
import subprocess
import sys

import grpc
import httpx
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message_factory import GetMessageClass
from live.server import PORTICO, LiveServer, until

from portico.wire.armonik import (  # noqa: TID251 — a test of a door speaks its wire
    agent_pb2,
    applications_pb2,
    auth_pb2,
    events_pb2,
    health_checks_pb2,
    objects_pb2,
    partitions_pb2,
    results_pb2,
    results_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    submitter_pb2,
    task_status_pb2,
    tasks_pb2,
    tasks_pb2_grpc,
    versions_pb2,
    worker_pb2,
)

WORKER = """
from portico.armonik_worker import Task, serve

async def process(task: Task) -> None:
    await task.send_result(task.expected_outputs[0], task.payload.upper())

if __name__ == "__main__":
    serve(process)
"""
MODULES = (
    *(agent_pb2, applications_pb2, auth_pb2, events_pb2, health_checks_pb2, partitions_pb2, results_pb2),
    *(sessions_pb2, submitter_pb2, tasks_pb2, versions_pb2, worker_pb2),
)
SERVICES = {service.name: service for module in MODULES for service in module.DESCRIPTOR.services_by_name.values()}
BINARY = "application/grpc-web+proto"
COMPLETED = task_status_pb2.TaskStatus.TASK_STATUS_COMPLETED


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    pages = tmp_path_factory.mktemp("gui") / "pages" / "en"
    pages.mkdir(parents=True)
    (pages / "index.html").write_text("<html>")
    config = f"[doors.armonik]\nadmin = {json.dumps(str(pages.parent))}\n[doors.armonik.gui]\nname = 'lab'\n"
    live = LiveServer(config, doors=("armonik",))
    live.start()
    try:
        yield live
    finally:
        live.clean()


def session_with(channel, payloads):
    """Begin a session with one task for each payload; gives its id and those of the results."""
    options = objects_pb2.TaskOptions(max_duration=Duration(seconds=60), max_retries=1, priority=1)
    create = sessions_pb2.CreateSessionRequest(default_task_option=options)
    session = sessions_pb2_grpc.SessionsStub(channel).CreateSession(create).session_id
    results = results_pb2_grpc.ResultsStub(channel)
    given = [results_pb2.CreateResultsRequest.ResultCreate(name="p", data=payload) for payload in payloads]
    inputs = results.CreateResults(results_pb2.CreateResultsRequest(session_id=session, results=given)).results
    promised = [results_pb2.CreateResultsMetaDataRequest.ResultCreate(name="o") for _ in payloads]
    request = results_pb2.CreateResultsMetaDataRequest(session_id=session, results=promised)
    outputs = [result.result_id for result in results.CreateResultsMetaData(request).results]
    creation = tasks_pb2.SubmitTasksRequest.TaskCreation
    tasks = [
        creation(payload_id=one.result_id, expected_output_keys=[out]) for one, out in zip(inputs, outputs, strict=True)
    ]
    tasks_pb2_grpc.TasksStub(channel).SubmitTasks(
        tasks_pb2.SubmitTasksRequest(session_id=session, task_creations=tasks)
    )
    return session, outputs


def download(channel, session, result):
    request = results_pb2.DownloadResultDataRequest(session_id=session, result_id=result)
    stream = results_pb2_grpc.ResultsStub(channel).DownloadResultData(request)
    return b"".join(message.data_chunk for message in stream)


def web(server, service, rpc, request, kind=BINARY):
    """Call over gRPC-Web; gives the messages and the trailers."""
    body = struct.pack(">BI", 0, request.ByteSize()) + request.SerializeToString()
    content = base64.b64encode(body) if "text" in kind else body
    url = f"{server.endpoints['armonik_web']}/{SERVICES[service].full_name}/{rpc}"
    answer = httpx.post(url, content=content, headers={"content-type": kind})
    assert answer.status_code == 200
    rest = base64.b64decode(answer.content) if "text" in kind and answer.content.count(b"=") < 3 else answer.content
    frames = []
    while rest:
        flag, length = struct.unpack(">BI", rest[:5])
        frames.append((flag, rest[5 : 5 + length]))
        rest = rest[5 + length :]
    assert [flag for flag, _ in frames][-1] == 0x80
    return [message for flag, message in frames[:-1]], frames[-1][1].decode()


def cli(server, *words):
    """Run a command that prints JSON."""
    command = [*PORTICO, *words, "--data-dir", str(server.data), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=15)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_worker_attached_by_hand_takes_tasks_and_the_command_line_shows_them(server, tmp_path):
    file = tmp_path / "worker.py"
    file.write_text(WORKER)
    with grpc.insecure_channel(server.endpoints["armonik"]) as channel:
        session, outputs = session_with(channel, [b"one", b"two"])
        listed = cli(server, "sessions")[-1]
        assert (listed["id"], listed["state"], listed["tasks"]) == (session, "running", {"submitted": 2})
        command = [*PORTICO, "attach", "default", "--data-dir", str(server.data), "--", sys.executable, str(file)]
        agent = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            until(lambda: cli(server, "sessions")[-1]["tasks"] == {"completed": 2}, "both tasks end")
            assert [download(channel, session, output) for output in outputs] == [b"ONE", b"TWO"]
        finally:
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(15) == 0, agent.stderr.read()
            agent.stderr.close()
        assert cli(server, "status")[0]["calls"]["completed"] == 2


def test_browsers_reach_the_same_services(server):
    with grpc.insecure_channel(server.endpoints["armonik"]) as channel:
        session, _ = session_with(channel, [b"x"])
    request = sessions_pb2.GetSessionRequest(session_id=session)
    messages, trailers = web(server, "Sessions", "GetSession", request)
    assert sessions_pb2.GetSessionResponse.FromString(messages[0]).session.session_id == session
    assert trailers.startswith("grpc-status: 0\r\n")
    request = sessions_pb2.GetSessionRequest(session_id="nobody")
    messages, trailers = web(server, "Sessions", "GetSession", request)
    assert (messages, trailers.splitlines()[0]) == ([], "grpc-status: 5")
    user, _ = web(server, "Authentication", "GetCurrentUser", auth_pb2.GetCurrentUserRequest())
    assert auth_pb2.GetCurrentUserResponse.FromString(user[0]).user.username == "Anonymous"


def test_events_reach_browsers_as_they_happen(server):
    with grpc.insecure_channel(server.endpoints["armonik"]) as channel:
        session, _ = session_with(channel, [b"x"])
        request = events_pb2.EventSubscriptionRequest(session_id=session)
        body = struct.pack(">BI", 0, request.ByteSize()) + request.SerializeToString()
        url = f"{server.endpoints['armonik_web']}/{SERVICES['Events'].full_name}/GetEvents"
        seen = b""
        with httpx.stream("POST", url, content=body, headers={"content-type": BINARY}, timeout=10) as answer:
            pieces = answer.iter_raw()
            while len(told(seen)) < 3:  # a task and two results
                seen += next(pieces)
            assert {event.WhichOneof("update") for event in told(seen)} == {"new_task", "new_result"}
            sessions_pb2_grpc.SessionsStub(channel).CancelSession(sessions_pb2.CancelSessionRequest(session_id=session))
            while "task_status_update" not in {event.WhichOneof("update") for event in told(seen)}:
                seen += next(pieces)


def told(body):
    """Give the events in as much of a response as has come."""
    events = []
    while len(body) >= 5:
        _flag, length = struct.unpack(">BI", body[:5])
        if len(body) < 5 + length:
            break
        events.append(events_pb2.EventSubscriptionResponse.FromString(body[5 : 5 + length]))
        body = body[5 + length :]
    return events


def test_the_pages_and_probes_are_there(server):
    base = server.endpoints["armonik_web"]
    with httpx.Client(base_url=base) as client:
        assert client.get("/admin/", follow_redirects=True).text == "<html>"
        assert client.get("/static/environment.json").json()["name"] == "lab"
        assert client.get("/static/gui_configuration").json() == {}
        assert [client.get(path).status_code for path in ("/startup", "/liveness", "/readiness")] == [200] * 3


def test_every_rpc_answers_or_says_why_not(server):
    with grpc.insecure_channel(server.endpoints["armonik"]) as channel:
        found = {
            f"{service.name}.{rpc.name}": outcome(channel, service, rpc)
            for service in SERVICES.values()
            for rpc in service.methods
        }
    assert len(found) == 61
    refused = {name: text for name, (code, text) in found.items() if code is grpc.StatusCode.UNIMPLEMENTED}
    assert {name.partition(".")[0] for name in refused} == {"Agent", "Worker"}
    assert all("is not served here: " in text for text in refused.values())
    assert len(refused) == 10
    odd = {name: said for name, said in found.items() if said[0] in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}}
    assert odd == {}


def outcome(channel, service, rpc):
    """Call an RPC with an empty request; gives its status, or OK for a stream that goes on."""
    request = GetMessageClass(rpc.input_type)()
    method = channel.stream_stream(
        f"/{service.full_name}/{rpc.name}",
        GetMessageClass(rpc.input_type).SerializeToString,
        GetMessageClass(rpc.output_type).FromString,
    )
    call = method(iter([request]), timeout=1.0)
    with contextlib.suppress(grpc.RpcError):
        for _ in call:
            pass
    code = call.code()
    return (grpc.StatusCode.OK if code is grpc.StatusCode.DEADLINE_EXCEEDED else code), call.details()
