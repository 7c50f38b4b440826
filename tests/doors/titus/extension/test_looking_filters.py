"""What each criterion of a search finds, alone and together."""

from doors.titus.looking_stage import ALL, T0, LookingStage, asked, find_jobs, job, run, task, uuid_of
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.doors.titus.extension.looking import FindJobs, FindTasks
from portico.doors.titus.inbound.criteria import read_criteria
from portico.wire.titus import jobs_pb2


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
