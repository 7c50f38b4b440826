"""Operations of an ACCEPT."""

import pytest
from doors.mesos.inbound.building import COMMAND, CUSTOM, DEFAULT
from google.protobuf import text_format

from portico.domain.identity import Instant
from portico.domain.reservations import Reservation
from portico.domain.slices import Label, Slice
from portico.doors.mesos.extension.plans import (
    Create,
    Destroy,
    Dropped,
    Held,
    Launch,
    LaunchGroup,
    Reserve,
    Unreserve,
    VolumePlan,
)
from portico.doors.mesos.extension.records import Framework
from portico.doors.mesos.inbound.operations import Asked, read, tasks_named
from portico.wire.mesos import mesos_pb2 as pb

MINE = 'role: "r" reservation { principal: "p" }'
CPU = 'resources { name: "cpus" type: SCALAR scalar { value: 1 } %s }'
VOLUME = """volumes { name: "disk" type: SCALAR scalar { value: 5 } role: "r" reservation { principal: "p" } disk {
persistence { id: "v" principal: "p" } volume { mode: RW container_path: "data" } } %s }"""
PLAIN = VOLUME % ""
RESOURCE = PLAIN.replace("volumes", "resources", 1)
GROUP = f"type: LAUNCH_GROUP launch_group {{ executor {{ {DEFAULT} }} task_group {{ tasks {{ {COMMAND} }} }} }}"
LABEL = Reservation("r", dynamic=True, principal="p").text


def asked(*capabilities, principal="p", checkpoint=False, **more):
    framework = Framework(
        id="F",
        info=pb.FrameworkInfo(user="ann", name="f", checkpoint=checkpoint).SerializeToString(),
        name="f",
        user="ann",
        roles=("r",),
        capabilities=frozenset(capabilities),
        registered_at=Instant(1),
    )
    return Asked(framework, "n1", "A", "r", principal=principal, **more)


def operations(*texts):
    return [text_format.Parse(text, pb.Offer.Operation()) for text in texts]


def reserve(more):
    return f"type: RESERVE reserve {{ {CPU % more} }}"


def create(old, new):
    return f"type: CREATE create {{ {PLAIN.replace(old, new)} }}"


def one(text, who=None):
    (found,) = read(operations(text), who or asked())
    return found


def test_operations_come_in_their_order_and_a_wrong_one_costs_itself():
    found = list(
        read(
            operations(
                f"type: RESERVE reserve {{ {CPU % MINE} }}",
                f"type: RESERVE reserve {{ {CPU % ''} }}",
                f"type: LAUNCH launch {{ task_infos {{ {COMMAND} }} }}",
                GROUP,
            ),
            asked(),
        )
    )
    assert [type(operation) for operation in found] == [Reserve, Dropped, Launch, LaunchGroup]
    assert found[1] == Dropped("RESERVE", "Resource 'cpus' is not dynamically reserved")


def test_what_a_task_is_told_of_framework_and_agent():
    who = asked(checkpoint=True, endpoint="h:1")
    (plan,) = one(f"type: LAUNCH launch {{ task_infos {{ {COMMAND} }} }}", who).tasks
    said = plan.spec.environment
    assert (said["MESOS_CHECKPOINT"], said["MESOS_SLAVE_PID"]) == ("1", "slave(1)@h:1")
    assert plan.spec.user == "ann"


def test_reserving_gives_the_label_that_is_wanted():
    assert one(f"type: RESERVE reserve {{ {CPU % MINE} }}") == Reserve(Held((Slice("cpus", 1000, Label(LABEL)),)))
    assert one(f"type: UNRESERVE unreserve {{ {CPU % MINE} }}") == Unreserve(Held((Slice("cpus", 1000, Label(LABEL)),)))


def test_a_volume_to_be_made():
    made = one(f"type: CREATE create {{ {VOLUME % ''} }}")
    (plan,) = made.volumes
    assert isinstance(made, Create)
    assert plan == VolumePlan("v", "r", LABEL, 5000, "", "data", plan.info, "p", shared=False)
    kept = pb.Resource.FromString(plan.info)
    assert (kept.disk.volume.container_path, kept.HasField("allocation_info")) == ("data", False)
    assert one(f"type: DESTROY destroy {{ {VOLUME % ''} }}") == Destroy(made.volumes)


def test_a_shared_volume_needs_a_framework_that_knows_of_it():
    text = f"type: CREATE create {{ {VOLUME % 'shared { }'} }}"
    assert isinstance(one(text), Dropped)
    (plan,) = one(text, asked("SHARED_RESOURCES")).volumes
    assert plan.shared


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not known"),
        ("type: UNKNOWN", "not known"),
        ("type: LAUNCH", "Expecting 'launch' to be present"),
        ("type: CREATE reserve { }", "Expecting 'create' to be present"),
        ("type: RESERVE reserve { }", "No resources to reserve"),
        ("type: UNRESERVE unreserve { }", "No resources to unreserve"),
        ("type: CREATE create { }", "No volumes to create"),
        ("type: DESTROY destroy { }", "No volumes to destroy"),
        (reserve('role: "r"'), "is not dynamically reserved"),
        (reserve(""), "is not dynamically reserved"),
        (reserve('role: "q" reservation { principal: "p" }'), "for role 'q' was attempted"),
        (reserve('role: "r" reservation { principal: "x" }'), "principal 'x'"),
        (reserve('role: "r" reservation { }'), "principal ''"),
        (reserve(MINE + " revocable { }"), "cannot be dynamically reserved"),
        (reserve(MINE + ' allocation_info { role: "q" }'), "allocated to role 'q'"),
        (f"type: RESERVE reserve {{ {RESOURCE} }}", "volume already exists"),
        (f"type: UNRESERVE unreserve {{ {RESOURCE} }}", "destroy the persistent volume first"),
        (f"type: UNRESERVE unreserve {{ {CPU % ''} }}", "is not dynamically reserved"),
        (f"type: CREATE create {{ {PLAIN} {PLAIN} }}", "'v' is used more than once"),
        (create("mode: RW", "mode: RO"), "Read-only persistent volume"),
        (create('"data"', '".."'), "cannot be the path"),
        (create("mode: RW", 'mode: RW host_path: "/h"'), "'host_path' to be unset"),
        (create("mode: RW", "mode: RW source { }"), "'source' and 'image'"),
        (create('"v" principal: "p"', '"v" principal: "x"'), "principal 'x'"),
        (create("value: 5", "value: 0"), "must not be empty"),
        (
            'type: CREATE create { volumes { name: "disk" type: SCALAR scalar { value: 5 } role: "r" } }',
            "does not have 'disk.persistence' set",
        ),
        (
            (
                'type: CREATE create { volumes { name: "disk" type: SCALAR scalar { value: 5 } role: "r" '
                'disk { persistence { id: "v" } } } }'
            ),
            "Expecting 'volume' to be set",
        ),
    ],
)
def test_what_is_dropped(text, words):
    found = one(text)
    assert isinstance(found, Dropped)
    assert words in found.problem


def test_who_was_not_authenticated_may_name_any_principal():
    who = asked(principal="")
    text = CPU % 'role: "r" reservation { principal: "x" }'
    assert isinstance(one(f"type: RESERVE reserve {{ {text} }}", who), Reserve)


def test_the_operations_stay_as_they_came():
    given = operations(f"type: RESERVE reserve {{ {CPU % MINE} }}", f"type: CREATE create {{ {VOLUME % ''} }}")
    before = [operation.SerializeToString() for operation in given]
    assert list(read(given, asked()))
    assert [operation.SerializeToString() for operation in given] == before


def test_every_task_is_named():
    given = operations(
        f"type: LAUNCH launch {{ task_infos {{ {COMMAND} }} task_infos {{ {CUSTOM} }} }}",
        f"type: RESERVE reserve {{ {CPU % MINE} }}",
        GROUP,
    )
    assert list(tasks_named(given)) == [("t", "A", ""), ("t", "A", "e"), ("t", "A", "e")]
