"""Projections against a reference that sees a message as the set of its leaves."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from portico.doors.titus.outbound.fields import job_projection, task_projection
from portico.wire.titus import jobs_pb2

words = st.sampled_from(["", "a", "b", "task.index", "x.y.z"])


@st.composite
def jobs(draw):
    job = jobs_pb2.Job(id=draw(words))
    made = job.jobDescriptor
    made.applicationName = draw(words)
    made.attributes.update(draw(st.dictionaries(words, words)))
    made.container.env.update(draw(st.dictionaries(words, words)))
    made.container.entryPoint.extend(draw(st.lists(words, max_size=2)))
    made.container.image.name = draw(words)
    for _ in range(draw(st.integers(0, 2))):
        made.container.resources.efsMounts.add(efsId=draw(words), mountPoint=draw(words))
    if draw(st.booleans()):
        made.batch.size = draw(st.integers(0, 3))
    else:
        made.service.capacity.desired = draw(st.integers(0, 3))
        made.service.enabled = draw(st.booleans())
    job.status.state = draw(st.integers(0, 2))
    for _ in range(draw(st.integers(0, 2))):
        job.statusHistory.add(reasonCode=draw(words), timestamp=draw(st.integers(0, 9)))
    job.version.timestamp = draw(st.integers(0, 9))
    return job


PATHS = [
    "id",
    "jobDescriptor",
    "jobDescriptor.applicationName",
    "jobDescriptor.attributes",
    "jobDescriptor.attributes.a",
    "jobDescriptor.attributes.task.index",
    "jobDescriptor.attributes.x.y.z",
    "jobDescriptor.container",
    "jobDescriptor.container.env.b",
    "jobDescriptor.container.entryPoint",
    "jobDescriptor.container.image.name",
    "jobDescriptor.container.resources.efsMounts.efsId",
    "jobDescriptor.batch",
    "jobDescriptor.batch.size",
    "jobDescriptor.service.capacity.desired",
    "jobDescriptor.service.enabled",
    "status",
    "status.state",
    "statusHistory.reasonCode",
    "statusHistory",
    "version.timestamp",
    " status.reasonCode ",
    "nothing",
    "status.nothing",
    "status.state.deeper",
    "jobDescriptor.nothing.at.all",
    "",
    ".",
    "jobDescriptor.",
]


def leaves(message, path=()):
    """Give (path, place, value) of all that is set; `place` tells entries of lists apart."""
    for field, value in message.ListFields():
        here = (*path, field.name)
        inner = field.message_type
        if inner is not None and inner.GetOptions().map_entry:
            yield from ((".".join((*here, key)), None, value[key]) for key in value)
        elif field.is_repeated and inner is not None:
            for index, entry in enumerate(value):
                yield ".".join(here), index, None
                yield from ((name, (index, place), leaf) for name, place, leaf in leaves(entry, here))
        elif inner is not None:
            yield ".".join(here), None, None
            yield from leaves(value, here)
        else:
            yield ".".join(here), None, tuple(value) if field.is_repeated else value


def exists(path):
    """Tell whether a name leads to a field or the key of a map."""
    kind = jobs_pb2.Job.DESCRIPTOR
    names = path.split(".")
    for index, name in enumerate(names):
        if kind is None or name not in kind.fields_by_name:
            return False
        field = kind.fields_by_name[name]
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            return True
        if index == len(names) - 1:
            return True
    return False


def reference(message, fields):
    """Keep a leaf when a name is its path or above it, and the containers on the way to a name."""
    wanted = {name.strip() for name in ("id", *fields) if exists(name.strip())}
    kept = set()
    for name, place, leaf in leaves(message):
        under = any(name == path or name.startswith(path + ".") for path in wanted)
        above = leaf is None and any(path.startswith(name + ".") for path in wanted)
        if under or above:
            kept.add((name, place, leaf))
    return kept


@given(jobs(), st.lists(st.sampled_from(PATHS), max_size=6))
def test_a_projection_keeps_what_was_asked_for_and_nothing_else(job, fields):
    projection = job_projection(fields)
    if projection is None:
        assert not any(field.strip() for field in fields)
        return
    cut = jobs_pb2.Job.FromString(projection.apply(job.SerializeToString()))
    assert set(leaves(cut)) == reference(job, fields)
    assert projection.wants("jobDescriptor") == any(
        exists(field.strip()) and field.strip().startswith("jobDescriptor") for field in fields
    )


@given(st.permutations(["status.state", "jobDescriptor", "jobDescriptor.batch.size", "id"]))
def test_the_order_of_fields_does_not_matter(fields):
    other = job_projection(["jobDescriptor", "status.state"])
    assert job_projection(fields) == other
    assert hash(job_projection(fields)) == hash(other)


@given(st.lists(st.text(max_size=12), max_size=5))
def test_any_names_can_be_asked_for(fields):
    projection = task_projection(fields)
    if projection is not None:
        task = jobs_pb2.Task(id="t", jobId="j")
        assert jobs_pb2.Task.FromString(projection.apply(task.SerializeToString())).id == "t"


def test_context_keys_have_dots():
    task = jobs_pb2.Task(id="t", taskContext={"task.index": "1", "task.originalId": "o", "agent.host": "h"})
    cut = task_projection(["taskContext.task.index", "taskContext.agent.host"]).apply(task.SerializeToString())
    assert dict(jobs_pb2.Task.FromString(cut).taskContext) == {"task.index": "1", "agent.host": "h"}


def test_no_fields_are_all_fields():
    assert job_projection([]) is None
    assert task_projection(itertools.repeat(" ", 3)) is None


def test_projections_of_jobs_and_tasks_are_never_the_same():
    assert job_projection(["id"]) != task_projection(["id"])
