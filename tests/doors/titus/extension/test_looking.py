import asyncio
import random

import msgspec
import pytest
from doors.titus.looking_stage import ALL, T0, LookingStage, criteria, job, task, uuid_of
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension import looking
from portico.doors.titus.extension.looking import FindJob, FindJobs, FindTask, FindTasks
from portico.doors.titus.extension.records import Status
from portico.doors.titus.inbound.criteria import read_criteria
from portico.doors.titus.inbound.pages import Page, read_cursor
from portico.doors.titus.outbound.pages import jobs_reply, tasks_reply
from portico.wire.titus import job_api_pb2


def run(story):
    return asyncio.run(story())


async def find_jobs(stage, page=ALL, **given_):
    found = await asked(stage, FindJobs(criteria(**given_), page))
    return [int(record.id[-12:]) for record in found.items], found.pagination


async def find_tasks(stage, page=ALL, **given_):
    found = await asked(stage, FindTasks(criteria(**given_), page))
    return [int(record.id[-12:]) - 1_000_000 for record in found.items], found.pagination


async def asked(stage, query):
    return await stage.plane.ask(query)


def test_jobs_and_tasks_are_found_active_and_archived():
    async def story():
        stage = LookingStage()
        put = stage.put(job(1))
        stage.put(task(1, put))
        assert (await asked(stage, FindJob(put.id))) is put
        assert (await asked(stage, FindTask(uuid_of(1_000_001)))).job == put.id
        stage.change(task(1, put), archived=True, status=Status("Finished", "normal", "", T0 + 5))
        over = stage.change(put, status=Status("Finished", "normal", "", T0 + 5), finished_at=T0 + 5)
        await stage.settle()
        assert not stage.standing.jobs
        assert not stage.standing.tasks
        assert (await asked(stage, FindJob(put.id))) == over
        assert (await asked(stage, FindTask(uuid_of(1_000_001)))).archived
        assert (await find_jobs(stage))[0] == []

    run(story)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (FindJob("j"), "INVALID_ARGUMENT"),
        (FindJob(""), "INVALID_ARGUMENT"),
        (FindJob("{00000000-0000-4000-8000-00000000000}"), "INVALID_ARGUMENT"),
        (FindTask("x" * 36), "INVALID_ARGUMENT"),
        (FindJob(uuid_of(9)), "JOB_ID_NOT_FOUND"),
        (FindTask(uuid_of(9)), "TASK_ID_NOT_FOUND"),
    ],
)
def test_ids_that_lead_nowhere_are_refused(query, code):
    async def story():
        with pytest.raises(TitusError) as refused:
            await asked(LookingStage(), query)
        assert refused.value.code.name == code

    run(story)


def test_answers_wait_until_what_they_saw_is_durable():
    async def story():
        stage = LookingStage()
        stage.writer.hold = True
        put = stage.put(job(1))
        queries = (
            FindJob(put.id),
            FindJobs(criteria(), ALL),
            FindJobs(criteria(owner="x"), ALL),
            FindTasks(criteria(), ALL),
        )
        waiting = [asyncio.ensure_future(asked(stage, query)) for query in queries]
        await stage.settle()
        assert not any(answer.done() for answer in waiting)
        stage.writer.flush()
        await asyncio.gather(*waiting)

    run(story)


def test_pages_are_described_as_the_api_has_it():
    async def story():
        stage = LookingStage()
        stage.put(*(job(number) for number in (3, 1, 2, 5, 4)))
        items, told = await find_jobs(stage, Page(2, 1))
        assert items == [3, 4]
        assert (told.currentPage.pageNumber, told.currentPage.pageSize) == (1, 2)
        assert (told.hasMore, told.totalPages, told.totalItems, told.cursorPosition) == (True, 3, 5, 3)
        assert read_cursor(told.cursor) == (T0 + 4, uuid_of(4))
        items, told = await find_jobs(stage, Page(2, 7, read_cursor(told.cursor), told.cursor))
        assert items == [5]
        assert told.currentPage.pageNumber == 2
        assert (told.hasMore, told.cursorPosition) == (False, 4)
        last = told.cursor
        for page in (Page(2, 9), Page(2, 0, read_cursor(last), last)):
            items, told = await find_jobs(stage, page)
            assert items == []
            assert (told.hasMore, told.totalPages, told.totalItems) == (False, 3, 5)
            assert (told.cursor, told.cursorPosition) == (last, 4)
        items, told = await find_jobs(stage, Page(2, 0, read_cursor(last), last), owner="nobody")
        assert items == []
        assert (told.cursor, told.cursorPosition, told.totalItems, told.totalPages) == ("", 0, 0, 0)

    run(story)


def test_entries_accepted_at_once_are_in_order_of_their_ids():
    async def story():
        stage = LookingStage()
        stage.put(*(job(number, accepted_at=T0) for number in (2, 3, 1)), job(0, accepted_at=T0 + 1))
        assert (await find_jobs(stage))[0] == [1, 2, 3, 0]
        assert (await find_jobs(stage, capacityGroup="DEFAULT"))[0] == [1, 2, 3, 0]

    run(story)


@settings(max_examples=30)
@given(st.integers(0, 1 << 30), st.integers(1, 7), st.booleans())
def test_whoever_follows_cursors_meets_what_stays_once(seed, size, filtered):
    async def story():
        chance = random.Random(seed)
        stage = LookingStage()
        numbers = list(range(40))
        stable = set(chance.sample(numbers, 20))
        stage.put(*(job(number * 10, accepted_at=T0 + number // 3) for number in numbers))
        passing = [number * 10 for number in numbers if number not in stable]
        met = []
        page = Page(size)
        while True:
            items, told = await find_jobs(stage, page, **({"appName": "app"} if filtered else {}))
            met += items
            for _ in range(chance.randrange(4)):
                if passing and chance.random() < 0.6:
                    gone = stage.standing.jobs[uuid_of(passing.pop(chance.randrange(len(passing))))]
                    stage.change(gone, status=Status("Finished", "normal", "", T0))
                else:
                    number = chance.randrange(400) * 10 + chance.randrange(1, 10)
                    if uuid_of(number) not in stage.standing.jobs:
                        stage.put(job(number, accepted_at=T0 + chance.randrange(15)))
            await stage.settle(2)
            if not told.hasMore:
                break
            page = Page(size, 0, read_cursor(told.cursor), told.cursor)
        assert len(met) == len(set(met))
        assert {number * 10 for number in stable} <= set(met)

    run(story)


# ---- filters ---------------------------------------------------------------------------------------------------------


def test_each_filter_finds_its_jobs():
    async def story():
        stage = LookingStage()
        one = job(1, kind="service", owner__teamEmail="o@1", applicationName="a1", capacityGroup="g1",
                  jobGroupInfo__stack="s1", jobGroupInfo__detail="d1", jobGroupInfo__sequence="q1",
                  container__image__name="i1", container__image__tag="t1", attributes={"k": "v", "only": ""})  # fmt: skip
        two = job(2, attributes={"k": "w"})
        three = job(3, state="KillInitiated")
        stage.put(one, two, three)
        stage.put(
            task(1, one, index=-1, migrate_by=T0 + 1_000),
            task(2, two, state="Accepted", code="podCreated"),
            task(3, two, state="Finished", code="killed"),
            task(4, two, state="Finished", code="crashed"),
            task(5, two, state="KillInitiated", code="stuckInState", stopped_as="stuckInState"),
        )
        for given_, expected in [
            ({"jobIds": f"{uuid_of(3)},{uuid_of(1)},{uuid_of(99)}"}, [1, 3]),
            ({"taskIds": f"{uuid_of(1_000_002)},{uuid_of(99)}"}, [2]),
            ({"taskIds": uuid_of(99)}, []),
            ({"owner": "o@1"}, [1]),
            ({"appName": "a1"}, [1]),
            ({"applicationName": "A1"}, []),
            ({"imageName": "i1"}, [1]),
            ({"imageTag": "t1"}, [1]),
            ({"capacityGroup": "g1"}, [1]),
            ({"jobGroupStack": "s1"}, [1]),
            ({"jobGroupDetail": "d1"}, [1]),
            ({"jobGroupSequence": "q1"}, [1]),
            ({"jobType": "service"}, [1]),
            ({"jobType": "Batch"}, [2, 3]),
            ({"attributes": "k"}, [1, 2]),
            ({"attributes": "k:v"}, [1]),
            ({"labels": "k:v,k:w"}, [1, 2]),
            ({"attributes": "k,k:w"}, [2]),
            ({"attributes": "k:v,only"}, [1]),
            ({"attributes": "k:w,only"}, []),
            ({"attributes": "k:w,only", "attributes.op": "or"}, [1, 2]),
            ({"attributes": "absent", "labels.op": "or"}, []),
            ({"jobState": "killInitiated"}, [3]),
            ({"taskStates": "started"}, [1]),
            ({"taskStates": "any"}, [1, 2]),
            ({"taskStateReasons": "nothing"}, [1, 2, 3]),
            ({"needsMigration": "true"}, [1]),
            ({"skipSystemFailures": "true"}, [1, 2, 3]),
            ({"taskStates": "accepted", "taskIds": uuid_of(1_000_003)}, [2]),
        ]:
            found = await asked(stage, FindJobs(read_criteria(given_), ALL))
            assert [int(record.id[-12:]) for record in found.items] == expected, given_
        for given_, expected in [
            ({"jobIds": uuid_of(2)}, [2, 3, 4, 5]),
            ({"taskIds": f"{uuid_of(1_000_003)},{uuid_of(1_000_001)}"}, [1, 3]),
            ({"appName": "a1"}, [1]),
            ({"taskStates": "Accepted,Finished"}, [2, 3, 4]),
            ({"taskStateReasons": "killed,podCreated"}, [2, 3]),
            ({"needsMigration": "true"}, [1]),
            ({"skipSystemFailures": "true"}, [1, 2, 3, 5]),
            ({"skipSystemFailures": "true", "jobType": "batch", "taskStates": "Finished"}, [3]),
        ]:
            found = await asked(stage, FindTasks(read_criteria(given_), ALL))
            assert [int(record.id[-12:]) - 1_000_000 for record in found.items] == expected, given_

    run(story)


def test_sidecars_are_found_by_name_and_channel():
    async def story():
        stage = LookingStage()
        with_sidecar = job(1)
        made = stage.put(with_sidecar)
        from portico.wire.titus import jobs_pb2

        descriptor = jobs_pb2.JobDescriptor.FromString(made.descriptor)
        descriptor.platformSidecars.add(name="mesh", channel="stable")
        descriptor.platformSidecars.add(name="logs", channel="beta")
        stage.change(made, descriptor=descriptor.SerializeToString())
        stage.put(job(2))
        assert (await find_jobs(stage, platformSidecar="mesh"))[0] == [1]
        assert (await find_jobs(stage, platformSidecarChannel="beta"))[0] == [1]
        assert (await find_jobs(stage, platformSidecar="mesh", platformSidecarChannel="stable"))[0] == [1]
        assert (await find_jobs(stage, platformSidecar="mesh", platformSidecarChannel="beta"))[0] == []

    run(story)


TEXTS = st.sampled_from(["a", "b"])
PAIRS = st.dictionaries(st.sampled_from("kl"), st.sampled_from(["", "v", "w"]))


def expected_job(asked_, record, facts, tasks):
    """Judge a job as plainly as can be."""
    states = [one.status.state for one in tasks]
    plain = {
        "applicationName": lambda value: facts["applicationName"] == value,
        "owner": lambda value: facts["owner__teamEmail"] == value,
        "jobType": lambda value: facts["kind"] == value,
        "jobState": lambda value: record.status.state == value,
        "taskStates": lambda value: any(state in value.split(",") for state in states),
        "attributes": lambda value: fits_attributes(value, asked_.get("attributes.op", "and"), facts["attributes"]),
        "attributes.op": lambda value: True,
    }
    return all(plain[key](value) for key, value in asked_.items())


def fits_attributes(listed, operator, attributes):
    wanted = {}
    for entry in listed.split(","):
        key, _, value = entry.partition(":")
        wanted.setdefault(key, []).append(value)
    fits = [key in attributes and (set(values) == {""} or attributes[key] in values) for key, values in wanted.items()]
    return any(fits) if operator == "or" else all(fits)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.fixed_dictionaries(
                {
                    "applicationName": TEXTS,
                    "owner__teamEmail": TEXTS,
                    "kind": st.sampled_from(["batch", "service"]),
                    "state": st.sampled_from(["Accepted", "KillInitiated"]),
                    "attributes": PAIRS,
                }
            ),
            st.lists(st.sampled_from(["Started", "Launched"]), max_size=2),
        ),
        max_size=6,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "applicationName": TEXTS,
            "owner": TEXTS,
            "jobType": st.sampled_from(["batch", "service"]),
            "jobState": st.sampled_from(["Accepted", "KillInitiated"]),
            "taskStates": st.sampled_from(["Started", "Launched", "Started,Launched"]),
            "attributes": st.lists(st.sampled_from(["k", "l", "k:v", "k:w", "l:v"]), min_size=1, max_size=3).map(
                ",".join
            ),
            "attributes.op": st.sampled_from(["and", "or"]),
        },
    ),
)
def test_filters_agree_with_a_plain_reading(jobs, asked_):
    async def story():
        stage = LookingStage()
        expected_jobs, expected_tasks = [], []
        number = 0
        for position, (facts, states) in enumerate(jobs):
            record = stage.put(job(position, **facts))
            tasks = []
            for state in states:
                number += 1
                tasks.append(stage.put(task(number, record, state=state)))
            if expected_job(asked_, record, facts, tasks):
                expected_jobs.append(record.id)
            expected_tasks += [one.id for one in tasks if expected_job(asked_, record, facts, [one])]
        wanted = read_criteria(asked_)
        found = await asked(stage, FindJobs(wanted, ALL))
        assert [record.id for record in found.items] == expected_jobs
        found = await asked(stage, FindTasks(wanted, ALL))
        assert [record.id for record in found.items] == expected_tasks

    run(story)


# ---- archive ---------------------------------------------------------------------------------------------------------


def test_archived_tasks_are_found_where_the_criteria_mean_them():
    async def story():
        stage = LookingStage()
        one, other = stage.put(job(1)), stage.put(job(2))
        stage.put(task(1, one, state="Finished", code="failed"), task(2, one), task(3, other))
        stage.put(
            task(10, one, state="Finished", code="crashed", archived=True, accepted_at=T0),
            task(11, one, state="Finished", code="normal", archived=True, accepted_at=T0 + 1),
            task(12, other, state="Finished", code="normal", archived=True),
        )
        await stage.settle()
        ids = uuid_of(1)
        assert (await find_tasks(stage, jobIds=ids))[0] == [1, 2]
        assert (await find_tasks(stage, jobIds=ids, taskStates="any"))[0] == [1, 2]
        assert (await find_tasks(stage, jobIds=ids, taskStates="finished"))[0] == [1]
        assert (await find_tasks(stage, taskStates="Finished"))[0] == [1]
        items, told = await find_tasks(stage, jobIds=ids, taskStates="Finished")
        assert items == [10, 1, 11]
        assert told.totalItems == 3
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished,Started"))[0] == [10, 1, 11, 2]
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", skipSystemFailures="true"))[0] == [1, 11]
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", taskStateReasons="normal"))[0] == [11]
        # other criteria do not narrow the archive
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", appName="x"))[0] == [10, 11]
        page, told = await find_tasks(stage, Page(2), jobIds=ids, taskStates="Finished")
        rest, _ = await find_tasks(
            stage, Page(2, 0, read_cursor(told.cursor), told.cursor), jobIds=ids, taskStates="Finished"
        )
        assert page + rest == [10, 1, 11]

    run(story)


def test_tasks_of_a_finished_job_are_in_the_archive():
    async def story():
        stage = LookingStage()
        one = stage.put(job(1))
        stage.put(task(1, one, state="Finished", archived=True))
        stage.change(one, status=Status("Finished", "normal", "", T0))
        await stage.settle()
        assert (await find_tasks(stage, jobIds=uuid_of(1), taskStates="Finished"))[0] == [1]
        assert (await find_tasks(stage, jobIds=uuid_of(1)))[0] == []

    run(story)


def test_tasks_of_a_finished_job_are_found_before_they_are_archived():
    async def story():
        stage = LookingStage()
        one, other = stage.put(job(1)), stage.put(job(2))
        stage.put(
            task(1, one, state="Finished", archived=True),
            task(2, one, state="Finished"),
            task(3, one, state="Finished", code="crashed"),
            task(4, other, state="Finished"),
        )
        stage.change(one, status=Status("Finished", "normal", "", T0))
        await stage.settle()
        ids = uuid_of(1)
        assert ids not in stage.standing.jobs
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished"))[0] == [1, 2, 3]
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", appName="x"))[0] == [1, 2, 3]
        assert (await find_tasks(stage, jobIds=ids, taskStates="Finished", skipSystemFailures="true"))[0] == [1, 2]
        assert (await find_tasks(stage, jobIds=ids))[0] == []

    run(story)


def test_a_moved_task_is_found_with_its_new_job():
    async def story():
        stage = LookingStage()
        one, other = stage.put(job(1, kind="service")), stage.put(job(2, kind="service"))
        moving = stage.put(task(1, one, index=-1))
        await stage.settle()
        moved = stage.put(msgspec.structs.replace(moving, job=other.id, moved=True, moved_from=one.id))
        assert (await find_tasks(stage, jobIds=one.id))[0] == []
        assert (await find_tasks(stage, jobIds=other.id))[0] == [1]
        stage.put(msgspec.structs.replace(moved, archived=True, status=Status("Finished", "normal", "", T0)))
        await stage.settle()
        assert (await find_tasks(stage, jobIds=other.id, taskStates="Finished"))[0] == [1]

    run(story)


# ---- replies ---------------------------------------------------------------------------------------------------------


def test_replies_are_messages_of_the_api():
    async def story():
        stage = LookingStage()
        made = stage.put(*(job(number) for number in range(200)))
        stage.put(task(1, made[0]))
        found = await asked(stage, FindJobs(criteria(), Page(150)))
        told = job_api_pb2.JobQueryResult.FromString(await jobs_reply(found, (), stage.encodings))
        assert [one.id for one in told.items] == [uuid_of(number) for number in range(150)]
        assert told.items[0].jobDescriptor.applicationName == "app"
        assert told.pagination == found.pagination
        told = job_api_pb2.JobQueryResult.FromString(await jobs_reply(found, ["status.state"], stage.encodings))
        assert told.items[0].id == uuid_of(0)
        assert not told.items[0].HasField("jobDescriptor")
        found = await asked(stage, FindTasks(criteria(), ALL))
        told = job_api_pb2.TaskQueryResult.FromString(await tasks_reply(found, ["jobId"], stage.encodings))
        assert [(one.id, one.jobId, one.HasField("status")) for one in told.items] == [
            (uuid_of(1_000_001), uuid_of(0), False)
        ]

    run(story)


@pytest.mark.parametrize(
    ("asked_for", "glance"), [({"owner": "nobody"}, looking.GLANCE), ({"taskStates": "Started"}, 2)]
)
def test_a_long_scan_gives_way_to_others(monkeypatch, asked_for, glance):
    monkeypatch.setattr(looking, "STEP", 0)

    async def story():
        stage = LookingStage()
        stage.put(*(job(number) for number in range(3_000)))
        await stage.settle()
        turns = 0
        answer = asyncio.ensure_future(asked(stage, FindJobs(criteria(**asked_for), ALL)))
        while not answer.done():
            await asyncio.sleep(0)
            turns += 1
        assert not answer.result().items
        assert turns > 3_000 // glance

    run(story)
