"""What must be true of a batch job that is over, from its tasks as told and from the files they wrote."""

from __future__ import annotations

from itertools import pairwise

from crash.judging import faults, read

NEVER_RAN = {"lost", "killed"}
"""How a task may have ended that wrote down nothing."""


def starts(path):
    """Give the lines of a file that tell of a start."""
    return [line for line in read(path) if line.what == "start"]


def batch_faults(tasks, wanted, killed, files):
    """Name what is wrong with a batch job's tasks; of one that may have been killed only that they are over."""
    for task in tasks:
        if task["status"]["state"] != "Finished":
            yield f"is over, and its task {task['id']} is {task['status']['state']}"
    for index in range(wanted.size):
        mine = [task for task in tasks if task["taskContext"]["task.index"] == str(index)]
        mine.sort(key=_number)
        yield from (f"place {index}: {fault}" for fault in _place_faults(mine, index, wanted, killed))
        written = files / f"{wanted.name}-{index}"
        yield from (f"place {index}: {fault}" for fault in _written_faults(mine, written))


def _place_faults(tasks, index, wanted, killed):
    """Judge the tasks of one place: they follow each other, and end by the job's policy."""
    if [_number(task) for task in tasks] != list(range(len(tasks))):
        yield f"its tasks have the numbers {[_number(task) for task in tasks]}"
    codes = [task["status"]["reasonCode"] for task in tasks]
    counted = [code for code in codes if code not in {"normal", "transientSystemError", "localSystemError"}]
    if "normal" in codes[:-1] or len(counted) > wanted.retries + 1:
        yield f"ended {codes} with {wanted.retries} retries"
    if killed:
        return
    if not tasks:
        yield "has no task"
    elif wanted.endless:
        if "normal" in codes or "failed" in codes or ("killed" in codes) != (codes[-1] == "killed"):
            yield f"ended {codes}, and was to reach its limit of time"
    elif index % 3 == 2:
        if "normal" in codes or "killed" in codes or len(counted) != wanted.retries + 1:
            yield f"ended {codes} with {wanted.retries} retries, and always fails"
    elif "failed" in codes or "killed" in codes or (codes[-1] != "normal" and len(counted) != wanted.retries + 1):
        yield f"ended {codes} with {wanted.retries} retries, and never fails"


def _written_faults(tasks, path):
    """Judge what the tasks of one place wrote down: each began at most once, and those that ended by themselves did."""
    lines = read(path)
    yield from faults(lines, completed=False)
    for task in tasks:
        mine = [line.what for line in lines if line.attempt == task["id"]]
        code = task["status"]["reasonCode"]
        if code in {"normal", "failed"} and mine != ["start", "end"]:
            yield f"{task['id']} is {code} and did {mine}"
        if not mine and code not in NEVER_RAN:
            yield f"{task['id']} is {code} and never ran"
    strangers = {line.attempt for line in lines} - {task["id"] for task in tasks}
    if strangers:
        yield f"ran {strangers}, which it never had"


def slot_faults(tasks):
    """Name what is wrong with the tasks of services, by slots: each follows the one before, which was over by then."""
    slots: dict[str, list] = {}
    for task in sorted(tasks, key=_number):
        slots.setdefault(task["taskContext"]["task.originalId"], []).append(task)
    for original, mine in slots.items():
        if [_number(task) for task in mine] != list(range(len(mine))) or mine[0]["id"] != original:
            yield f"the slot of {original} has the numbers {[_number(task) for task in mine]}"
        for earlier, later in pairwise(mine):
            if later["taskContext"].get("task.resubmitOf") != earlier["id"]:
                yield f"{later['id']} does not follow {earlier['id']}"
            if int(earlier["status"]["timestamp"]) > int(later["statusHistory"][0]["timestamp"]):
                yield f"{later['id']} was made before {earlier['id']} was over"


def _number(task):
    return int(task["taskContext"]["task.resubmitNumber"])
