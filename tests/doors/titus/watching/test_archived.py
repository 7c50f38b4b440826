"""Tasks that end and are archived: told once, and only to those who were shown them."""

from doors.titus.looking_stage import job, task
from doors.titus.watching.stream_stage import FINISHED, QUERY, Requests, run, streaming


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
