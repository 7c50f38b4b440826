"""What a job.v1 server has around it: health, reflection, metrics, limits; from outside."""

import asyncio
import threading

import pytest
from doors.jobv1.client import upstream
from doors.jobv1.client.remote import COMPLETED, Remote, RemoteError

from portico.control.queries import InstancePage
from portico.domain.errors import Exhausted
from portico.domain.jobs import Instance, InstanceState
from portico.doors.jobv1.errors import translate
from portico.doors.jobv1.service import DOOR, SERVICE, JobService, add_to_server
from portico.serving.addresses import Address
from portico.serving.grpc_server import GrpcServer, GrpcSettings
from portico.serving.metrics import Metrics
from portico.serving.registration import Registration


def test_health_is_told_for_the_whole_and_for_the_service(client):
    assert client.health() == client.health("job.v1.JobService") == "SERVING"
    with pytest.raises(RemoteError) as refusal:
        client.health("no.such.Service")
    assert refusal.value.code == "NOT_FOUND"


def test_reflection_names_the_service_and_describes_it(client):
    assert {"job.v1.JobService", "grpc.health.v1.Health"} <= set(client.services())
    described = client.symbol("job.v1.JobService")
    (methods,) = [methods for methods in described.values() if methods]
    assert set(methods) == {"GetVersion", "ScheduleJob", "ListRegisteredJobs", "LookupInstances", "CancelInstances"}


def test_metrics_count_by_kind(own_server, connect):
    kinds = (("good", "true", ""), ("bad", "false", ""), ("late", "sleep", 'timeout = "100ms"'))
    live = own_server(
        "".join(f'[kinds.{name}]\ncommand = ["{program}", "60"]\n{more}\n' for name, program, more in kinds)
    )
    remote = connect(live)
    uuids = [
        remote.schedule(kind)["uuid"] for kind, count in (("good", 3), ("bad", 2), ("late", 1)) for _ in range(count)
    ]
    for one in uuids:
        live.ended(one)
    seen = live.metrics()
    assert seen["go_job_registered"] == 3
    assert seen["go_job_workers"] == 0
    for name, kind, count in (("completed", "good", 3), ("terminated", "bad", 2), ("timedout", "late", 1)):
        assert seen[f'go_job_{name}_total{{kind="{kind}"}}'] == count
        assert seen[f'go_job_executed_total{{kind="{kind}"}}'] == count
        assert seen.get(f'go_job_queued{{kind="{kind}"}}', 0) == 0
    assert seen['go_job_completed_total{kind="bad"}'] == 0


class OneAnswer:
    """A control whose answer to everything is the same list of instances."""

    def __init__(self, count, words):
        self.instances = [
            Instance(
                id=f"{number:032x}",
                job="kind/echo",
                door=DOOR,
                created_at=1,
                scheduled_at=1,
                due_at=1,
                state=InstanceState.SUCCEEDED,
                arguments=words,
                started_at=1,
                ended_at=2,
            )
            for number in range(count)
        ]

    async def submit(self, command):
        return self.instances

    async def ask(self, query):
        """Give a page of at most 999, and another one while there is more."""
        start = int(query.after or 0)
        end = start + 999
        after = str(end) if end < len(self.instances) else ""
        assert query.through == ("last" if start else "")
        return InstancePage(self.instances[start:end], after, "last")


class Serving:
    """The door alone in a thread, with the bound of its choice."""

    def __init__(self, control, most_bytes, settings=None):
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._serve(control, most_bytes, settings),)
        )

    async def _serve(self, control, most_bytes, settings):
        service = JobService(control, "1.2.3", most_bytes)
        registration = Registration(lambda server: add_to_server(service, server), (SERVICE,), DOOR, translate)
        server = GrpcServer([registration], Metrics(), settings or GrpcSettings())
        self._stopped = asyncio.Event()
        (self.address,) = await server.start([Address("127.0.0.1", 0)])
        await server.open()
        self._ready.set()
        await self._stopped.wait()
        await server.stop(1.0)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return str(self.address)

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        self._loop.close()


@pytest.mark.parametrize("method", ["LookupInstances", "CancelInstances"])
def test_an_answer_beyond_the_limit_says_how_to_ask_for_less(stubs, method):
    with Serving(OneAnswer(1000, ("x" * 100,)), 50_000) as target:
        remote = Remote(stubs[upstream.LATER], target)
        with pytest.raises(RemoteError) as refusal:
            remote.call(method, {"query": {}})
        remote.close()
    assert refusal.value.code == "RESOURCE_EXHAUSTED"
    for way in ("query.kind", "query.state", "query.uuid", "50000"):
        assert way in refusal.value.details


class TooMany:
    """A control that finds more than it lists."""

    async def ask(self, query):
        raise Exhausted("500001 instances match, at most 500000 are listed at once; ask for less")


def test_more_instances_than_are_listed_says_how_to_ask_for_less(stubs):
    with Serving(TooMany(), 1 << 20) as target:
        remote = Remote(stubs[upstream.LATER], target)
        with pytest.raises(RemoteError) as refusal:
            remote.call("LookupInstances", {"query": {}})
        remote.close()
    assert refusal.value.code == "RESOURCE_EXHAUSTED"
    for way in ("query.kind", "query.state", "query.uuid", "500001"):
        assert way in refusal.value.details


def test_an_answer_is_never_cut_short(stubs):
    with Serving(OneAnswer(5000, ("x" * 1000,)), 16 << 20) as target:
        remote = Remote(stubs[upstream.LATER], target)
        found = remote.call("LookupInstances", bounds=False)["instances"]
        assert len({one["uuid"] for one in found}) == len(found) == 5000
        with pytest.raises(RemoteError) as refusal:  # the library's own bound of 4 MiB on the client's side
            remote.call("LookupInstances")
        remote.close()
    assert refusal.value.code == "RESOURCE_EXHAUSTED"


def test_a_request_beyond_the_limit_is_refused_and_the_next_is_served(stubs):
    with Serving(OneAnswer(1, ()), 1 << 20, GrpcSettings(receive_bytes=100_000)) as target:
        remote = Remote(stubs[upstream.LATER], target)
        with pytest.raises(RemoteError) as refusal:
            remote.schedule("echo", "x" * 200_000)
        assert refusal.value.code == "RESOURCE_EXHAUSTED"
        assert remote.lookup()[0]["state"] == COMPLETED
        remote.close()
