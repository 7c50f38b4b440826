"""Quotas, weights, reservations and volumes, as operators change them."""

from doors.mesos.extension.stage import task
from doors.mesos.operator.desk import story


def scalar(name, value, **more):
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, **more}


def quota(role, *, force=False, **amounts):
    guarantee = [scalar(name, amount) for name, amount in amounts.items()]
    return {"quota_request": {"role": role, "guarantee": guarantee, "force": force}}


def reserved(name, value, role="ads", **more):
    return scalar(name, value, role=role, reservation={"principal": "me"}, **more)


def volume(size, identity="v1"):
    disk = {"persistence": {"id": identity, "principal": "me"}, "volume": {"mode": "RW", "container_path": "data"}}
    return reserved("disk", size, disk=disk)


def test_a_quota_is_set_told_and_removed():
    async def play(desk):
        await desk.stage.node()
        await desk.done("SET_QUOTA", set_quota=quota("ads", cpus=2, mem=100))
        (info,) = (await desk.call("GET_QUOTA"))["status"]["infos"]
        assert info["role"] == "ads"
        assert {one["name"]: one["scalar"]["value"] for one in info["guarantee"]} == {"cpus": 2.0, "mem": 100.0}
        assert "already has quota" in await desk.done("SET_QUOTA", 400, set_quota=quota("ads", cpus=1))
        assert desk.stage.plane.state.pools["/mesos/ads"].reservation == {"cpus": 2000, "mem": 100_000}
        await desk.done("REMOVE_QUOTA", remove_quota={"role": "ads"})
        assert (await desk.call("GET_QUOTA"))["status"] == {}
        assert "/mesos/ads" not in desk.stage.plane.state.pools
        await desk.done("REMOVE_QUOTA", 400, remove_quota={"role": "ads"})

    story(play)


def test_a_quota_beyond_the_cluster_needs_force():
    async def play(desk):
        await desk.stage.node(cpus=4)
        await desk.done("SET_QUOTA", set_quota=quota("a", cpus=3))
        assert "capacity" in await desk.done("SET_QUOTA", 409, set_quota=quota("b", cpus=2))
        await desk.done("SET_QUOTA", set_quota=quota("b", force=True, cpus=2))
        infos = (await desk.call("GET_QUOTA"))["status"]["infos"]
        assert [info["role"] for info in infos] == ["a", "b"]

    story(play)


def test_a_wrong_quota_is_refused():
    async def play(desk):
        await desk.stage.node()
        await desk.done("SET_QUOTA", 400, set_quota=quota("*", cpus=1))
        await desk.done("SET_QUOTA", 400, set_quota={"quota_request": {"role": "a", "guarantee": []}})
        await desk.done("SET_QUOTA", 400)
        assert (await desk.call("GET_QUOTA"))["status"] == {}

    story(play)


def test_quotas_and_weights_survive_a_restart_and_rescind_offers():
    async def play(desk):
        await desk.stage.node()
        framework = await desk.stage.framework()
        assert len(framework.offers) == 1
        before = framework.offers[0].offer.id
        await desk.done("UPDATE_WEIGHTS", update_weights={"weight_infos": [{"role": "ads", "weight": 2.5}]})
        assert before not in {view.offer.id for view in framework.offers}
        await desk.done("SET_QUOTA", set_quota=quota("ads", cpus=1))
        again = desk.stage.restart()
        pool = again.plane.state.pools["/mesos/ads"]
        assert (pool.reservation, pool.share["cpus"]) == ({"cpus": 1000}, 2500)

    story(play)


def test_weights_are_told_with_the_roles_they_were_set_for():
    async def play(desk):
        await desk.stage.node()
        framework = await desk.stage.framework()
        assert await desk.call("GET_WEIGHTS") == {}
        await desk.done("UPDATE_WEIGHTS", update_weights={"weight_infos": [{"role": "ads", "weight": 2.0}]})
        assert (await desk.call("GET_WEIGHTS"))["weight_infos"] == [{"weight": 2.0, "role": "ads"}]
        roles = {role["name"]: role for role in (await desk.call("GET_ROLES"))["roles"]}
        assert roles["ads"]["weight"] == 2.0
        assert roles["*"]["frameworks"] == [{"value": framework.id}]
        for wrong in (
            {"role": "a/b", "weight": 1.0},
            {"role": "a", "weight": 0.0},
            {"role": "a", "weight": -1.0},
            {"role": "a", "weight": 1e306},
        ):
            await desk.done("UPDATE_WEIGHTS", 400, update_weights={"weight_infos": [wrong]})

    story(play)


def test_reserved_space_is_told_and_given_back():
    async def play(desk):
        await desk.stage.node()
        agent = {"value": desk.stage.standing.agent_of("n1")}
        wanted = {"agent_id": agent, "resources": [reserved("cpus", 1)]}
        await desk.done("RESERVE_RESOURCES", 202, reserve_resources=wanted)
        (told,) = (await desk.call("GET_AGENTS"))["agents"]
        by_role = {
            (one["name"], one["role"]): one["scalar"]["value"] for one in told["total_resources"] if "scalar" in one
        }
        assert (by_role["cpus", "ads"], by_role["cpus", "*"]) == (1.0, 3.0)
        (slave,) = (await desk.get("/slaves"))["slaves"]
        assert slave["reserved_resources"]["ads"]["cpus"] == 1.0
        assert slave["unreserved_resources"]["cpus"] == 3.0
        assert slave["reserved_resources_full"]["ads"][0]["reservation"] == {"principal": "me"}
        await desk.done("UNRESERVE_RESOURCES", 202, unreserve_resources=wanted)
        await desk.done("UNRESERVE_RESOURCES", 409, unreserve_resources=wanted)

    story(play)


def test_what_cannot_be_reserved():
    async def play(desk):
        await desk.stage.node(cpus=4)
        agent = {"value": desk.stage.standing.agent_of("n1")}

        async def refused(status, resource, named=agent):
            await desk.done("RESERVE_RESOURCES", status, reserve_resources={"agent_id": named, "resources": [resource]})

        await refused(409, reserved("cpus", 5))
        await refused(400, scalar("cpus", 1))
        await refused(400, scalar("cpus", 1, role="ads"))
        await refused(400, reserved("cpus", 1, allocation_info={"role": "ads"}))
        await refused(400, reserved("cpus", 1), {"value": "nobody"})

    story(play)


def test_reserving_rescinds_offers_that_are_in_the_way():
    async def play(desk):
        await desk.stage.node(cpus=4)
        framework = await desk.stage.framework()
        before = framework.offers[0].offer.id
        agent = {"value": framework.offers[0].agent}
        await desk.done(
            "RESERVE_RESOURCES", 202, reserve_resources={"agent_id": agent, "resources": [reserved("cpus", 4)]}
        )
        assert before not in {view.offer.id for view in framework.offers}

    story(play)


def test_volumes_are_made_of_reserved_disk_and_removed():
    async def play(desk):
        await desk.stage.node(disk=1000)
        agent = {"value": desk.stage.standing.agent_of("n1")}
        disk = {"agent_id": agent, "resources": [reserved("disk", 100)]}
        made = {"agent_id": agent, "volumes": [volume(60)]}
        await desk.done("CREATE_VOLUMES", 409, create_volumes=made)
        await desk.done("RESERVE_RESOURCES", 202, reserve_resources=disk)
        await desk.done("CREATE_VOLUMES", 202, create_volumes=made)
        await desk.done("CREATE_VOLUMES", 400, create_volumes=made)
        (told,) = (await desk.call("GET_AGENTS"))["agents"]
        (found,) = [one for one in told["total_resources"] if "disk" in one]
        assert found["disk"]["persistence"]["id"] == "v1"
        assert found["scalar"]["value"] == 60.0
        await desk.done("DESTROY_VOLUMES", 202, destroy_volumes=made)
        await desk.done("DESTROY_VOLUMES", 400, destroy_volumes=made)
        await desk.done("UNRESERVE_RESOURCES", 202, unreserve_resources=disk)

    story(play)


def test_roles_below_roles_have_rules_of_their_own():
    async def play(desk):
        desk.stage.standing.hierarchical = True
        node = await desk.stage.node(cpus=4)
        await desk.done("SET_QUOTA", set_quota=quota("a/b", cpus=2))
        assert "already has quota" in await desk.done("SET_QUOTA", 400, set_quota=quota("a/b", cpus=1))
        assert "capacity" in await desk.done("SET_QUOTA", 409, set_quota=quota("c", cpus=3))
        await desk.done("UPDATE_WEIGHTS", update_weights={"weight_infos": [{"role": "a/b", "weight": 2.0}]})
        assert [info["role"] for info in (await desk.call("GET_QUOTA"))["status"]["infos"]] == ["a/b"]
        assert (await desk.call("GET_WEIGHTS"))["weight_infos"] == [{"weight": 2.0, "role": "a/b"}]
        framework = await desk.stage.framework(roles=["a/b"])
        await framework.launch(task("t", framework.offers[0].agent))
        node.started(node.orders[0])
        await desk.settle()
        roles = {role["name"]: role for role in (await desk.call("GET_ROLES"))["roles"]}
        assert roles.keys() == {"*", "a/b"}
        assert roles["a/b"]["frameworks"] == [{"value": framework.id}]
        assert {one["name"]: one["scalar"]["value"] for one in roles["a/b"]["resources"]} == {"cpus": 0.5, "mem": 64.0}
        await desk.done("REMOVE_QUOTA", remove_quota={"role": "a/b"})
        assert (await desk.call("GET_QUOTA"))["status"] == {}

    story(play)
