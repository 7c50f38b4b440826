"""A snapshot and the changes behind it: durable, without a gap, and nothing twice."""

import msgspec
from doors.titus.looking_stage import job, task
from doors.titus.watching.stream_stage import FINISHED, Query, run, streaming
from hypothesis import given, settings
from hypothesis import strategies as st


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
                told = versions_told(watcher.heard)
                assert all(versions == sorted(set(versions)) for versions in told.values())  # nothing twice
                known = {identity: versions[-1] for identity, versions in told.items()}
                assert newest(stage.standing).items() <= known.items()

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


def versions_told(heard):
    """Give the versions of every job and task that a watcher was told, in the order in which it was."""
    told = {}
    for message in heard:
        record = message.jobUpdate.job if message.HasField("jobUpdate") else message.taskUpdate.task
        if record.id:
            told.setdefault(record.id, []).append(record.version.timestamp)
    return told


def newest(standing):
    """Give the versions of all active jobs and their tasks."""
    tasks = [record for record in standing.tasks.values() if record.job in standing.jobs]
    return {record.id: record.version for record in (*standing.jobs.values(), *tasks)}
