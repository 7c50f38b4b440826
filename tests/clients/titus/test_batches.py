"""Batch jobs and how they end: every outcome under every retry policy, and what the archive says afterwards."""

from __future__ import annotations

from collections import Counter

import pytest
from clients.titus.descriptors import FOREVER, batch, immediate
from clients.titus.waiting import archived, finished, started, states

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(120)]

MIXED = "case $TITUS_TASK_INDEX in 0) exit 0;; 1) exit 1;; 2) exec sleep 600;; esac"
POLICIES = {
    "immediate": immediate,
    "delayed": lambda retries: {"delayed": {"delayMs": 700, "retries": retries}},
    "backoff": lambda retries: {
        "exponentialBackOff": {"initialDelayMs": 400, "maxDelayIntervalMs": 800, "retries": retries}
    },
}
WAITS = {"immediate": (0, 0), "delayed": (700, 700), "backoff": (400, 800)}


def tries(tasks, index):
    """Give the tasks of one place in the job, in order."""
    found = [task for task in tasks if task["taskContext"]["task.index"] == str(index)]
    return sorted(found, key=lambda task: int(task["taskContext"]["task.resubmitNumber"]))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("again", [False, True], ids=["limit is final", "again on limit"])
def test_each_outcome_under_each_policy(grpc, policy, again):
    job = grpc.create(batch(MIXED, size=3, limit=5, retry=POLICIES[policy](2), again_on_limit=again))
    over = finished(grpc, job, 40)
    assert states(over) == [("Accepted", "normal"), ("Finished", "normal")]
    tasks = archived(grpc, job)
    good, bad, late = (tries(tasks, index) for index in range(3))
    assert [states(task)[-1] for task in good] == [("Finished", "normal")]
    assert [states(task)[-1] for task in bad] == [("Finished", "failed")] * 3
    assert [states(task)[-2:] for task in late] == [
        [("KillInitiated", "runtimeLimitExceeded"), ("Finished", "killed")]
    ] * (3 if again else 1)
    assert [task["taskContext"]["task.resubmitNumber"] for task in bad] == ["0", "1", "2"]
    assert [task["taskContext"].get("task.resubmitOf") for task in bad] == [None, bad[0]["id"], bad[1]["id"]]
    assert {task["taskContext"]["task.originalId"] for task in bad} == {bad[0]["id"]}
    for before, after, least in zip(bad, bad[1:], WAITS[policy], strict=False):
        ended, began = int(before["status"]["timestamp"]), int(after["statusHistory"][0]["timestamp"])
        assert began - ended >= least
        assert int(before["taskContext"]["task.retryDelay"].rstrip("ms")) == least


def test_a_large_batch_with_three_ends(rest):
    job = rest.create(batch("exit $((TITUS_TASK_INDEX % 3))", size=60))
    finished(rest, job, 60)
    tasks = archived(rest, job)
    ends = Counter(states(task)[-1] for task in tasks)
    assert ends == {("Finished", "normal"): 20, ("Finished", "failed"): 40}
    assert {int(task["taskContext"]["task.index"]) for task in tasks} == set(range(60))
    assert len(archived(rest, job, taskStateReasons="failed")) == 40
    assert len(archived(rest, job, taskStateReasons="normal")) == 20
    page = rest.tasks(25, jobIds=job, taskStates="Finished")
    seen = [task["id"] for task in page["items"]]
    while page["pagination"]["hasMore"]:
        page = rest.tasks(25, cursor=page["pagination"]["cursor"], jobIds=job, taskStates="Finished")
        seen += [task["id"] for task in page["items"]]
    assert sorted(seen) == sorted(task["id"] for task in tasks)
    assert len(seen) == 60


def test_a_killed_batch_ends_at_once(door):
    job = door.create(batch(FOREVER, size=4, retry=immediate(3)))
    started(door, job, 4)
    door.kill_job(job)
    over = finished(door, job)
    assert states(over)[-2:] == [("KillInitiated", "killed"), ("Finished", "normal")]
    assert [states(task)[-1] for task in archived(door, job)] == [("Finished", "killed")] * 4


def test_what_a_task_is_told_in_its_environment(door):
    script = "test $TITUS_JOB_ID && test $TITUS_TASK_ID && test $NETFLIX_EXECUTOR = titus && test $MINE = 1"
    wanted = " && test $TITUS_TASK_INDEX = 0 && test $TITUS_NUM_CPU = 1 && test $TITUS_NUM_MEM = 512"
    job = door.create(batch(script + wanted, container={"env": {"MINE": "1"}}))
    finished(door, job)
    assert [states(task)[-1] for task in archived(door, job)] == [("Finished", "normal")]


def test_a_program_that_is_not_there(door):
    job = door.create(batch(container={"entryPoint": ["/no/such/program"], "command": []}))
    finished(door, job)
    (task,) = archived(door, job)
    assert task["status"]["state"] == "Finished"
    assert task["status"]["reasonCode"] != "normal"
    assert "/no/such/program" in task["status"]["reasonMessage"]
