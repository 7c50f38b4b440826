"""Runs that belong together: gangs, trees, owned and hosted Runs, pools and their limits."""

import asyncio

from harness import FakeNode, make_plane, settle

from portico.control.cluster import runs
from portico.control.queries import GetRun
from portico.domain.frames import Observation
from portico.domain.identity import Micros
from portico.domain.nodes import Pool
from portico.domain.runs import Form, Run, RunSpec, RunState, StopOrder, StopReason


def make(plane, name, cpus=1000, **changes):
    changes.setdefault("spec", RunSpec(argv=(name,)))
    return Run(id=name, door="test", pool=changes.pop("pool", "/p"), amounts={"cpus": cpus}, created_at=0, **changes)


async def started(cpus=4, pools=(), nodes=1):
    plane = make_plane()
    plane.start([], list(pools))
    agents = [FakeNode(plane, f"n{number}", cpus=cpus) for number in range(nodes)]
    await settle(plane)
    return plane, agents


def create(plane, *made):
    with plane.begin() as tx:
        for run in made:
            runs.create_run(plane, tx, run)


def stop(plane, name):
    with plane.begin() as tx:
        order = StopOrder(StopReason.CANCELLED, tx.now, Micros(0))
        runs.order_stop(plane, tx, plane.state.runs[name], order)


def launched(agents):
    return sorted(order.run for agent in agents for order in agent.orders)


def test_a_gang_starts_whole_or_not_at_all():
    async def story():
        plane, agents = await started(cpus=2)
        create(plane, *(make(plane, name, gang="g", gang_size=3) for name in ("a", "b", "c")))
        await settle(plane)
        assert launched(agents) == []
        agents.append(FakeNode(plane, "n9", cpus=1))
        await settle(plane)
        assert launched(agents) == ["a", "b", "c"]

    asyncio.run(story())


def test_a_gang_waits_for_all_its_members():
    async def story():
        plane, agents = await started(cpus=4)
        create(plane, make(plane, "a", gang="g", gang_size=2))
        await settle(plane)
        assert launched(agents) == []
        create(plane, make(plane, "b", cpus=500, gang="g", gang_size=2))
        await settle(plane)
        assert launched(agents) == ["a", "b"]

    asyncio.run(story())


def test_when_one_of_a_gang_fails_the_rest_is_stopped():
    async def story():
        plane, (agent,) = await started()
        create(plane, *(make(plane, name, gang="g", gang_size=2) for name in ("a", "b")))
        await settle(plane)
        orders = {order.run: order for order in agent.orders}
        agent.started(orders["a"])
        agent.started(orders["b"])
        agent.ended(orders["a"], code=1)
        await settle(plane)
        assert [(frame.run, frame.order.reason) for frame in agent.stops] == [("b", StopReason.GANG_BROKEN)]

    asyncio.run(story())


def test_a_tree_starts_in_one_message_on_one_node_and_ends_with_its_root():
    async def story():
        plane, agents = await started(cpus=2, nodes=2)
        root = make(plane, "root", 500, spec=RunSpec(form=Form.SCOPE), tree_amounts={"cpus": 1500})
        create(plane, root, make(plane, "x", 500, parent="root"), make(plane, "y", 500, parent="root"))
        await settle(plane)
        (agent,) = [agent for agent in agents if agent.orders]
        assert [order.run for order in agent.orders] == ["root", "x", "y"]
        assert [order.parent for order in agent.orders] == ["", "root", "root"]
        assert plane.capacity.allocation == {"/p": {"cpus": 1500}}
        for order in agent.orders:
            agent.started(order)
        agent.ended(agent.orders[0])
        await settle(plane)
        assert [(frame.run, frame.order.reason) for frame in agent.stops] == [
            ("x", StopReason.PARENT_ENDED),
            ("y", StopReason.PARENT_ENDED),
        ]

    asyncio.run(story())


def test_a_child_that_comes_later_joins_its_parent_or_waits_for_room_there():
    async def story():
        plane, agents = await started(cpus=2, nodes=2)
        create(plane, make(plane, "root", 1500))
        await settle(plane)
        (agent,) = [agent for agent in agents if agent.orders]
        create(plane, make(plane, "child", 1000, parent="root"))
        await settle(plane)
        assert launched(agents) == ["root"]
        create(plane, make(plane, "small", 500, parent="root"))
        await settle(plane)
        assert [order.run for order in agent.orders] == ["root", "small"]
        stop(plane, "small")
        agent.ended(agent.orders[1])
        stop(plane, "root")
        agent.ended(agent.orders[0])
        await settle(plane)
        assert (await plane.ask(GetRun("child"))).state is RunState.KILLED

    asyncio.run(story())


def test_hosted_runs_go_to_their_host_and_end_with_it():
    async def story():
        plane, (agent,) = await started()
        create(plane, make(plane, "host", spec=RunSpec(argv=("h",), hosts=True)))
        await settle(plane)
        create(plane, make(plane, "guest", 500, host="host", spec=RunSpec(form=Form.HOSTED, payload=b"x")))
        await settle(plane)
        assert [(order.run, order.host) for order in agent.orders] == [("host", ""), ("guest", "host")]
        agent.started(agent.orders[0])
        agent.ended(agent.orders[0], code=1)
        await settle(plane)
        assert [frame.run for frame in agent.stops] == ["guest"]

    asyncio.run(story())


def test_an_owners_end_stops_what_it_owns_on_any_node():
    async def story():
        plane, agents = await started(cpus=1, nodes=2)
        create(plane, make(plane, "pipeline"), make(plane, "worker", owner="pipeline"))
        await settle(plane)
        owner = next(agent for agent in agents if agent.orders[0].run == "pipeline")
        other = next(agent for agent in agents if agent is not owner)
        owner.started(owner.orders[0])
        owner.ended(owner.orders[0])
        await settle(plane)
        assert [(frame.run, frame.order.reason) for frame in other.stops] == [("worker", StopReason.OWNER_ENDED)]

    asyncio.run(story())


def test_what_waits_is_stopped_at_once():
    async def story():
        plane, _ = await started(cpus=1)
        create(plane, make(plane, "first"), make(plane, "second"))
        await settle(plane)
        stop(plane, "second")
        await settle(plane)
        assert (await plane.ask(GetRun("second"))).state is RunState.KILLED

    asyncio.run(story())


def test_a_launch_the_node_refuses_waits_again_under_a_new_token():
    async def story():
        plane, (agent,) = await started()
        create(plane, make(plane, "a"))
        await settle(plane)
        (order,) = agent.orders
        agent.report(Observation(order.run, order.token, plane.clock.now(), refused="busy"))
        await settle(plane)
        assert [again.token for again in agent.orders] == [1, 2]
        agent.ended(order)
        await settle(plane)
        assert plane.state.runs["a"].state is RunState.LAUNCHING  # an answer under the old token changes nothing

    asyncio.run(story())


def test_pools_share_by_reservation_limit_and_share():
    async def story():
        pools = [
            Pool(id="/limited", limit={"cpus": 1000}),
            Pool(id="/promised", reservation={"cpus": 2000}),
        ]
        plane, agents = await started(cpus=4, pools=pools)
        create(plane, *(make(plane, f"greedy{number}", pool="/greedy") for number in range(4)))
        create(plane, *(make(plane, f"limited{number}", pool="/limited") for number in range(2)))
        create(plane, *(make(plane, f"promised{number}", pool="/promised") for number in range(2)))
        await settle(plane)
        names = launched(agents)
        assert sum(name.startswith("promised") for name in names) == 2
        assert sum(name.startswith("limited") for name in names) <= 1
        assert len(names) >= 3

    asyncio.run(story())
