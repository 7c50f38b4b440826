"""Mounts: which directory of the node appears where."""

from __future__ import annotations

from doors.titus.inbound.descriptors import BATCH, JOB, converted

from portico.domain.containers import Mount
from portico.domain.runs import RunSpec
from portico.doors.titus.inbound.containers import JobPlan, plan
from portico.doors.titus.inbound.limits import Limits
from portico.doors.titus.inbound.mounts import shared_with

TASK = "0f0e0d0c-6ee8-4d3f-9d53-0123456789ab"
LIMITS = Limits(folder="/data/titus")


def planned(text: str, limits: Limits = LIMITS) -> JobPlan:
    return plan(converted(BATCH, text, limits), JOB, limits)


def mounts(spec: RunSpec) -> tuple[Mount, ...]:
    container = spec.container
    assert container is not None
    return container.mounts


def efs(fields: str) -> str:
    return f'container {{ resources {{ efsMounts {{ efsId: "fs-1" mountPoint: "efs/" {fields} }} }} }}'


def test_a_known_file_system_is_its_directory() -> None:
    limits = Limits(efs={"fs-1": "/srv/one"})
    read_only = planned(efs(""), limits).template.spec
    assert mounts(read_only) == (Mount("/efs", "/srv/one", read_only=True),)
    part = planned(efs('mountPerm: RW efsRelativeMountPoint: "/a//b/."'), limits).template.spec
    assert mounts(part) == (Mount("/efs", "/srv/one/a/b"),)
    write_only = planned(efs("mountPerm: WO"), limits).template.spec
    assert mounts(write_only) == (Mount("/efs", "/srv/one"),)


def test_without_file_systems_a_job_gets_an_empty_directory_for_each() -> None:
    found = mounts(planned(efs("mountPerm: RW")).template.spec)
    assert found == (Mount("/efs", f"/data/titus/jobs/{JOB}/efs/fs-1", create=True),)


SHARED = """
volumes { name: "v" sharedContainerVolumeSource { sourceContainer: "log" sourcePath: "/var/log" } }
container { volumeMounts { volumeName: "v" mountPath: "/seen" subPath: "a" readOnly: true } }
extraContainers { name: "log" image { name: "a/b" tag: "1" } }
extraContainers { name: "other" image { name: "a/b" tag: "1" } volumeMounts { volumeName: "v" mountPath: "/x" } }
"""


def test_a_volume_is_a_directory_that_the_containers_of_one_task_share() -> None:
    found = planned(SHARED)
    assert mounts(found.template.spec) == (Mount("/seen", ".volumes/v/a", read_only=True, create=True),)
    log, other = (mounts(shared_with(child.spec, TASK)) for child in found.children)
    assert log == (Mount("/var/log", ".volumes/v", create=True, run=TASK),)
    assert other == (Mount("/x", ".volumes/v", create=True, run=TASK),)


def test_a_source_that_mounts_the_volume_itself_has_it_once() -> None:
    text = """
    volumes { name: "v" sharedContainerVolumeSource { sourceContainer: "main" sourcePath: "/d/" } }
    container { volumeMounts { volumeName: "v" mountPath: "/d" } }
    """
    assert [mount.target for mount in mounts(planned(text).template.spec)] == ["/d"]


def test_a_volume_from_outside_outlives_tasks() -> None:
    text = """
    volumes { name: "v" SaaSVolumeSource { SaaSVolumeID: "s-1" } }
    container { volumeMounts { volumeName: "v" mountPath: "/d" } }
    """
    assert [mount.source for mount in mounts(planned(text).template.spec)] == [f"/data/titus/jobs/{JOB}/volumes/v"]


def test_sharing_leaves_what_has_no_volumes_alone() -> None:
    plain = planned("").template.spec
    assert shared_with(plain, TASK) is plain
    assert shared_with(RunSpec(argv=("a",)), TASK) == RunSpec(argv=("a",))
    lent = planned(efs("mountPerm: RW")).template.spec
    assert shared_with(lent, TASK) is lent
