"""Who is offered what, and when, as frameworks on pymesos see it."""

import pytest
from clients.mesos.messages import FINAL, task, total

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]

NEVER = {"refuse_seconds": 1000.0}


def beats(one, number=8):
    """Let the master's clock go on: with the server's periods, more than ten allocations."""
    one.program.forget("processHeartBeat")
    for _ in range(number):
        one.hear("processHeartBeat")


def offered(one):
    return [offer for line in one.program.waiting if line["event"] == "resourceOffers" for offer in line["args"][0]]


def test_a_refusal_lasts_until_revived(framework):
    one = framework()
    one.register()
    first = one.offer()
    one.call("declineOffer", [first["id"]], NEVER)
    beats(one)
    assert not offered(one)
    one.call("reviveOffers")
    assert one.offer()["id"] != first["id"]


def test_a_short_refusal_ends_by_itself(framework):
    one = framework()
    one.register()
    first = one.offer()
    one.call("declineOffer", [first["id"]], {"refuse_seconds": 0.5})
    assert one.offer()["id"] != first["id"]


@pytest.mark.parametrize("roles", [[], ["*"]])
def test_the_suppressed_are_offered_nothing(framework, roles):
    one = framework()
    one.register()
    first = one.offer()
    one.call("suppressOffers", roles)
    one.call("declineOffer", [first["id"]], {"refuse_seconds": 0.0})
    beats(one)
    assert not offered(one)
    one.call("reviveOffers", roles)
    one.offer()


def test_what_one_refuses_another_gets(framework):
    one = framework()
    one.register()
    first = one.offer()
    other = framework({"name": "other"})
    other.register()
    one.call("declineOffer", [first["id"]], NEVER)
    second = other.offer()
    assert second["id"] != first["id"]
    assert second["agent_id"] == first["agent_id"]
    assert second["framework_id"]["value"] == other.id


def test_an_offer_is_good_once(framework):
    one = framework()
    one.register()
    offer = one.offer()
    one.launch(offer, task("once", offer, "exit 0"))
    one.launch(offer, task("again", offer, "exit 0"))
    lost = one.update("again", *FINAL)
    told = {key: lost.get(key) for key in ("state", "source", "reason", "uuid")}
    assert told == {"state": "TASK_LOST", "source": "SOURCE_MASTER", "reason": "REASON_INVALID_OFFERS", "uuid": None}
    one.ends("once", "TASK_FINISHED")


def test_what_is_left_of_an_offer_is_offered_again(framework):
    one = framework()
    one.register()
    offer = one.offer(cpus=4)
    one.launch(offer, task("part", offer, "exec sleep 100"))
    left = one.offer()
    assert left["id"] != offer["id"]
    assert total(left["resources"], "cpus") == pytest.approx(total(offer["resources"], "cpus") - 0.1)
    one.call("declineOffer", [left["id"]], {"refuse_seconds": 0.0})
    one.call("killTask", {"value": "part"})
    one.update("part", "TASK_KILLED")
    one.offer(cpus=4)


def test_ports_are_offered_and_taken(framework):
    one = framework()
    one.register()
    offer = one.offer()
    (ports,) = [each["ranges"]["range"] for each in offer["resources"] if each["name"] == "ports"]
    assert ports == [{"begin": 31000, "end": 31099}]
    taken = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31005, "end": 31006}]}}
    told = task("ported", offer, "exec sleep 100")
    told["resources"].append(taken)
    one.launch(offer, told)
    (ports,) = [each["ranges"]["range"] for each in one.offer()["resources"] if each["name"] == "ports"]
    assert ports == [{"begin": 31000, "end": 31004}, {"begin": 31007, "end": 31099}]
    one.call("killTask", {"value": "ported"})
    one.update("ported", "TASK_KILLED")


def test_requests_are_heard_without_effect(framework):
    one = framework()
    one.register()
    one.call("requestResources", [{"resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]}])
    one.offer()
