"""What operators ask: reservations, volumes, quotas, weights, maintenance."""

import math

import pytest
from google.protobuf import text_format

from portico.domain.errors import Conflict, Invalid
from portico.domain.reservations import Reservation
from portico.domain.slices import Label, Slice
from portico.doors.mesos.extension.plans import Held, Reserve, Unreserve
from portico.doors.mesos.extension.records import Machine, MachineMode
from portico.doors.mesos.inbound import maintenance, operators
from portico.wire.mesos import maintenance_pb2, master_pb2, quota_pb2
from portico.wire.mesos import mesos_pb2 as pb

Call = master_pb2.Call
CPU = 'resources { name: "cpus" type: SCALAR scalar { value: 1 } role: "r" reservation { principal: "p" } %s }'
VOLUME = """volumes { name: "disk" type: SCALAR scalar { value: 5 } role: "r" disk {
persistence { id: "v" principal: "p" } volume { mode: RW container_path: "data" } } shared { } }"""
HELD = Held((Slice("cpus", 1000, Label(Reservation("r", dynamic=True, principal="p").text)),))


def message(kind, text):
    return text_format.Parse(text, kind())


def on_agent(kind, text):
    return message(kind, f'agent_id {{ value: "A" }} {text}')


def test_reservations_and_volumes():
    assert operators.reserve(on_agent(Call.ReserveResources, CPU % ""), "n1", "p") == Reserve(HELD)
    assert operators.unreserve(on_agent(Call.UnreserveResources, CPU % ""), "n1") == Unreserve(HELD)
    (made,) = operators.create(on_agent(Call.CreateVolumes, VOLUME), "p").volumes
    (gone,) = operators.destroy(on_agent(Call.DestroyVolumes, VOLUME)).volumes
    assert made == gone
    assert (made.persistence, made.size, made.shared) == ("v", 5000, True)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: operators.reserve(on_agent(Call.ReserveResources, CPU % ""), "n1", "x"), "RESERVE.*principal 'p'"),
        (
            lambda: operators.reserve(on_agent(Call.ReserveResources, CPU % "allocation_info { }"), "n1"),
            "RESERVE.*'allocation_info' of resource 'cpus' must not be set",
        ),
        (lambda: operators.unreserve(on_agent(Call.UnreserveResources, ""), "n1"), "UNRESERVE.*No resources"),
        (lambda: operators.create(on_agent(Call.CreateVolumes, VOLUME), "x"), "CREATE.*principal 'p'"),
        (lambda: operators.destroy(on_agent(Call.DestroyVolumes, "")), "DESTROY.*No volumes"),
    ],
)
def test_what_is_wrong_with_reservations_and_volumes(ask, words):
    with pytest.raises(Invalid, match=f"Invalid {words}"):
        ask()


# ---- quota -----------------------------------------------------------------------------------------------------


def wish(text='role: "r" guarantee { name: "cpus" type: SCALAR scalar { value: 2 } }', existing=()):
    return operators.quota(message(quota_pb2.QuotaRequest, text), existing, "p")


def test_a_quota():
    read = wish()
    assert (read.role, read.guarantee, read.force) == ("r", {"cpus": 2000}, False)
    told = quota_pb2.QuotaInfo.FromString(read.info)
    assert (told.role, told.principal, told.guarantee[0].scalar.value) == ("r", "p", 2.0)


def resource(more):
    return f'role: "r" guarantee {{ name: "disk" type: SCALAR scalar {{ value: 2 }} {more} }}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must specify a role"),
        ('role: ""', "must specify a role"),
        ('role: "*"', r"must not specify the default '\*' role"),
        ('role: "a/b"', "QuotaInfo with invalid role"),
        ('role: "r"', "QuotaInfo with empty 'guarantee'"),
        ('role: "old" guarantee { name: "cpus" type: SCALAR scalar { value: 2 } }', "which already has quota"),
        (resource('role: "q"'), "must not specify a role of its resources"),
        (resource('role: "r" reservation { }'), "must not contain ReservationInfo"),
        (resource("disk { }"), "must not contain DiskInfo"),
        (resource("revocable { }"), "must not contain RevocableInfo"),
        (resource("shared { }"), "must not contain SharedInfo"),
        (resource("allocation_info { }"), "must not contain AllocationInfo"),
        ('role: "r" guarantee { name: "ports" type: RANGES }', "must not include non-scalar resources"),
        ('role: "r" guarantee { name: "cpus" type: SCALAR scalar { value: -1 } }', "QuotaInfo with invalid resource"),
        (resource("") + resource("").removeprefix('role: "r"'), "duplicate resource name 'disk'"),
    ],
)
def test_what_is_wrong_with_a_quota(text, words):
    with pytest.raises(Invalid, match=f"^Failed to validate set quota request: .*{words}"):
        wish(text, {"old"})


def test_a_quota_must_be_there_to_be_had_unless_forced():
    operators.check_capacity(wish(), {"cpus": 3000, "mem": 1}, [{"cpus": 1000}])
    with pytest.raises(Conflict, match="Not enough available cluster capacity"):
        operators.check_capacity(wish(), {"cpus": 3000}, [{"cpus": 1000}, {"cpus": 1}])
    forced = wish('role: "r" force: true guarantee { name: "cpus" type: SCALAR scalar { value: 2 } }')
    operators.check_capacity(forced, {}, [])


def test_only_a_quota_that_is_there_can_be_removed():
    assert operators.quota_removal("r", {"r"}, {"r"}) == "r"
    for role, words in (("q", "has no quota"), ("x", "Unknown role"), ("a/b", "is invalid"), ("", "Empty role")):
        with pytest.raises(Invalid, match=words):
            operators.quota_removal(role, {"r"}, {"r", "q"})


# ---- weights ---------------------------------------------------------------------------------------------------


def test_weights():
    infos = [pb.WeightInfo(role="a", weight=2), pb.WeightInfo(role="b", weight=0.5), pb.WeightInfo(role="a", weight=3)]
    assert operators.weights(infos) == (operators.Weight("a", 3.0), operators.Weight("b", 0.5))
    assert operators.weights([], ()) == ()


@pytest.mark.parametrize("weight", [0, -1, math.nan, math.inf, 1e13])
def test_weights_are_positive(weight):
    with pytest.raises(Invalid, match="Weights must be positive"):
        operators.weights([pb.WeightInfo(role="a", weight=weight)])


def test_weights_are_of_roles_that_there_may_be():
    with pytest.raises(Invalid, match="Invalid role"):
        operators.weights([pb.WeightInfo(weight=1)])
    with pytest.raises(Invalid, match="Unknown role: 'a'"):
        operators.weights([pb.WeightInfo(role="a", weight=1)], {"b"})


# ---- maintenance -----------------------------------------------------------------------------------------------

WINDOW = 'windows { machine_ids { hostname: "%s" %s } unavailability { start { nanoseconds: %s } %s } }'
DOWN = Machine("down/10.0.0.9", "down", "10.0.0.9", 0, 1, None, MachineMode.DOWN)
DRAINING = Machine("up/", "up", "", 1, 2, 3)


def plan(text, present=()):
    return maintenance.schedule(message(maintenance_pb2.Schedule, text), present)


def ids(*texts):
    return [message(pb.MachineID, text) for text in texts]


def test_a_schedule():
    text = WINDOW % ("Host", 'ip: "10.0.0.1"', 5, "duration { nanoseconds: 7 }") + WINDOW % ("other", "", 6, "")
    assert plan(text) == (
        Machine("host/10.0.0.1", "host", "10.0.0.1", 0, 5, 7, MachineMode.DRAINING),
        Machine("other/", "other", "", 1, 6, None, MachineMode.DRAINING),
    )


def test_a_machine_that_is_down_stays_down_and_in_the_schedule():
    text = WINDOW % ("down", 'ip: "10.0.0.9"', 8, "")
    (again,) = plan(text, [DOWN, DRAINING])
    assert (again.mode, again.start) == (MachineMode.DOWN, 8)
    with pytest.raises(Invalid, match=r"'down \(10.0.0.9\)' is deactivated and cannot be removed"):
        plan("", [DOWN])
    assert plan("", [DRAINING]) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("windows { unavailability { start { nanoseconds: 1 } } }", "List of machines is empty"),
        (WINDOW % ("a", "", 1, "duration { nanoseconds: -1 }"), "'duration' is negative"),
        (WINDOW % ("", "", 1, ""), "Both 'hostname' and 'ip' for a machine are empty"),
        (WINDOW % ("a", 'ip: "1.2.3"', 1, ""), "Failed to parse IP '1.2.3'"),
        (WINDOW % ("a", "", 1, "") + WINDOW % ("A", "", 1, ""), "'a' appears more than once in the schedule"),
        (
            'windows { machine_ids { hostname: "a" } machine_ids { hostname: "a" } unavailability { start { nanoseconds: 1 } } }',
            "'a' appears more than once in the list",
        ),
    ],
)
def test_what_is_wrong_with_a_schedule(text, words):
    with pytest.raises(Invalid, match=words):
        plan(text)


def test_machines_go_down_and_come_up():
    (gone,) = maintenance.start(ids('hostname: "UP"'), [DOWN, DRAINING])
    assert (gone.id, gone.mode, gone.duration) == ("up/", MachineMode.DOWN, 3)
    assert maintenance.stop(ids('hostname: "down" ip: "10.0.0.9"'), [DOWN, DRAINING]) == ("down/10.0.0.9",)


@pytest.mark.parametrize(
    ("turn", "texts", "words"),
    [
        (maintenance.start, (), "List of machines is empty"),
        (maintenance.start, ('hostname: "x"',), "'x' is not part of a maintenance schedule"),
        (maintenance.start, ('hostname: "down" ip: "10.0.0.9"',), "is not in DRAINING mode and cannot be brought down"),
        (maintenance.stop, ('hostname: "up"',), "'up' is not in DOWN mode and cannot be brought up"),
        (maintenance.stop, ('hostname: "up"', 'hostname: "up"'), "appears more than once in the list"),
    ],
)
def test_what_is_wrong_with_going_down_and_coming_up(turn, texts, words):
    with pytest.raises(Invalid, match=words):
        turn(ids(*texts), [DOWN, DRAINING])
