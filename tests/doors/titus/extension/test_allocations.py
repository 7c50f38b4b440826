"""Which ids the tasks of a job have, over any story of tasks."""

from hypothesis import given
from hypothesis import strategies as st

from portico.doors.titus.extension.allocations import Allocations
from portico.doors.titus.extension.context import ADDRESS, VOLUME
from portico.doors.titus.extension.records import Status, TitusTask

OFFERED = ("a", "b", "c")

changes = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["j1", "j2"]),
        st.dictionaries(st.sampled_from([ADDRESS, VOLUME]), st.sampled_from(OFFERED)),
        st.booleans(),
        st.booleans(),
    )
)


def task(number, job, context, *, archived):
    return TitusTask(
        id=f"t{number}",
        job=job,
        instance="i",
        original="t",
        status=Status("Started", "normal", "", 0),
        version=0,
        accepted_at=0,
        context=context,
        archived=archived,
    )


@given(changes)
def test_the_first_free_id_is_one_that_no_task_has(story):
    allocations = Allocations()
    tasks = {}
    for number, job, context, archived, gone in story:
        old = tasks.pop(number, None)
        new = None if gone else task(number, job, context, archived=archived)
        allocations(old, new)
        if new is not None:
            tasks[number] = new
        live = [one for one in tasks.values() if not one.archived]
        for of in ("j1", "j2"):
            for key in (ADDRESS, VOLUME):
                taken = {one.context.get(key) for one in live if one.job == of}
                expected = next((identity for identity in OFFERED if identity not in taken), "")
                assert allocations.first_free(of, key, OFFERED) == expected
        assert set(allocations._taken) == {one.job for one in live if one.context}
