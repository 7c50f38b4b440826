"""What no library does towards the master: protobuf on the wire, exact status codes, headers and framing."""

import base64
import http.client
import json
import uuid
from contextlib import closing

import pytest
from clients.mesos.messages import small, task
from clients.mesos.raw import JSON, PROTOBUF, SCHEDULER, Framework, Records, command, post, subscribe
from live.server import until

from portico.wire.mesos import master_pb2, mesos_pb2, scheduler_pb2  # noqa: TID251 — bytes as the wire has them

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]


@pytest.fixture
def one(master):
    with closing(Framework(master)) as framework:
        yield framework


def test_a_task_in_protobuf(one):
    offer = one.offer()
    assert offer.framework_id == one.id
    one.launch(offer, command("binary", offer, "exit 0"))
    states = [one.update("binary").state for _ in range(2)]
    assert states == [mesos_pb2.TASK_RUNNING, mesos_pb2.TASK_FINISHED]
    one.call("TEARDOWN")
    while one.stream.next() is not None:
        pass


@pytest.mark.parametrize("path", ["/master/api/v1/scheduler", "/api/v1/scheduler/"])
def test_other_names_of_the_scheduler_api(master, path):
    with closing(Framework(master, path)) as framework:
        assert framework.id.value


@pytest.mark.parametrize(
    ("asked", "told"), [(None, JSON), ("*/*", JSON), (PROTOBUF, PROTOBUF), (f"{PROTOBUF}, {JSON}", JSON)]
)
def test_each_side_chooses_its_encoding(master, asked, told):
    status, headers, body = post(master, "/api/v1", {"type": "GET_HEALTH"}, JSON, asked)
    assert (status, headers["Content-Type"]) == (200, told)
    if told == JSON:
        assert json.loads(body) == {"type": "GET_HEALTH", "get_health": {"healthy": True}}
    else:
        assert master_pb2.Response.FromString(body).get_health.healthy


def test_each_record_is_one_chunk_of_one_line(master):
    host, port = master.rsplit(":", 1)
    call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "zeilenweise ü"}}}
    headers = {"Content-Type": JSON, "Accept": JSON}
    with closing(http.client.HTTPConnection(host, int(port), timeout=15)) as connection:
        connection.request("POST", SCHEDULER, json.dumps(call), headers)
        answer = connection.getresponse()
        assert answer.headers["Transfer-Encoding"] == "chunked"
        kinds = []
        for _ in range(4):
            chunk = answer.fp.read(int(answer.fp.readline(), 16))
            assert answer.fp.read(2) == b"\r\n"
            length, body = chunk.split(b"\n", 1)
            assert (int(length), body.count(b"\n")) == (len(body), 0)
            kinds.append(json.loads(body)["type"])
        answer.close()
    assert kinds[:2] == ["SUBSCRIBED", "HEARTBEAT"]


SUBSCRIBE = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "x"}}}
WRONG = {
    "not a POST": ({"method": "GET"}, b"", 405, ""),
    "no type of content": ({"content_type": None}, b"{}", 400, ""),
    "a type of content nobody knows": ({"content_type": "text/plain"}, b"{}", 415, ""),
    "not JSON": ({}, b"{", 400, "Failed to parse body into JSON: "),
    "not protobuf": ({"content_type": PROTOBUF}, b"\xff\xff", 400, ""),
    "an unknown name": ({}, {"type": "NONSENSE"}, 400, "Failed to convert JSON into Call protobuf: "),
    "a field that must be": ({}, SUBSCRIBE | {"subscribe": {"framework_info": {}}}, 400, "Failed to convert JSON"),
    "a part that must be": (
        {},
        {"type": "SUBSCRIBE"},
        400,
        "Failed to validate scheduler::Call: Expecting 'subscribe'",
    ),
    "an answer nobody can give": ({"accept": "text/html"}, SUBSCRIBE, 406, ""),
    "a stream before there is one": ({"Mesos_Stream_Id": "x"}, SUBSCRIBE, 400, ""),
    "a framework nobody knows": ({}, {"type": "REVIVE", "framework_id": {"value": "nobody"}}, 400, ""),
    "no framework": ({}, {"type": "REVIVE"}, 400, "Failed to validate scheduler::Call: Expecting 'framework_id'"),
    "no kind of call": ({}, {}, 400, "Failed to validate scheduler::Call: Expecting 'type'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_call_is_said(master, case):
    more, call, status, text = WRONG[case]
    told, headers, body = post(master, SCHEDULER, call, **({"content_type": JSON, "accept": JSON} | more))
    assert (told, body.decode()[: len(text)]) == (status, text)
    if status == 405:
        assert headers["Allow"] == "POST"


@pytest.mark.parametrize("stream_id", [None, "", str(uuid.UUID(int=0))])
def test_only_the_holder_of_the_stream_may_call(one, master, stream_id):
    call = scheduler_pb2.Call(type="REVIVE", framework_id=one.id)
    assert post(master, SCHEDULER, call, Mesos_Stream_Id=stream_id)[0] == 400


def test_who_has_no_stream_may_not_call(master):
    info = mesos_pb2.FrameworkInfo(user="root", name="gone", failover_timeout=60)
    stream = Records(master, SCHEDULER, subscribe(info), scheduler_pb2.Event)
    framework_id, stream_id = stream.next().subscribed.framework_id, stream.headers["Mesos-Stream-Id"]
    stream.close()
    call = scheduler_pb2.Call(type="REVIVE", framework_id=framework_id)
    until(lambda: post(master, SCHEDULER, call, Mesos_Stream_Id=stream_id)[0] == 403, "the end of the subscription")
    info.id.CopyFrom(framework_id)
    again = subscribe(info)
    again.framework_id.CopyFrom(framework_id)
    with closing(Records(master, SCHEDULER, again, scheduler_pb2.Event)) as stream:
        assert stream.next().subscribed.framework_id == framework_id
        teardown = scheduler_pb2.Call(type="TEARDOWN", framework_id=framework_id)
        assert post(master, SCHEDULER, teardown, Mesos_Stream_Id=stream.headers["Mesos-Stream-Id"])[0] == 202


@pytest.mark.parametrize("role", ["a/b", ".", "-x", "a b", ""])
def test_roles_that_cannot_be(master, role):
    info = mesos_pb2.FrameworkInfo(user="root", name="x", role=role)
    with closing(Records(master, SCHEDULER, subscribe(info), scheduler_pb2.Event)) as stream:
        event = stream.next()
        assert event.type == event.ERROR
        assert event.error.message
        assert stream.next() is None


def test_events_of_the_master_in_protobuf(one, master):
    call = master_pb2.Call(type="SUBSCRIBE")
    with closing(Records(master, "/api/v1", call, master_pb2.Event)) as events:
        first = events.next()
        assert first.type == first.SUBSCRIBED
        assert len(first.subscribed.get_state.get_agents.agents) == 1
        assert "Mesos-Stream-Id" not in events.headers
        offer = one.offer()
        one.launch(offer, command("watched", offer, "exit 0"))
        added = events.until(lambda event: event.type == event.TASK_ADDED).task_added.task
        assert (added.task_id.value, added.framework_id) == ("watched", one.id)
        states = []
        while not states or states[-1] != mesos_pb2.TASK_FINISHED:
            states.append(events.until(lambda event: event.type == event.TASK_UPDATED).task_updated.state)
        assert states == [mesos_pb2.TASK_RUNNING, mesos_pb2.TASK_FINISHED]
        for _ in states:
            one.update("watched")


def test_the_way_to_the_leader(master):
    with closing(http.client.HTTPConnection(master, timeout=15)) as connection:
        connection.request("GET", "/master/redirect")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (307, f"//{master}")


def test_bytes_in_json_are_base64(one, master):
    offer = one.offer()
    told = {"value": offer.agent_id.value}
    info = task("coded", {"agent_id": told}, "exit 0", resources=small(), data=base64.b64encode(b"\0\xff").decode())
    operation = {"type": "LAUNCH", "launch": {"task_infos": [info]}}
    call = {
        "type": "ACCEPT",
        "framework_id": {"value": one.id.value},
        "accept": {"offer_ids": [{"value": offer.id.value}], "operations": [operation]},
    }
    assert post(master, SCHEDULER, call, JSON, JSON, Mesos_Stream_Id=one.stream_id)[0] == 202
    assert one.update("coded").state == mesos_pb2.TASK_RUNNING
    assert one.update("coded").state == mesos_pb2.TASK_FINISHED


def test_frameworks_that_come_and_go_leave_the_master_standing(master):
    for _ in range(150):
        Framework(master).close()
    with closing(Framework(master)) as one:
        assert one.offer().framework_id == one.id
