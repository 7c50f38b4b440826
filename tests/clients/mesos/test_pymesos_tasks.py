"""What becomes of the tasks that a framework on pymesos launches, kills and groups."""

import pytest
from clients.mesos.messages import FINAL, launch, scalar, small, task

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]

DEFAULT_EXECUTOR = {
    "type": "DEFAULT",
    "executor_id": {"value": "group"},
    "resources": [*small(), scalar("disk", 16)],
}


@pytest.fixture
def one(framework):
    started = framework()
    started.register()
    return started


def grouped(one, offer, *tasks, executor="group"):
    executor = DEFAULT_EXECUTOR | {"framework_id": {"value": one.id}, "executor_id": {"value": executor}}
    group = {"executor": executor, "task_group": {"tasks": list(tasks)}}
    one.call("acceptOffers", offer["id"], [{"type": "LAUNCH_GROUP", "launch_group": group}], {"refuse_seconds": 0.0})


def test_a_command_gets_its_environment_words_and_files(one, tmp_path):
    (tmp_path / "brought.txt").write_text("brought\n")
    offer = one.offer()
    told = task("told", offer, 'test "$COLOUR" = grün && test "$(cat brought.txt)" = brought && test "$MESOS_SANDBOX"')
    told["command"] |= {
        "environment": {"variables": [{"name": "COLOUR", "value": "grün"}]},
        "uris": [{"value": f"file://{tmp_path}/brought.txt", "extract": False}],
    }
    words = task("words", offer)
    words["command"] = {"shell": False, "value": "/usr/bin/test", "arguments": ["test", "a b", "=", "a b"]}
    one.launch(offer, told, words)
    one.ends("told", "TASK_FINISHED")
    one.ends("words", "TASK_FINISHED")


def test_a_file_that_cannot_be_had_fails_the_launch(one, tmp_path):
    offer = one.offer()
    missing = task("missing", offer, "exit 0")
    missing["command"]["uris"] = [{"value": f"file://{tmp_path}/nowhere"}]
    one.launch(offer, missing)
    ended = one.update("missing", *FINAL)
    assert (ended["state"], ended["reason"]) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED")


def test_killing(one):
    offer = one.offer()
    deaf = task("deaf", offer, "trap '' TERM; while :; do sleep 0.1; done")
    deaf["kill_policy"] = {"grace_period": {"nanoseconds": 200_000_000}}
    one.launch(offer, task("long", offer, "exec sleep 100"), deaf)
    for name, signal in (("long", "Terminated"), ("deaf", "Killed")):
        one.update(name, "TASK_RUNNING")
        one.call("killTask", {"value": name})
        killed = one.update(name, *FINAL)
        assert killed["state"] == "TASK_KILLED", killed
        assert killed["message"] == f"Command terminated with signal {signal}"


def test_killing_announced_to_those_who_know_the_state(framework):
    one = framework({"capabilities": [{"type": "TASK_KILLING_STATE"}]})
    one.register()
    offer = one.offer()
    one.launch(offer, task("announced", offer, "exec sleep 100"))
    one.update("announced", "TASK_RUNNING")
    one.call("killTask", {"value": "announced"})
    one.update("announced", "TASK_KILLING")
    one.update("announced", "TASK_KILLED")


def test_what_cannot_be_launched_is_an_error_and_costs_only_itself(one):
    offer = one.offer()
    wrong = {
        "nothing": task("nothing", offer, "exit 0", resources=[]),
        "negative": task("negative", offer, "exit 0", resources=[scalar("cpus", -1)]),
        "greedy": task("greedy", offer, "exit 0", resources=[scalar("cpus", 1000), scalar("mem", 32)]),
        "idle": task("idle", offer),
        "a/b": task("a/b", offer, "exit 0"),
        "fraction": task("fraction", offer, "exit 0", resources=[*small(), scalar("gpus", 0.5)]),
    }
    one.launch(offer, *wrong.values(), task("right", offer, "exit 0", resources=[*small(), scalar("gpus", 0)]))
    for name in wrong:
        refused = one.update(name, *FINAL)
        told = {key: refused.get(key) for key in ("state", "source", "reason", "uuid")}
        assert told == {"state": "TASK_ERROR", "source": "SOURCE_MASTER", "reason": "REASON_TASK_INVALID", "uuid": None}
    one.ends("right", "TASK_FINISHED")


def test_an_id_in_use_is_refused(one):
    offer = one.offer()
    one.launch(offer, task("twice", offer, "exec sleep 100"))
    one.update("twice", "TASK_RUNNING")
    offer = one.offer()
    one.launch(offer, task("twice", offer, "exit 0"))
    assert one.update("twice", *FINAL)["state"] == "TASK_ERROR"
    one.call("killTask", {"value": "twice"})
    one.update("twice", "TASK_KILLED")


def test_a_group_that_ends_well(one):
    offer = one.offer(cpus=1)
    grouped(one, offer, task("left", offer, "exit 0"), task("right", offer, "exit 0"), executor="well")
    for name in ("left", "right"):
        ended = one.ends(name, "TASK_FINISHED")
        assert ended["executor_id"] == {"value": "well"}


def test_a_group_dies_of_one_failure(one):
    offer = one.offer(cpus=1)
    members = task("fails", offer, "sleep 0.5; exit 1"), task("stays", offer, "exec sleep 100")
    grouped(one, offer, *members, executor="ill")
    one.ends("fails", "TASK_FAILED")
    one.ends("stays", "TASK_KILLED")


def test_a_group_is_launched_whole_or_not(one):
    offer = one.offer(cpus=1)
    members = task("whole", offer, "exit 0"), task("part", offer, "exit 0", resources=[scalar("cpus", 1000)])
    grouped(one, offer, *members, executor="part")
    for name in ("whole", "part"):
        refused = one.update(name, *FINAL)
        assert (refused["state"], refused["reason"]) == ("TASK_ERROR", "REASON_TASK_GROUP_INVALID")


def test_health_is_told_and_bad_health_ends_the_task(one):
    def checked(name, shell):
        check = {
            "type": "COMMAND",
            "command": {"shell": True, "value": shell},
            "delay_seconds": 0.0,
            "interval_seconds": 0.1,
            "timeout_seconds": 5.0,
            "grace_period_seconds": 0.0,
            "consecutive_failures": 3,
        }
        return task(name, offer, "exec sleep 100", health_check=check)

    offer = one.offer()
    one.launch(offer, checked("ill", "exit 1"), checked("sound", "exit 0"))

    for health in (("sound", True), ("ill", False)):
        one.hear("statusUpdate", lambda told, health=health: (told["task_id"]["value"], told.get("healthy")) == health)
    ended = one.update("ill", *FINAL)
    assert (ended["state"], ended["healthy"]) == ("TASK_KILLED", False)
    one.call("killTask", {"value": "sound"})
    one.update("sound", "TASK_KILLED")


def test_too_much_memory_is_a_limit_reached(one):
    offer = one.offer()
    greedy = "exec python3 -c 'held = bytearray(200 << 20); import time; time.sleep(100)'"
    one.launch(offer, task("greedy", offer, greedy))
    ended = one.update("greedy", *FINAL)
    assert (ended["state"], ended["reason"]) == ("TASK_FAILED", "REASON_CONTAINER_LIMITATION_MEMORY")


def test_several_operations_in_one_acceptance(one):
    offer = one.offer()
    operations = [launch(task("before", offer, "exit 0")), launch(task("after", offer, "exit 0"))]
    one.call("acceptOffers", [offer["id"]], operations)
    one.ends("before", "TASK_FINISHED")
    one.ends("after", "TASK_FINISHED")


def test_the_end_of_a_framework_ends_its_tasks(one, operator, server):
    offer = one.offer()
    one.launch(offer, task("orphan", offer, "exec sleep 100"))
    one.update("orphan", "TASK_RUNNING")
    one.call("stop")
    one.call("join")
    told = operator.call("getTasks")["get_tasks"]
    ended = [each for each in told["completed_tasks"] if each["framework_id"]["value"] == one.id]
    assert [(each["task_id"]["value"], each["state"]) for each in ended] == [("orphan", "TASK_KILLED")]
