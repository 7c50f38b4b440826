"""Who subscribes, and who is refused."""

import pytest

from portico.domain.errors import Invalid
from portico.domain.identity import Instant
from portico.doors.mesos.inbound import durations
from portico.doors.mesos.inbound.framework import check_ids, draft
from portico.doors.mesos.inbound.names import check_id, check_role
from portico.wire.mesos import mesos_pb2 as pb
from portico.wire.mesos import scheduler_pb2

_C = pb.FrameworkInfo.Capability


def framework(*capabilities, **more):
    named = [_C(type=_C.Type.Value(name)) for name in capabilities]
    return pb.FrameworkInfo(**{"user": "ann", "name": "f", "capabilities": named} | more)


def test_all_that_a_framework_says_of_itself():
    info = framework(
        "PARTITION_AWARE", "UNKNOWN", id=pb.FrameworkID(value="F"), role="r", principal="p", failover_timeout=1.5
    )
    made = draft(info)
    assert (made.id, made.name, made.user, made.roles, made.principal) == ("F", "f", "ann", ("r",), "p")
    assert made.capabilities == {"PARTITION_AWARE"}
    assert made.failover_timeout == 1_500_000
    assert made.registered_at == Instant(0)
    assert pb.FrameworkInfo.FromString(made.info) == info


def test_defaults():
    made = draft(pb.FrameworkInfo(user="", name=""))
    assert (made.id, made.roles, made.failover_timeout, made.principal) == ("", ("*",), 0, "")


def test_several_roles():
    assert draft(framework("MULTI_ROLE", roles=["a", "b"])).roles == ("a", "b")
    assert draft(framework("MULTI_ROLE")).roles == ()


def test_the_authenticated_principal_stands_in_for_one_that_is_not_said():
    assert draft(framework(), "p").principal == "p"
    assert draft(framework(principal="q"), None).principal == "q"


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (framework(role=""), "'FrameworkInfo.role' is not valid: Empty role name is invalid"),
        (framework(role="a/b"), "'FrameworkInfo.role' is not valid: Role name 'a/b' is invalid"),
        (framework(roles=["a"]), "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"),
        (framework("MULTI_ROLE", role="a"), "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE"),
        (framework("MULTI_ROLE", roles=["a", "-b"]), "'FrameworkInfo.roles' is not valid: .*begins with a dash"),
        (framework("MULTI_ROLE", roles=["a", "b", "a"]), "contains duplicate items: a"),
        (framework(failover_timeout=float("nan")), "failover_timeout .* is invalid"),
        (framework(failover_timeout=1e12), "failover_timeout .* is invalid: .*out of range"),
        (framework(failover_timeout=-1), "failover_timeout .* is invalid: .*non-negative"),
        (framework(id=pb.FrameworkID(value="a/b")), "'FrameworkInfo.id' is invalid"),
        (framework(user="a:b"), "'FrameworkInfo.user' cannot be 'a:b'"),
        (framework(principal="q"), "Framework principal 'q' does not match authenticated principal 'p'"),
    ],
)
def test_who_is_refused(info, words):
    with pytest.raises(Invalid, match=words):
        draft(info, "p")


@pytest.mark.parametrize(
    ("said", "named", "fits"),
    [(None, None, True), ("F", "F", True), ("F", None, False), (None, "F", False), ("F", "G", False), (None, "", True)],
)
def test_a_subscription_names_its_framework_twice_or_not_at_all(said, named, fits):
    call = scheduler_pb2.Call(subscribe=scheduler_pb2.Call.Subscribe(framework_info=framework()))
    if said is not None:
        call.framework_id.value = said
    if named is not None:
        call.subscribe.framework_info.id.value = named
    if fits:
        check_ids(call)
    else:
        with pytest.raises(Invalid):
            check_ids(call)


@pytest.mark.parametrize("role", ["*", "a", "a.b", "web-1", "ü"])
def test_good_roles(role):
    check_role(role)


@pytest.mark.parametrize("role", ["", ".", "..", "-a", "a b", "a\tb", "a\bb", "a/b", "a\n", "a\0b"])
def test_bad_roles(role):
    with pytest.raises(Invalid):
        check_role(role)


@pytest.mark.parametrize("identity", ["a", "a b", "...", "ä.1", "-"])
def test_good_ids(identity):
    check_id(identity, "id")


@pytest.mark.parametrize("identity", ["", ".", "..", "a/b", "a\\b", "a\nb", "\x7f", "\x00"])
def test_bad_ids(identity):
    with pytest.raises(Invalid):
        check_id(identity, "id")


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (5_000_000, "5secs"),
        (90_000_000, "90secs"),
        (900_000_000, "15mins"),
        (3_600_000_000, "1hrs"),
        (1_209_600_000_000, "2weeks"),
        (86_400_000_000, "1days"),
        (1_500, "1500us"),
        (250_000, "250ms"),
        (0, "0ns"),
    ],
)
def test_durations_in_words(micros, text):
    assert durations.text(micros) == text
