"""Checks of tasks, as a framework on the wire hears of them: first nothing, then each result that is another one."""

from __future__ import annotations

import http.server
import os
import signal
import threading
from contextlib import closing

import pytest
from clients.mesos.raw import Framework, command, resources

from portico.wire.mesos import mesos_pb2, scheduler_pb2  # noqa: TID251 — bytes as the wire has them

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]

C, S = mesos_pb2.CheckInfo, mesos_pb2.CheckStatusInfo
UPDATED = mesos_pb2.TaskStatus.REASON_TASK_CHECK_STATUS_UPDATED
SOON = {"delay_seconds": 0, "interval_seconds": 0.05, "timeout_seconds": 5}
INFO = mesos_pb2.FrameworkInfo(user="root", name="checks", failover_timeout=60)


@pytest.fixture
def one(master):
    with closing(Framework(master, info=INFO)) as framework:
        yield framework
        framework.call("TEARDOWN")


@pytest.fixture
def web():
    """Serve on the loopback interface, with the status that stands in `status`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(self.server.status if self.path == "/well" else 404)
            self.end_headers()

        def log_message(self, *_args):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.status = 200
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Code:
    """A file with the exit code of a check's command."""

    def __init__(self, place):
        self.place = place

    def say(self, code):
        draft = self.place.with_suffix(".new")
        draft.write_text(str(code))
        draft.rename(self.place)

    def check(self):
        info = C(type=C.COMMAND, **SOON)
        info.command.command.value = f"exit $(cat {self.place})"
        return info


@pytest.fixture
def code(tmp_path):
    tmp_path.chmod(0o755)
    made = Code(tmp_path / "code")
    made.say(3)
    return made


def checked(name, offer, check):
    info = command(name, offer, "exec sleep 100")
    info.check.CopyFrom(check)
    return info


def exited(value):
    return S(type=C.COMMAND, command=S.Command(exit_code=value))


def changed(framework, name, result):
    """Await that a result is told, with all that goes with it."""
    status = framework.update(name)
    assert (status.state, status.source) == (mesos_pb2.TASK_RUNNING, mesos_pb2.TaskStatus.SOURCE_EXECUTOR)
    assert (status.reason, status.check_status) == (UPDATED, result)
    return status


def test_each_type_of_check_tells_what_it_sees(one, code, web):
    port = web.server_address[1]
    offer = one.offer()
    tasks = {
        "command": (code.check(), S(type=C.COMMAND, command=S.Command()), exited(3)),
        "http": (
            C(type=C.HTTP, http=C.Http(port=port, path="/well"), **SOON),
            S(type=C.HTTP, http=S.Http()),
            S(type=C.HTTP, http=S.Http(status_code=200)),
        ),
    }
    for name, (check, empty, first) in tasks.items():
        one.launch(offer, checked(name, offer, check))
        status = one.update(name)
        assert (status.state, status.check_status) == (mesos_pb2.TASK_RUNNING, empty)
        assert not status.HasField("reason")
        changed(one, name, first)
        if name == "command":
            offer = one.offer()
    web.status = 503
    changed(one, "http", S(type=C.HTTP, http=S.Http(status_code=503)))
    code.say(0)
    changed(one, "command", exited(0))
    for name, last in (("command", exited(0)), ("http", S(type=C.HTTP, http=S.Http(status_code=503)))):
        one.call("KILL", kill=scheduler_pb2.Call.Kill(task_id=mesos_pb2.TaskID(value=name)))
        ended = one.update(name)
        assert (ended.state, ended.check_status) == (mesos_pb2.TASK_KILLED, last)


def test_no_answer_in_time_is_no_result(one, code):
    check = code.check()
    check.command.command.value = f"test $(cat {code.place}) = 3 || exec sleep 100; exit 3"
    check.timeout_seconds = 0.5
    offer = one.offer()
    one.launch(offer, checked("slow", offer, check))
    one.update("slow")
    changed(one, "slow", exited(3))
    code.say("slow")
    changed(one, "slow", S(type=C.COMMAND, command=S.Command()))
    code.say(3)
    changed(one, "slow", exited(3))


def test_a_task_of_a_group_is_checked(one, code):
    offer = one.offer()
    executor = mesos_pb2.ExecutorInfo(type="DEFAULT", framework_id=one.id, resources=resources())
    executor.executor_id.value = "group"
    executor.resources.append(mesos_pb2.Resource(name="disk", type="SCALAR", scalar=mesos_pb2.Value.Scalar(value=1)))
    accept = scheduler_pb2.Call.Accept(offer_ids=[offer.id])
    group = accept.operations.add(type="LAUNCH_GROUP").launch_group
    group.executor.CopyFrom(executor)
    group.task_group.tasks.append(checked("member", offer, code.check()))
    one.call("ACCEPT", accept=accept)
    assert one.update("member").state == mesos_pb2.TASK_RUNNING
    changed(one, "member", exited(3))
    code.say(4)
    changed(one, "member", exited(4))


def test_a_check_outlives_agent_and_master(code, server):
    with closing(Framework(server.endpoints["mesos_master"], info=INFO)) as one:
        offer = one.offer()
        one.launch(offer, checked("kept", offer, code.check()))
        one.update("kept")
        changed(one, "kept", exited(3))
        for pid in server.holders("agent").values():
            os.kill(pid, signal.SIGKILL)
        code.say(5)
        changed(one, "kept", exited(5))
        server.kill()
    code.say(6)
    server.start()
    info = mesos_pb2.FrameworkInfo()
    info.CopyFrom(INFO)
    info.id.CopyFrom(one.id)
    with closing(Framework(server.endpoints["mesos_master"], info=info)) as one:
        status = one.update("kept")
        if status.check_status == exited(5):  # said again, if the server died before it had the acknowledgement on disk
            status = one.update("kept")
        assert (status.reason, status.check_status) == (UPDATED, exited(6))
        one.call("TEARDOWN")


def test_a_terminal_has_its_window(one):
    offer = one.offer()
    info = command("wide", offer, 'test "$(stty size)" = "11 222"')
    info.container.type = mesos_pb2.ContainerInfo.MESOS
    info.container.tty_info.window_size.rows, info.container.tty_info.window_size.columns = 11, 222
    one.launch(offer, info)
    assert [one.update("wide").state for _ in range(2)] == [mesos_pb2.TASK_RUNNING, mesos_pb2.TASK_FINISHED]
