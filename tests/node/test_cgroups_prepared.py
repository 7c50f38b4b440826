"""Control groups v2, and detection, against a prepared directory tree instead of a kernel.

The tree lies in a temporary directory. Three system calls are replaced so that it keeps the kernel's rules: a new
directory has the interface files, controllers are passed on only by a group without processes of its own (the top one
excepted), a process is in one group at a time, and only a group without processes or children can be removed.
"""

import errno
import os
from pathlib import Path

import pytest

from portico.domain.errors import Exhausted, Invalid, Unavailable
from portico.domain.runs import Limits
from portico.node import cgroups
from portico.node.cgroup_contract import refusal
from portico.node.cgroup_mounts import read_mounts

INTERFACE = {
    "memory": ("memory.max", "memory.oom.group", "memory.events", "memory.peak", "memory.current"),
    "cpu": ("cpu.weight", "cpu.max"),
    "pids": ("pids.max", "pids.current"),
}


class PreparedTree:
    """A v2 hierarchy as plain files, with the rules above."""

    def __init__(self, top, controllers):
        self.top = top
        self.mkdir, self.rmdir, self.write = os.mkdir, os.rmdir, os.write
        self.mkdir(top)
        self.furnish(top, controllers)

    def furnish(self, group, controllers):
        (group / "cgroup.controllers").write_text(" ".join(controllers))
        for name in ("cgroup.subtree_control", "cgroup.procs", "cgroup.kill", "cpu.stat"):
            (group / name).touch()
        for controller in controllers if group != self.top else ():
            for name in INTERFACE[controller]:
                (group / name).touch()

    def locate(self, path, dir_fd):
        base = Path(f"/proc/self/fd/{dir_fd}").readlink() if dir_fd is not None else Path()
        return base / path

    def make(self, path, mode=0o777, *, dir_fd=None):
        self.mkdir(path, mode, dir_fd=dir_fd)
        group = self.locate(path, dir_fd)
        if group.is_relative_to(self.top):
            self.furnish(group, (group.parent / "cgroup.subtree_control").read_text().split())

    def remove(self, path, *, dir_fd=None):
        group = self.locate(path, dir_fd)
        if group.is_relative_to(self.top) and group.is_dir():
            if (group / "cgroup.procs").read_text().split() or any(entry.is_dir() for entry in group.iterdir()):
                raise OSError(errno.EBUSY, "busy")
            for file in group.iterdir():
                file.unlink()
        self.rmdir(path, dir_fd=dir_fd)

    def put(self, handle, data):
        file = Path(f"/proc/self/fd/{handle}").readlink()
        if file.is_relative_to(self.top) and file.name == "cgroup.subtree_control":
            self.pass_on(file, bytes(data).decode().replace("+", "").split())
        elif file.is_relative_to(self.top) and file.name == "cgroup.procs":
            self.move(file, bytes(data).decode())
        else:
            return self.write(handle, data)
        return len(data)

    def pass_on(self, file, wanted):
        if file.parent != self.top and file.with_name("cgroup.procs").read_text().split():
            raise OSError(errno.EBUSY, "it has processes")
        if not set(wanted) <= set(file.with_name("cgroup.controllers").read_text().split()):
            raise OSError(errno.ENOENT, "no such controller")
        file.write_text(" ".join(sorted({*file.read_text().split(), *wanted})))
        for child in (entry for entry in file.parent.iterdir() if entry.is_dir()):
            self.furnish(child, wanted)

    def move(self, file, pid):
        if file.with_name("cgroup.subtree_control").read_text() and file.parent != self.top:
            raise OSError(errno.EBUSY, "it distributes controllers")
        for other in self.top.rglob("cgroup.procs"):
            other.write_text("\n".join(member for member in other.read_text().split() if member != pid))
        file.write_text("\n".join([*file.read_text().split(), pid]))


@pytest.fixture
def tree(tmp_path, monkeypatch):
    tree = PreparedTree(tmp_path / "cg", ["cpu", "memory", "pids"])
    monkeypatch.setattr(os, "mkdir", tree.make)
    monkeypatch.setattr(os, "rmdir", tree.remove)
    monkeypatch.setattr(os, "write", tree.put)
    return tree


def proc_self(tmp_path, mountinfo, cgroup):
    place = tmp_path / "proc"
    place.mkdir()
    (place / "mountinfo").write_text(mountinfo)
    (place / "cgroup").write_text(cgroup)
    return place


def mounted(tree, own="/", mounted_group="/"):
    line = f"30 1 0:26 {mounted_group} {tree.top} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    return proc_self(tree.top.parent, line, f"0::{own}\n")


def detect(tree, own="/"):
    return cgroups.detect(tree.top, mounted(tree, own), "slice")


LIMITS = Limits(memory=1 << 26, cpus=500, cpu_quota=True, pids=5)


def test_slice_at_the_top(tree):
    found = detect(tree)
    assert (found.version, found.warnings, found.leave) == ("v2", (), ())
    assert (tree.top / "slice/cgroup.subtree_control").read_text() == "cpu memory pids"


def test_own_processes_move_into_a_leaf_before_controllers_are_passed_on(tree):
    (tree.top / "cgroup.subtree_control").write_text("cpu memory pids")
    own = tree.top / "service"
    own.mkdir()
    (own / "cgroup.procs").write_text("11\n12\n")
    found = detect(tree, "/service")
    assert (own / "cgroup.procs").read_text() == ""
    assert (own / "portico-own/cgroup.procs").read_text().split() == ["11", "12"]
    assert (own / "cgroup.subtree_control").read_text() == "cpu memory pids"
    assert found.prepare("run", LIMITS).procs == str(own / "slice/run/.own/cgroup.procs")


def test_an_agent_that_was_moved_finds_the_same_slice(tree):
    (tree.top / "cgroup.subtree_control").write_text("cpu memory pids")
    own = tree.top / "service"
    (own / "portico-own").mkdir(parents=True)
    found = detect(tree, "/service/portico-own")
    assert found.prepare("run", LIMITS).procs.startswith(f"{own}/slice/run/")


def test_missing_controllers_are_said_in_one_sentence(tree):
    (tree.top / "cgroup.controllers").write_text("cpu")
    found = detect(tree)
    assert found.version == "v2"
    assert found.warnings == (
        "No writable cgroup controller for memory and pids: these limits are not enforced on this node.",
    )
    assert found.prepare("run", Limits(memory=1 << 26)).procs == ""
    assert not (tree.top / "slice/run").exists()


def test_hierarchy_without_controllers_is_none(tree):
    (tree.top / "cgroup.controllers").write_text("hugetlb")
    found = detect(tree)
    assert found.version == "none"
    assert len(found.warnings) == 1


def test_limits_are_written(tree):
    found = detect(tree)
    found.prepare("run", LIMITS)
    group = tree.top / "slice/run"
    written = {name: (group / name).read_text() for names in INTERFACE.values() for name in names}
    assert {name: value for name, value in written.items() if value} == {
        "memory.max": str(1 << 26),
        "memory.oom.group": "1",
        "cpu.weight": "50",
        "cpu.max": "50000 100000",
        "pids.max": "5",
    }


def test_nested_run_gets_controllers_while_its_parent_runs(tree):
    found = detect(tree)
    outer = found.prepare("host", LIMITS)
    tree.move(Path(outer.procs), "77")
    inner = found.prepare("task", LIMITS, parent="host")
    deeper = found.prepare("sub", LIMITS, parent="host/task")
    assert found.existing() == ["host", "host/task", "host/task/sub"]
    assert (tree.top / "slice/host/cgroup.subtree_control").read_text() == "cpu memory pids"
    tree.move(Path(inner.procs), "78")
    tree.move(Path(deeper.procs), "79")
    assert sorted(found.members("host")) == [77, 78, 79]
    assert found.members("host/task/sub") == [79]
    assert not found.remove("host")
    for leaf in tree.top.rglob("cgroup.procs"):
        leaf.write_text("")
    assert found.remove("host")
    assert found.existing() == []
    found.close()
    assert not (tree.top / "slice").exists()


def test_facts(tree):
    found = detect(tree)
    found.prepare("run", LIMITS)
    group = tree.top / "slice/run"
    (group / "memory.events").write_text("low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 1\n")
    (group / "memory.peak").write_text("4096\n")
    (group / "memory.current").write_text("1024\n")
    (group / "cpu.stat").write_text("usage_usec 777\nuser_usec 700\n")
    (group / "pids.current").write_text("3\n")
    assert found.facts("run") == cgroups.CgroupFacts(1, 4096, 777, 3, 1024)
    assert found.spent("run") == cgroups.CgroupFacts(1, 4096, 777)
    assert found.oom_kills("run") == 1
    assert found.facts("gone") == cgroups.CgroupFacts()


def test_kill_uses_the_kernels_switch(tree):
    found = detect(tree)
    found.prepare("run", LIMITS)
    assert found.kill("run")
    assert (tree.top / "slice/run/cgroup.kill").read_text() == "1"
    assert found.kill("never-was")


def test_refused_limits_leave_nothing_behind(tree, monkeypatch):
    found = detect(tree)

    def refuse(handle, data):
        if Path(f"/proc/self/fd/{handle}").readlink().name == "memory.max":
            raise OSError(errno.EINVAL, "no such limit")
        return tree.put(handle, data)

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(Invalid):
        found.prepare("run", LIMITS)
    assert found.existing() == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, Exhausted), (errno.ENOMEM, Exhausted), (errno.EINVAL, Invalid), (errno.EACCES, Unavailable)],
)
def test_refusals_name_their_kind(number, expected):
    assert type(refusal(OSError(number, "why"), "run")) is expected


def test_mounts_of_a_hybrid_machine(tmp_path):
    for name in ("memory/job", "cpu,cpuacct", "with blank", "elsewhere/in"):
        (tmp_path / "cg" / name).mkdir(parents=True)
    root = tmp_path / "cg"
    blank = str(root / "with blank").replace(" ", "\\040")
    mountinfo = (
        f"1 1 0:1 / {root} rw - tmpfs tmpfs rw\n"
        f"2 1 0:2 / {root}/memory rw - cgroup cgroup rw,memory\n"
        f"3 1 0:3 /docker/abc {root}/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n"
        f"4 1 0:4 / {root}/systemd rw - cgroup cgroup rw,name=other\n"
        f"5 1 0:5 /docker/abc {blank} rw - cgroup2 cgroup2 rw\n"
        f"6 1 0:6 / {tmp_path}/outside rw - cgroup cgroup rw,pids\n"
    )
    membership = "4:memory:/job\n3:cpu,cpuacct:/docker/abc\n2:pids:/\n1:name=systemd:/\n0::/docker/xyz\n"
    mounts = read_mounts(root, proc_self(tmp_path, mountinfo, membership))
    assert [(mount.own.relative_to(root), sorted(mount.controllers), mount.unified) for mount in mounts] == [
        (Path("memory/job"), ["memory"], False),
        (Path("cpu,cpuacct"), ["cpu", "cpuacct"], False),
        (Path("with blank"), [], True),
    ]


def test_own_v1_group_comes_before_the_top(tmp_path):
    own = tmp_path / "cg/memory/job"
    own.mkdir(parents=True)
    for place in (own, own.parent):
        (place / "tasks").write_text("")
    mountinfo = f"2 1 0:2 / {tmp_path}/cg/memory rw - cgroup cgroup rw,memory\n"
    found = cgroups.detect(tmp_path / "cg", proc_self(tmp_path, mountinfo, "4:memory:/job\n"), "slice")
    assert found.version == "v1"
    assert found.leave == (str(own / "tasks"),)
    assert (own / "slice").is_dir()
    assert found.warnings == (
        "No writable cgroup controller for cpu and pids: these limits are not enforced on this node.",
    )


@pytest.mark.parametrize(
    ("control", "failures", "kills"), [("oom_kill 3\n", "9", 3), ("under_oom 0\n", "9", 1), ("under_oom 0\n", "0", 0)]
)
def test_old_kernels_count_limit_hits_instead_of_kills(tmp_path, control, failures, kills):
    top = tmp_path / "cg/memory"
    (top / "slice/run").mkdir(parents=True)
    (top / "tasks").write_text("")
    (top / "slice/run/memory.oom_control").write_text(f"oom_kill_disable 0\n{control}")
    (top / "slice/run/memory.failcnt").write_text(failures)
    mountinfo = f"2 1 0:2 / {top} rw - cgroup cgroup rw,memory\n"
    found = cgroups.detect(tmp_path / "cg", proc_self(tmp_path, mountinfo, "4:memory:/\n"), "slice")
    assert found.oom_kills("run") == kills


def test_no_mounts_at_all(tmp_path):
    found = cgroups.detect(tmp_path, tmp_path / "absent", "slice")
    assert found.version == "none"
    assert found.warnings == (
        "Of the cgroup controllers none is mounted: memory, cpu and pids limits are not enforced on this node.",
    )
    assert found.prepare("run", LIMITS, parent="host") == cgroups.Prepared("host/run")
    assert found.facts("run") == found.spent("run") == cgroups.CgroupFacts()
    assert (found.members("run"), found.existing(), found.oom_kills("run")) == ([], [], 0)
    assert found.kill("run")
    assert found.remove("run")
    found.close()
