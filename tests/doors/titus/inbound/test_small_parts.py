"""Ids, numbers, attributes, health checks and limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from doors.titus.inbound.descriptors import JOB, written

from portico.domain.identity import SECOND
from portico.domain.runs import CheckKind
from portico.doors.titus.callers import Caller
from portico.doors.titus.errors import TitusError
from portico.doors.titus.inbound import attributes
from portico.doors.titus.inbound.health_checks import Wrong, health_check
from portico.doors.titus.inbound.identities import job_id, task_id
from portico.doors.titus.inbound.limits import Limits, Sidecar, Sizes, limits_of
from portico.doors.titus.inbound.signed import signed_int, signed_long
from portico.settings import Settings, TitusLimits, TitusSettings, TitusSidecar, TitusSizes
from portico.settings.titus import NETWORK_MODES
from portico.wire.titus import jobs_pb2


def test_ids_are_uuids() -> None:
    assert job_id(JOB) == JOB
    assert task_id(f" {JOB.upper()} ") == JOB.upper()
    for wrong in ("", "a", JOB + "0", JOB.replace("-", ""), "g" + JOB[1:]):
        with pytest.raises(TitusError, match=r"^Job id must be UUID string, but is: "):
            job_id(wrong)
    with pytest.raises(TitusError, match=r"^Task id must be UUID string"):
        task_id("x" * 1_000)


@pytest.mark.parametrize(
    ("number", "as_int", "as_long"),
    [(0, 0, 0), (2**31 - 1, 2**31 - 1, 2**31 - 1), (2**31, -(2**31), 2**31), (2**32 - 1, -1, 2**32 - 1)],
)
def test_unsigned_numbers_are_read_as_signed(number: int, as_int: int, as_long: int) -> None:
    assert (signed_int(number), signed_long(number)) == (as_int, as_long)
    assert signed_long(2**63) == -(2**63)
    assert signed_long(2**64 - 1) == -1


def test_caller_and_cell_are_noted() -> None:
    descriptor = written()
    attributes.name_caller(descriptor, Caller("me", reason="why"))
    attributes.name_cell(descriptor, "c1", "")
    expected = {"titus.createdBy": "me", "titus.callReason": "why", "titus.cell": "c1"}
    assert dict(descriptor.attributes) == expected
    attributes.name_cell(descriptor, "", "s1")
    assert dict(descriptor.attributes) == {**expected, "titus.stack": "s1"}


def test_the_id_of_a_federation_is_taken_out_once() -> None:
    descriptor = written()
    assert attributes.take_identity(descriptor) == ""
    descriptor.attributes["titus.federatedJobId"] = JOB
    assert attributes.take_identity(descriptor) == JOB
    assert dict(descriptor.attributes) == {"titus.originalFederatedJobId": JOB}
    assert attributes.take_identity(descriptor) == ""


EBS = {
    "titusParameter.ebs.volumeIds": " v1, v2,,",
    "titusParameter.ebs.mountPoint": "/e",
    "titusParameter.ebs.mountPerm": "RW",
    "titusParameter.ebs.fsType": "xfs",
}


@pytest.mark.parametrize("missing", ["", *EBS])
def test_volumes_need_place_rights_and_kind(missing: str) -> None:
    descriptor = written()
    descriptor.attributes.update({key: value for key, value in EBS.items() if key != missing})
    assert attributes.ebs_volumes(descriptor) == (() if missing else ("v1", "v2"))


P = "portico.healthCheck."


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({P + "command": "exit 0"}, (CheckKind.COMMAND, ("/bin/sh", "-c", "exit 0"), 0, "/")),
        ({P + "http": "80"}, (CheckKind.HTTP, (), 80, "/")),
        ({P + "http": "80/x?y=z"}, (CheckKind.HTTP, (), 80, "/x?y=z")),
        ({P + "tcp": " 22 "}, (CheckKind.TCP, (), 22, "/")),
    ],
)
def test_health_checks(said: dict[str, str], expected: tuple[object, ...]) -> None:
    check = health_check(said)
    assert check is not None
    assert (check.kind, check.argv, check.port, check.path) == expected
    assert check.failures > 1_000_000


def test_times_of_a_health_check() -> None:
    said = {"tcp": "1", "delaySeconds": "0", "intervalSeconds": "2", "timeoutSeconds": "3", "failures": "4"}
    check = health_check({P + key: value for key, value in said.items()})
    assert check is not None
    assert (check.delay, check.interval, check.timeout, check.failures) == (0, 2 * SECOND, 3 * SECOND, 4)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"tcp": "0"}, "tcp"),
        ({"tcp": "65536"}, "tcp"),
        ({"tcp": "9" * 9_999}, "tcp"),
        ({"http": "x/y"}, "http"),
        ({"http": "80/a b"}, "http"),
        ({"command": " "}, "command"),
        ({"command": "a\0"}, "command"),
        ({"command": "a", "tcp": "1"}, "tcp"),
        ({"tcp": "1", "intervalSeconds": "0"}, "intervalSeconds"),
        ({"tcp": "1", "failures": "-1"}, "failures"),
    ],
)
def test_wrong_health_checks_name_their_attribute(said: dict[str, str], key: str) -> None:
    with pytest.raises(Wrong) as raised:
        health_check({P + name: value for name, value in said.items()})
    assert raised.value.key == P + key


def test_the_defaults_are_those_of_the_configuration() -> None:
    found = limits_of(Settings(data_dir=Path("/data")))
    assert found == Limits(folder="/data/titus")


def test_limits_from_the_configuration() -> None:
    found = limits_of(
        Settings(
            data_dir=Path("/data"),
            titus_limits=TitusLimits(
                max_cpus=500, max_mem=7_000, default_shm=8_000, applications={"a": TitusSizes(max_batch_size=3)}
            ),
            titus=TitusSettings(
                efs={"fs": Path("/srv/fs")},
                sidecars={"s": TitusSidecar(image="i", command=("c",))},
                networks={"Ipv4Only": "none"},
                security_groups=("sg-1",),
                iam_role="r",
            ),
        )
    )
    assert (found.max_cpus, found.max_memory, found.default_shm) == (500, 7, 8)
    assert (found.applications, found.efs) == ({"a": Sizes(batch=3)}, {"fs": "/srv/fs"})
    assert found.sidecars == {"s": Sidecar("i", ("c",))}
    assert (found.networks, found.security_groups, found.iam_role) == ({"Ipv4Only": "none"}, ("sg-1",), "r")


def test_the_network_modes_of_the_configuration_are_those_of_the_wire() -> None:
    assert list(NETWORK_MODES) == jobs_pb2.NetworkConfiguration.NetworkMode.keys()
