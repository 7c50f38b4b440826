"""What is joined by hand against what the messages themselves write."""

from doors.titus.looking_stage import descriptor
from hypothesis import given
from hypothesis import strategies as st

from portico.doors.titus.extension.records import ContainerFact, JobStage, Status, TaskStage, TitusJob, TitusTask
from portico.doors.titus.outbound import events
from portico.doors.titus.outbound.containers import container_states
from portico.doors.titus.outbound.encodings import MOST_TASK_BYTES, Encodings
from portico.doors.titus.outbound.fields import job_projection
from portico.doors.titus.outbound.tasks import LogPlaces
from portico.wire.titus import base_pb2, job_api_pb2, jobs_pb2

texts = st.text(st.characters(codec="utf-8"), max_size=200)
times = st.integers(0, 1 << 60)


def statuses(stages):
    return st.builds(Status, st.sampled_from([stage.value for stage in stages]), texts, texts, times)


names = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
image_parts = st.tuples(
    st.sampled_from(("portico/host", "acme/log", "registry:5000/acme/log", "registry.example/log")),
    st.sampled_from(("", "latest", "1.2")),
    st.sampled_from(("", "sha256:" + "0f" * 32)),
)
HEALTH = {None: 0, False: 1, True: 2}


def reference(parts):
    name, tag, digest = parts
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


jobs = st.builds(
    TitusJob,
    id=texts,
    descriptor=st.builds(lambda owner: descriptor(owner__teamEmail=owner).SerializeToString(), texts),
    status=statuses(JobStage),
    version=times,
    accepted_at=times,
    history=st.lists(statuses(JobStage), max_size=3).map(tuple),
)
tasks = st.builds(
    TitusTask,
    id=texts,
    job=texts,
    instance=texts,
    original=texts,
    status=statuses(TaskStage),
    version=times,
    accepted_at=times,
    index=st.integers(-1, 2000),
    resubmits=st.integers(0, 300),
    system_resubmits=st.integers(0, 3),
    eviction_resubmits=st.integers(0, 3),
    resubmit_of=texts,
    history=st.lists(statuses(TaskStage), max_size=3).map(tuple),
    attributes=st.dictionaries(texts, texts, max_size=3),
    context=st.dictionaries(texts, texts, max_size=3),
    healthy=st.none() | st.booleans(),
    moved_from=texts,
    migrate_by=times,
    migrate_since=times,
    archived=st.booleans(),
)


def fill(message, status):
    message.state = message.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_name[status.state].number
    message.reasonCode, message.reasonMessage, message.timestamp = status.code, status.message, status.at


@given(jobs)
def test_a_job_is_the_message_that_its_record_describes(job):
    expected = jobs_pb2.Job(id=job.id)
    expected.jobDescriptor.ParseFromString(job.descriptor)
    fill(expected.status, job.status)
    for status in job.history:
        fill(expected.statusHistory.add(), status)
    expected.version.timestamp = job.version
    encodings = Encodings()
    assert jobs_pb2.Job.FromString(encodings.job(job)) == expected
    listed = job_api_pb2.JobQueryResult.FromString(b"".join(encodings.listed_job(job)))
    assert list(listed.items) == [expected]
    expected.ClearField("jobDescriptor")
    expected.ClearField("statusHistory")
    under = encodings.job_under(job, job_projection(["status", "version"]))
    assert jobs_pb2.Job.FromString(under) == expected


@given(tasks)
def test_a_task_is_the_message_that_its_record_describes(task):
    expected = jobs_pb2.Task(id=task.id, jobId=task.job, taskContext=task.context, attributes=task.attributes)
    context = {
        "task.originalId": task.original,
        "task.resubmitNumber": str(task.resubmits),
        "task.systemResubmitNumber": str(task.system_resubmits),
        "task.evictionResubmitNumber": str(task.eviction_resubmits),
        "task.resubmitOf": task.resubmit_of,
        "task.index": str(task.index) if task.index >= 0 else "",
        "task.movedFromJob": task.moved_from,
    }
    expected.taskContext.update({key: value for key, value in context.items() if value or key == "task.originalId"})
    fill(expected.status, task.status)
    if task.healthy is not None:
        expected.status.containerState.add(containerName="main", containerHealth=2 if task.healthy else 1)
    for status in task.history:
        fill(expected.statusHistory.add(), status)
    if task.index < 0:
        expected.migrationDetails.needsMigration = task.migrate_by > 0
        expected.migrationDetails.deadline = task.migrate_by
        expected.migrationDetails.started = task.migrate_since
    expected.version.timestamp = task.version
    assert jobs_pb2.Task.FromString(Encodings().task(task)) == expected


@given(
    st.none() | st.booleans(),
    image_parts,
    st.lists(st.tuples(names, image_parts, st.booleans(), st.none() | st.booleans()), min_size=1, max_size=4),
)
def test_the_states_of_all_containers_are_the_very_bytes_of_the_message(healthy, image, further):
    facts = [ContainerFact(name, "r", reference(parts), sidecar, well) for name, parts, sidecar, well in further]
    task = a_task(healthy=healthy, image=reference(image), containers=tuple(facts))
    expected = jobs_pb2.TaskStatus()
    for name, parts, sidecar, well in [("main", image, False, healthy), *further]:
        state = expected.containerState.add(containerName=name, containerHealth=HEALTH[well])
        state.containerImage.name, state.containerImage.tag, state.containerImage.digest = parts
        state.platformSidecar = name if sidecar else ""
    assert container_states(task) == expected.SerializeToString()
    told = jobs_pb2.Task.FromString(Encodings().task(task)).status
    assert told.containerState == expected.containerState
    assert told.timestamp == 1


def a_task(**changes):
    common = {
        "id": "t",
        "job": "j",
        "instance": "i",
        "original": "t",
        "status": Status("Started", "normal", "", 1),
        "version": 1,
        "accepted_at": 1,
    }
    return TitusTask(**{**common, **changes})


def test_logs_are_told_once_it_is_known_where_they_are():
    encodings = Encodings()
    task = a_task()
    over = a_task(status=Status("Finished", "normal", "", 2))
    assert not jobs_pb2.Task.FromString(encodings.task(task)).HasField("logLocation")
    encodings.place(LogPlaces("http://h/ui/", "http://h/live/"))
    told = jobs_pb2.Task.FromString(encodings.task(task)).logLocation
    assert (told.ui.url, told.liveStream.url) == ("http://h/ui/t", "http://h/live/t")
    told = jobs_pb2.Task.FromString(encodings.task(over)).logLocation
    assert told.ui.url == "http://h/ui/t"
    assert not told.HasField("liveStream")


def test_an_encoding_is_kept_until_the_record_changes():
    encodings = Encodings()
    task = a_task()
    assert encodings.task(task) is encodings.task(task)
    changed = a_task(version=2)
    assert jobs_pb2.Task.FromString(encodings.task(changed)).version.timestamp == 2


def test_kept_encodings_are_bounded():
    encodings = Encodings()
    large = {"key": "x" * (1 << 20)}
    for number in range(40):
        encodings.task(a_task(id=str(number), attributes=large))
    assert encodings._task_bytes <= MOST_TASK_BYTES
    assert encodings._task_bytes == sum(len(kept.written) for kept in encodings._tasks.values())


@given(jobs, tasks, times, st.booleans(), st.booleans())
def test_changes_are_notifications(job, task, at, archived, moved):
    encodings = Encodings()
    told = job_api_pb2.JobChangeNotification.FromString(events.job_update(encodings.job(job), at, archived=archived))
    assert told.timestamp == at
    assert told.jobUpdate.archived is archived
    assert told.jobUpdate.job.id == job.id
    update = events.task_update(encodings.task(task), at, moved=moved, archived=archived)
    told = job_api_pb2.JobChangeNotification.FromString(update)
    assert told.timestamp == at
    assert (told.taskUpdate.movedFromAnotherJob, told.taskUpdate.archived) == (moved, archived)
    assert told.taskUpdate.task.id == task.id


def test_the_end_of_a_snapshot_and_answers_are_notifications():
    end = job_api_pb2.JobChangeNotification.FromString(events.SNAPSHOT_END)
    assert end.WhichOneof("Notification") == "snapshotEnd"
    assert end.timestamp == 0
    asked = base_pb2.KeepAliveRequest(requestId=7, timestamp=8)
    told = job_api_pb2.JobChangeNotification.FromString(events.keep_alive(asked, 9))
    assert told.keepAliveResponse.request == asked
    assert told.keepAliveResponse.timestamp == 9
