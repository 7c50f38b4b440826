"""Reservations and persistent volumes, made by frameworks on pymesos out of their offers."""

import pytest
from clients.mesos.messages import dynamic, launch, scalar, small, task, total, volume

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]

AGAIN = {"refuse_seconds": 0.0}


def operation(kind, **body):
    return {"type": kind, kind.lower(): body}


def reserved(name, amount, role):
    return scalar(name, amount, **dynamic(role))


def volumes(offer):
    return [each["disk"]["persistence"]["id"] for each in offer["resources"] if "persistence" in each.get("disk", {})]


def test_reserve_create_use_destroy_unreserve(framework):
    one = framework({"role": "store"})
    one.register()
    offer = one.offer(cpus=1)
    room = [reserved("cpus", 1, "store"), reserved("mem", 128, "store"), reserved("disk", 64, "store")]
    one.call("acceptOffers", offer["id"], [operation("RESERVE", resources=room)], AGAIN)
    offer = one.offer(lambda offer: total(offer["resources"], "disk", role="store") == 64)
    assert total(offer["resources"], "cpus", role="store") == 1

    kept = volume("kept", 64, "data", "store")
    writer = task("writer", offer, "echo safe > data/file", resources=[*small(**dynamic("store")), kept])
    operations = [operation("CREATE", volumes=[kept]), launch(writer)]
    one.call("acceptOffers", offer["id"], operations, AGAIN)
    one.ends("writer", "TASK_FINISHED")

    offer = one.offer(lambda offer: volumes(offer) == ["kept"])
    reader = task("reader", offer, "grep -q safe data/file", resources=[*small(**dynamic("store")), kept])
    one.launch(offer, reader)
    one.ends("reader", "TASK_FINISHED")

    offer = one.offer(lambda offer: volumes(offer) == ["kept"])
    undo = [operation("DESTROY", volumes=[kept]), operation("UNRESERVE", resources=room)]
    one.call("acceptOffers", offer["id"], undo, AGAIN)
    offer = one.offer(lambda offer: not volumes(offer) and not total(offer["resources"], "cpus", role="store"))
    assert total(offer["resources"], "disk", role="*") == 4096


def test_a_bad_operation_is_dropped_and_the_rest_goes_on(framework):
    one = framework({"role": "store"})
    one.register()
    offer = one.offer(cpus=1)
    foreign = operation("RESERVE", resources=[reserved("cpus", 1, "other")])
    absent = operation("DESTROY", volumes=[volume("nowhere", 8, "data", "store")])
    one.call("acceptOffers", offer["id"], [foreign, absent, launch(task("goes", offer, "exit 0"))], AGAIN)
    one.ends("goes", "TASK_FINISHED")
    assert not total(one.offer()["resources"], "cpus", role="other")


def test_the_reserved_stays_with_its_role_when_the_framework_goes(framework, operator):
    one = framework({"role": "keeps"})
    one.register()
    offer = one.offer(cpus=1)
    before = total(offer["resources"], "cpus")
    room = [reserved("cpus", 1, "keeps")]
    one.call("acceptOffers", offer["id"], [operation("RESERVE", resources=room)], AGAIN)
    offer = one.offer(lambda offer: total(offer["resources"], "cpus", role="keeps") == 1)
    one.call("stop")
    one.call("join")
    other = framework({"name": "other"})
    other.register()
    assert total(other.offer()["resources"], "cpus") == before - 1
    other.call("stop")
    operator.call("unreserveResources", offer["agent_id"]["value"], room)
    agent = operator.call("getAgents")["get_agents"]["agents"][0]
    assert not total(agent["total_resources"], "cpus", role="keeps")
