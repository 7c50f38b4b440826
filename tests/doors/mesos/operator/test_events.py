"""The operators' event stream."""

from doors.mesos.extension.stage import task
from doors.mesos.operator.desk import story

from portico.domain.identity import Instant
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.operator.subscribing import MOST_EARLY, Subscriber
from portico.doors.mesos.outbound import operator_events
from portico.doors.mesos.serving.broadcasts import Broadcast
from portico.doors.mesos.serving.streams import StreamEnd


def types(events):
    return [event["type"] for event in events]


def test_the_first_event_is_the_state():
    async def play(desk):
        await desk.stage.node()
        stream = await desk.subscribe()
        (first,) = await stream.heard()
        assert first["type"] == "SUBSCRIBED"
        (agent,) = first["subscribed"]["get_state"]["get_agents"]["agents"]
        assert agent["agent_info"]["id"]["value"].endswith("-S0")
        assert "mesos-stream-id" not in stream.made.headers
        await stream.leave()

    story(play)


def test_tasks_are_added_and_updated_in_order():
    async def play(desk):
        node = await desk.stage.node()
        framework = await desk.stage.framework()
        stream = await desk.subscribe()
        await stream.heard()
        await framework.launch(task("t", framework.offers[0].agent))
        (added,) = await stream.heard()
        assert added["type"] == "TASK_ADDED"
        assert added["task_added"]["task"]["task_id"]["value"] == "t"
        node.started(node.orders[0])
        (updated,) = await stream.heard()
        assert updated["type"] == "TASK_UPDATED"
        assert updated["task_updated"]["state"] == "TASK_RUNNING"
        assert updated["task_updated"]["framework_id"]["value"] == framework.id
        await framework.acknowledge_all()
        assert await stream.heard(0) == [], "an acknowledgement is nobody else's affair"
        node.ended(node.orders[0])
        await desk.stage.settle()
        await framework.acknowledge_all()
        await desk.stage.settle()
        (over,) = await stream.heard()
        assert over["task_updated"]["state"] == "TASK_FINISHED"
        await stream.leave()

    story(play)


def test_runs_of_other_doors_are_tasks_here_too():
    async def play(desk):
        node = await desk.stage.node()
        stream = await desk.subscribe()
        await stream.heard()
        desk.place_run("r1")
        (added,) = await stream.heard()
        assert added["task_added"]["task"]["framework_id"]["value"] == "portico-jobv1"
        node.started(node.orders[0])
        node.ended(node.orders[0])
        events = await stream.heard(2)
        assert [event["task_updated"]["state"] for event in events] == ["TASK_RUNNING", "TASK_FINISHED"]
        await stream.leave()

    story(play)


def test_agents_come_and_go():
    async def play(desk):
        stream = await desk.subscribe()
        node = await desk.stage.node()
        first, added = await stream.heard(2)
        assert (first["type"], added["type"]) == ("SUBSCRIBED", "AGENT_ADDED")
        agent = added["agent_added"]["agent"]
        assert agent["active"] is True
        assert {one["name"] for one in agent["total_resources"]} >= {"cpus", "mem"}
        node.session.lost()
        await desk.stage.settle()
        desk.stage.clock.advance(100)
        (removed,) = await stream.heard()
        assert removed["type"] == "AGENT_REMOVED"
        assert removed["agent_removed"]["agent_id"] == agent["agent_info"]["id"]
        await desk.stage.node()
        assert types(await stream.heard()) == ["AGENT_ADDED"]
        await stream.leave()

    story(play)


def test_nothing_is_missed_or_told_twice_between_the_state_and_what_follows():
    async def play(desk):
        node = await desk.stage.node(cpus=40)
        await desk.stage.framework()
        streams = []
        for number in range(10):
            desk.place_run(f"r{number}", cpus=100)
            streams.append(desk.subscribe())
            streams[-1] = await streams[-1]
            if node.orders[-1].run == f"r{number}":
                node.started(node.orders[-1])
        for stream in streams:
            first, *later = await stream.heard()
            while len(later) + len(first["subscribed"]["get_state"]["get_tasks"].get("tasks", ())) < 10:
                later += await stream.heard()
            later += await stream.heard(0)
            state = first["subscribed"]["get_state"]["get_tasks"]
            known = {one["task_id"]["value"]: one["state"] for one in state.get("tasks", ())}
            for event in later:
                if event["type"] == "TASK_ADDED":
                    name = event["task_added"]["task"]["task_id"]["value"]
                    assert name not in known
                    known[name] = event["task_added"]["task"]["state"]
                else:
                    known[event["task_updated"]["status"]["task_id"]["value"]] = event["task_updated"]["state"]
            assert known == {
                run.id: "TASK_RUNNING" if run.started_at != Instant(0) else "TASK_STAGING"
                for run in desk.stage.plane.state.runs.values()
            }
            await stream.leave()

    story(play)


def test_following_begins_anew_after_everybody_has_left():
    async def play(desk):
        await desk.stage.node()
        first = await desk.subscribe()
        await first.leave()
        desk.place_run("r1")
        await desk.stage.settle()
        second = await desk.subscribe()
        desk.place_run("r2")
        state, added = await second.heard(2)
        (known,) = state["subscribed"]["get_state"]["get_tasks"]["tasks"]
        assert known["task_id"]["value"] == "r1"
        assert added["task_added"]["task"]["task_id"]["value"] == "r2"
        await second.leave()

    story(play)


def test_a_large_state_does_not_cut_its_subscriber_off():
    async def play(desk):
        subscriber = Subscriber(Encoding.JSON)
        event = Broadcast(operator_events.agent_removed("M-S0"))
        for revision in (1, 2, 3):
            subscriber.send(revision, event)
        stream = subscriber.begin(b"x" * (33 << 20), 1, lambda _: None)
        subscriber.send(4, event)
        assert (stream.end, stream.waiting[0]) == (None, 4)
        stream.abandon()

    story(play)


def test_a_subscriber_that_falls_behind_before_it_has_begun_is_ended():
    async def play(desk):
        subscriber = Subscriber(Encoding.JSON)
        event = Broadcast(operator_events.agent_removed("M-S0"))
        for revision in range(MOST_EARLY + 1):
            subscriber.send(revision, event)
        stream = subscriber.begin(b"x", 0, lambda _: None)
        assert stream.end is StreamEnd.CLOSED
        stream.abandon()

    story(play)
