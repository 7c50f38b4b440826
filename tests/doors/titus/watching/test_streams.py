import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest
from doors.titus.looking_stage import T0, LookingStage, job, task, uuid_of
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.domain.errors import Exhausted, PorticoError
from portico.doors.titus import errors
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension.records import Status
from portico.doors.titus.watching.streams import Streams
from portico.doors.titus.watching.subscriptions import Bounds, Subscription
from portico.wire.titus import base_pb2, job_api_pb2

FINISHED = Status("Finished", "normal", "", T0 + 50)
Query = job_api_pb2.ObserveJobsQuery


class Watching:
    """Someone who reads a stream and writes down what it says."""

    def __init__(self, messages):
        self.heard = []
        self.error = None
        self.done = False
        self._messages = messages
        self.task = asyncio.ensure_future(self._read())

    async def _read(self):
        try:
            async for message in self._messages:
                self.heard.append(job_api_pb2.JobChangeNotification.FromString(message))
            self.done = True
        except PorticoError as error:
            self.error = error
        finally:
            await self._messages.aclose()

    @property
    def told(self):
        """What was heard, in short."""
        return [shown(message) for message in self.heard]

    def since_snapshot(self):
        told = self.told
        return told[told.index("end") + 1 :]


def shown(message):
    match message.WhichOneof("Notification"):
        case "jobUpdate":
            job = message.jobUpdate.job
            archived = " archived" if message.jobUpdate.archived else ""
            return f"job {int(job.id[-12:])} {state(job)}{archived}"
        case "taskUpdate":
            task = message.taskUpdate.task
            marks = " moved" * message.taskUpdate.movedFromAnotherJob + " archived" * message.taskUpdate.archived
            return f"task {int(task.id[-12:]) - 1_000_000} {state(task)}{marks}"
        case "snapshotEnd":
            return "end"
        case "keepAliveResponse":
            return f"alive {message.keepAliveResponse.request.requestId}"


def state(message):
    described = message.status.DESCRIPTOR.fields_by_name["state"].enum_type
    return described.values_by_number[message.status.state].name


@asynccontextmanager
async def streaming(bounds=None):
    stage = LookingStage()
    streams = Streams(stage.standing, stage.encodings, bounds)
    running = asyncio.ensure_future(streams.run())
    watchers = []

    def watch(messages):
        watchers.append(Watching(messages))
        return watchers[-1]

    stage.watch = watch
    stage.streams = streams
    try:
        yield stage
    finally:
        for watcher in watchers:
            watcher.task.cancel()
        await asyncio.gather(*(watcher.task for watcher in watchers), return_exceptions=True)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not len(streams._follower._groups)


def run(story):
    asyncio.run(story())


def test_a_job_is_observed_from_its_snapshot_to_its_end():
    async def story():
        async with streaming() as stage:
            one, other = stage.put(job(1)), stage.put(job(2))
            first = stage.put(task(1, one, state="Launched"))
            stage.put(task(9, other))
            watcher = stage.watch(stage.streams.observe_job(one.id))
            await stage.settle()
            assert watcher.told == ["job 1 Accepted", "task 1 Launched", "end"]
            assert watcher.heard[0].timestamp == T0
            assert watcher.heard[2].timestamp == 0
            assert not watcher.heard[1].taskUpdate.movedFromAnotherJob
            stage.change(first, status=Status("Started", "normal", "", T0 + 9))
            stage.change(other, history=(FINISHED,))
            stage.change(first, status=FINISHED)
            second = stage.change(first, archived=True)
            stage.put(task(2, one, state="Accepted"))
            await stage.settle()
            assert watcher.since_snapshot() == [
                "task 1 Started",
                "task 1 Finished",
                "task 1 Finished archived",
                "task 2 Accepted",
            ]
            assert second.archived
            stage.put(task(2, one, state="Finished", archived=True))
            stage.change(one, status=FINISHED)
            await stage.settle()
            assert watcher.since_snapshot()[4:] == ["task 2 Finished", "task 2 Finished archived", "job 1 Finished"]
            assert watcher.done

    run(story)


def test_the_end_of_a_task_is_told_once_before_it_is_archived():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            ended, at_once = stage.put(task(1, one, state="Finished")), stage.put(task(2, one))
            watcher = stage.watch(stage.streams.observe_job(one.id))
            await stage.settle()
            stage.change(ended, archived=True)
            stage.change(at_once, status=FINISHED, archived=True)
            await stage.settle()
            assert watcher.since_snapshot() == [
                "task 1 Finished archived",
                "task 2 Finished",
                "task 2 Finished archived",
            ]

    run(story)


@pytest.mark.parametrize("identity", [uuid_of(5), uuid_of(1)])
def test_a_job_that_is_not_active_cannot_be_observed(identity):
    async def story():
        async with streaming() as stage:
            stage.put(job(1, state="Finished"))
            watcher = stage.watch(stage.streams.observe_job(identity))
            await stage.settle()
            assert watcher.error.code.name == "JOB_NOT_FOUND"

    run(story)


def test_all_jobs_are_observed_without_end_and_without_what_is_archived():
    async def story():
        async with streaming() as stage:
            one, two = stage.put(job(1)), stage.put(job(2))
            first = stage.put(task(1, one))
            watcher = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            assert watcher.told == ["job 1 Accepted", "task 1 Started", "job 2 Accepted", "end"]
            stage.change(first, status=FINISHED, archived=True)
            stage.change(one, status=FINISHED)
            stage.change(two, status=Status("KillInitiated", "killed", "", T0))
            stage.put(job(3))
            await stage.settle()
            assert watcher.since_snapshot() == [
                "task 1 Finished",
                "job 1 Finished",
                "job 2 KillInitiated",
                "job 3 Accepted",
            ]
            assert not watcher.done

    run(story)


def test_tasks_that_fall_behind_a_finished_job_are_still_told():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            last = stage.put(task(1, one))
            watcher = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"appName": "app"})))
            other = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"appName": "b"})))
            await stage.settle()
            stage.change(one, status=FINISHED)
            await stage.settle()
            assert not stage.standing.jobs
            stage.change(last, status=FINISHED, archived=True)
            await stage.settle()
            assert watcher.since_snapshot() == ["job 1 Finished", "task 1 Finished"]
            assert other.since_snapshot() == []

    run(story)


def test_tasks_that_no_snapshot_has_are_not_told_when_they_are_archived():
    async def story():
        async with streaming() as stage:
            one, two = stage.put(job(1)), stage.put(job(2))
            left, shown_one = stage.put(task(1, one, state="Finished")), stage.put(task(2, two, state="Finished"))
            stage.change(one, status=FINISHED)
            await stage.settle()
            watcher = stage.watch(stage.streams.keep_alive(Requests(QUERY)))
            await stage.settle()
            assert watcher.told == ["job 2 Accepted", "task 2 Finished", "end"]
            stage.change(left, archived=True)
            stage.change(shown_one, archived=True)
            await stage.settle()
            assert watcher.since_snapshot() == ["task 2 Finished archived"]

    run(story)


def test_who_joins_between_the_end_of_a_job_and_its_archiving_hears_only_of_what_was_shown():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            left = stage.put(task(1, one, state="Finished"))
            before = stage.watch(stage.streams.keep_alive(Requests(QUERY)))
            await stage.settle()
            stage.change(one, status=FINISHED)
            await stage.settle()
            between = stage.watch(stage.streams.keep_alive(Requests(QUERY)))
            await stage.settle()
            stage.change(left, archived=True)
            await stage.settle()
            assert before.since_snapshot() == ["job 1 Finished", "job 1 Finished archived", "task 1 Finished archived"]
            assert between.told == ["end"]

    run(story)


def test_filters_are_asked_at_each_change():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1, attributes={"k": "v"}))
            stage.put(job(2))
            first = stage.put(task(1, one, state="Started"))
            stage.put(task(2, one, state="Launched"))
            by_task = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"taskStates": "Started"})))
            by_job = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"attributes": "k:v"})))
            by_id = stage.watch(stage.streams.observe_jobs(Query(filteringCriteria={"jobIds": uuid_of(2)})))
            await stage.settle()
            assert by_task.told == ["job 1 Accepted", "task 1 Started", "end"]
            assert by_job.told == ["job 1 Accepted", "task 1 Started", "task 2 Launched", "end"]
            assert by_id.told == ["job 2 Accepted", "end"]
            stage.change(first, status=FINISHED)
            stage.change(one, descriptor=job(1).descriptor)
            stage.change(job(2), history=(FINISHED,))
            await stage.settle()
            assert by_task.since_snapshot() == []
            assert by_job.since_snapshot() == ["task 1 Finished"]
            assert by_id.since_snapshot() == ["job 2 Accepted"]

    run(story)


def test_projections_keep_the_id():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            stage.put(task(1, one))
            query = Query(jobFields=["jobDescriptor.applicationName"], taskFields=["jobId"])
            watcher = stage.watch(stage.streams.observe_jobs(query))
            await stage.settle()
            stage.change(one, history=(FINISHED,))
            stage.change(task(1, one), history=(FINISHED,))
            await stage.settle()
            for index in (0, 3):
                told = watcher.heard[index].jobUpdate.job
                assert (told.id, told.jobDescriptor.applicationName) == (one.id, "app")
                assert [field.name for field, _ in told.ListFields()] == ["id", "jobDescriptor"]
                told = watcher.heard[index + 1].taskUpdate.task
                assert [field.name for field, _ in told.ListFields()] == ["id", "jobId"]

    run(story)


def test_a_moved_task_is_told_with_its_new_job():
    async def story():
        async with streaming() as stage:
            one, two = stage.put(job(1, kind="service")), stage.put(job(2, kind="service"))
            moving = stage.put(task(1, one, index=-1))
            old, new = (stage.watch(stage.streams.observe_job(record.id)) for record in (one, two))
            await stage.settle()
            moved = stage.change(moving, job=two.id, moved=True, moved_from=one.id)
            await stage.settle()
            assert old.since_snapshot() == []
            assert new.since_snapshot() == ["task 1 Started moved"]
            stage.change(moved, moved=False, history=(FINISHED,))
            await stage.settle()
            assert new.since_snapshot()[1:] == ["task 1 Started"]

    run(story)


def test_nothing_leaves_before_it_is_durable_and_nothing_is_told_twice():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            await stage.settle()
            first = stage.watch(stage.streams.observe_job(one.id))
            await stage.settle()
            stage.writer.hold = True
            stage.put(task(1, one, state="Launched"))
            second = stage.watch(stage.streams.observe_job(one.id))
            await stage.settle()
            stage.put(task(2, one))
            await stage.settle()
            assert first.told == ["job 1 Accepted", "end"]
            assert second.told == []
            stage.writer.flush()
            await stage.settle()
            assert first.since_snapshot() == ["task 1 Launched", "task 2 Started"]
            assert second.told == ["job 1 Accepted", "task 1 Launched", "end", "task 2 Started"]

    run(story)


# ---- keep-alive ------------------------------------------------------------------------------------------------------


class Requests:
    """A client's side of the stream with two directions."""

    def __init__(self, *first):
        self._queue = asyncio.Queue()
        for request in first:
            self._queue.put_nowait(request)

    def send(self, request):
        self._queue.put_nowait(request)

    def alive(self, number):
        self.send(request(number))

    def close(self):
        self._queue.put_nowait(None)

    def __aiter__(self):
        return self

    async def __anext__(self):
        request = await self._queue.get()
        if request is None:
            raise StopAsyncIteration
        if isinstance(request, Exception):
            raise request
        return request


QUERY = job_api_pb2.ObserveJobsWithKeepAliveRequest(query=Query())


def request(number):
    return job_api_pb2.ObserveJobsWithKeepAliveRequest(keepAliveRequest=base_pb2.KeepAliveRequest(requestId=number))


def test_keep_alive_requests_are_answered_behind_the_snapshot_and_what_happened_before():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            requests = Requests(QUERY, request(1), request(2))
            watcher = stage.watch(stage.streams.keep_alive(requests))
            await stage.settle(30)
            assert watcher.told[:2] == ["job 1 Accepted", "end"]
            assert watcher.told[-1] == "alive 2"
            assert watcher.heard[-1].keepAliveResponse.timestamp == T0
            stage.writer.hold = True
            stage.change(one, status=Status("KillInitiated", "killed", "", T0))
            stage.writer.flush()
            requests.alive(3)
            await stage.settle(30)
            told = watcher.told
            assert told[told.index("job 1 KillInitiated") :] == ["job 1 KillInitiated", "alive 3"]

    run(story)


def test_keep_alive_streams_tell_what_is_archived_and_outlive_the_half_close():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            first = stage.put(task(1, one))
            requests = Requests(QUERY)
            watcher = stage.watch(stage.streams.keep_alive(requests))
            await stage.settle()
            requests.close()
            await stage.settle()
            stage.change(first, status=FINISHED, archived=True)
            stage.change(one, status=FINISHED)
            await stage.settle()
            assert watcher.since_snapshot() == [
                "task 1 Finished",
                "task 1 Finished archived",
                "job 1 Finished",
                "job 1 Finished archived",
            ]
            assert not watcher.done

    run(story)


@pytest.mark.parametrize("first", [None, request(1), job_api_pb2.ObserveJobsWithKeepAliveRequest()])
def test_the_first_request_must_be_the_query(first):
    async def story():
        async with streaming() as stage:
            watcher = stage.watch(stage.streams.keep_alive(Requests(first)))
            await stage.settle()
            assert watcher.error.code.name == "INVALID_ARGUMENT"

    run(story)


def test_a_request_that_cannot_be_read_ends_its_own_stream_only():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            requests = Requests(QUERY)
            broken = stage.watch(stage.streams.keep_alive(requests))
            healthy = stage.watch(stage.streams.keep_alive(Requests(QUERY)))
            await stage.settle()
            requests.send(errors.invalid_argument("unreadable"))
            await stage.settle()
            assert "unreadable" in str(broken.error)
            stage.change(one, history=(FINISHED,))
            await stage.settle()
            assert healthy.since_snapshot() == ["job 1 Accepted"]

    run(story)


def test_a_flood_of_requests_takes_one_place_among_the_changes():
    async def story():
        async with streaming() as stage:
            stage.put(job(1))
            requests = Requests(QUERY)
            watcher = stage.watch(stage.streams.keep_alive(requests))
            await stage.settle()
            follower = stage.streams._follower
            (group,) = follower._groups
            (subscription,) = group.subscriptions
            for number in range(50_000):
                follower.ask(subscription, base_pb2.KeepAliveRequest(requestId=number))
            assert len(follower._watcher._queue) == 1
            await stage.settle(30)
            assert watcher.error is None
            assert watcher.told[-1] == "alive 49999"
            assert len(watcher.since_snapshot()) <= 2

    run(story)


def test_answers_without_news_between_them_take_each_others_place():
    async def story():
        subscription = Subscription(0)
        for message in (b"news", b"alive1"):
            subscription.send(message) if message == b"news" else subscription.answer(message)
        subscription.answer(b"alive2")
        subscription.send(b"more")
        subscription.answer(b"alive3")
        subscription.finish()
        assert [message async for message in subscription.messages()] == [b"news", b"alive2", b"more", b"alive3"]

    run(story)


# ---- slow watchers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bounds", [Bounds(messages=5), Bounds(bytes=400)])
def test_a_watcher_that_does_not_read_is_cut_off_alone(bounds):
    async def story():
        async with streaming(bounds) as stage:
            one = stage.put(job(1))
            await stage.settle()
            reading = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            stuck = stage.streams.observe_jobs(Query())
            snapshot = [await anext(stuck), await anext(stuck)]
            assert len(snapshot) == 2
            for _ in range(20):
                stage.change(one, history=(FINISHED,))
                await stage.settle(4)
            await stage.settle()
            assert len(reading.since_snapshot()) == 20
            assert stage.streams._follower._groups.of("") == stage.streams._follower._groups.of(one.id)
            (group,) = stage.streams._follower._groups
            assert len(group.subscriptions) == 1
            with pytest.raises(TitusError) as refused:
                await anext(stuck)
            assert refused.value.code.name == "TOO_SLOW"

    run(story)


def test_a_follower_that_falls_behind_ends_its_streams_and_begins_anew():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            watcher = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            stage.streams._follower._watcher._limit = 3
            stage.writer.hold = True
            for _ in range(5):
                stage.change(one, history=(FINISHED,))
            stage.writer.flush()
            stage.writer.hold = False
            await stage.settle()
            assert isinstance(watcher.error, Exhausted)
            watcher = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            stage.change(one, history=())
            await stage.settle()
            assert watcher.told == ["job 1 Accepted", "end", "job 1 Accepted"]

    run(story)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["job", "task", "change", "end", "watch", "flush", "hold", "turn", "both"]), st.integers(0, 9)
    ),
    max_size=40,
)


@settings(max_examples=60)
@given(OPERATIONS)
def test_whoever_joins_whenever_knows_at_last_what_is_true(operations):
    """A snapshot and the changes behind it leave no gap and say nothing twice."""

    async def story():
        async with streaming() as stage:
            watchers = []
            for made, (what, number) in enumerate(operations):
                if what == "watch":
                    watchers.append(stage.watch(stage.streams.observe_jobs(Query())))
                elif what == "turn":
                    await stage.settle(number)
                else:
                    act(stage, what, number, made)
            act(stage, "flush", 0, 0)
            await stage.settle(30)
            for watcher in watchers:
                check_knowledge(stage.standing, watcher.heard)

    run(story)


def act(stage, what, number, made):
    """Do one thing to a plane; those that need an active job do nothing without one."""
    if what in ("flush", "hold"):
        stage.writer.hold = what == "hold"
        stage.writer.flush()
        return
    if what == "job":
        stage.put(job(made))
        return
    jobs = [record for record in stage.standing.jobs.values() if not record.finished]
    if not jobs:
        return
    chosen = jobs[number % len(jobs)]
    longer = msgspec.structs.replace(chosen, history=(*chosen.history, FINISHED))
    stage.put(
        *{
            "task": (task(made, chosen),),
            "change": (longer,),
            "both": (longer, task(made, chosen)),
            "end": (msgspec.structs.replace(chosen, status=FINISHED),),
        }[what]
    )


def check_knowledge(standing, heard):
    """Make sure that a watcher knows the newest of every active job and its tasks, and heard nothing twice."""
    known = {}
    for message in heard:
        record = message.jobUpdate.job if message.HasField("jobUpdate") else message.taskUpdate.task
        if record.id:
            assert known.get(record.id, -1) < record.version.timestamp
            known[record.id] = record.version.timestamp
    for identity, record in standing.jobs.items():
        assert known.get(identity) == record.version
    for identity, record in standing.tasks.items():
        if record.job in standing.jobs:
            assert known.get(identity) == record.version


def test_watchers_of_the_same_share_one_group_and_leave_nothing_behind():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            streams = stage.streams
            watchers = [
                *(stage.watch(streams.observe_jobs(Query(filteringCriteria={"jobIds": one.id}))) for _ in range(3)),
                *(stage.watch(streams.observe_jobs(Query(jobFields=["id"]))) for _ in range(3)),
                stage.watch(streams.observe_job(one.id)),
            ]
            await stage.settle()
            groups = streams._follower._groups
            assert len(groups) == 2
            assert sorted(len(group.subscriptions) for group in groups) == [3, 4]
            for watcher in watchers:
                watcher.task.cancel()
            await stage.settle()
            assert len(groups) == 0
            assert not groups._by_job
            assert not groups._everywhere

    run(story)


def test_streams_that_begin_at_the_same_moment_share_its_records():
    async def story():
        async with streaming() as stage:
            one = stage.put(job(1))
            stage.put(task(1, one))
            await stage.settle()
            moments = stage.streams._moments
            first = moments.now(frozenset())
            assert moments.now(frozenset()) is first
            stage.put(job(2))
            second = moments.now(frozenset())
            assert (len(first.jobs), len(second.jobs)) == (1, 2)
            assert [len(tasks) for tasks in await asyncio.gather(*(second.tasks_by_job() for _ in range(3)))] == [1] * 3
            del first, second
            assert moments._last() is None

    run(story)


def test_all_streams_end_when_the_plane_does():
    async def story():
        async with streaming() as stage:
            stage.put(job(1))
            watcher = stage.watch(stage.streams.observe_jobs(Query()))
            await stage.settle()
            stage.plane.hub.close_all()
            await stage.settle()
            assert watcher.done

    run(story)
