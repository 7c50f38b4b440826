"""Control groups of the machine the tests run on; where it gives none, the honest answer is what is tested."""

import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from portico.domain.errors import Invalid
from portico.domain.runs import Limits
from portico.node import cgroups
from portico.node.cgroup_mounts import read_mounts
from portico.node.cgroups_v2 import LEAF, UnifiedCgroups
from portico.node.rlimits import join_prefix

MEGABYTE = 1 << 20
SLICE = f"portico-test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def found():
    found = cgroups.detect(slice_name=SLICE)
    yield found
    for name in reversed(found.existing()):
        found.kill(name)
        remove(found, name)
    found.close()


def remove(found, name):
    for _ in range(1000):
        if found.remove(name):
            return
        threading.Event().wait(0.005)
    raise AssertionError(f"{name} cannot be removed")


def limited(found):
    """Tell whether memory can be limited here; if not, that this is said."""
    if "memory" in found.controllers:
        return True
    assert found.warnings
    assert "memory" in found.warnings[0]
    assert found.prepare("run", Limits(memory=64 * MEGABYTE)).enter == ()
    assert found.prepare("run", Limits(memory=64 * MEGABYTE)).procs == ""
    return False


def spawn(prepared, *argv):
    """Start a process inside a group, from a thread that joins it first (v1) or through the exec prefix (v2)."""
    started = []

    def work():
        for path in prepared.enter:
            Path(path).write_text("0")
        started.append(subprocess.Popen((*join_prefix(prepared.procs), *argv), stdin=subprocess.PIPE))
        for path in prepared.leave:
            Path(path).write_text("0")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return started[0]


def python(code):
    return (sys.executable, "-c", code)


def test_out_of_memory_is_reported(found):
    if not limited(found):
        return
    prepared = found.prepare("hungry", Limits(memory=64 * MEGABYTE))
    process = spawn(prepared, *python("b = bytearray(256 << 20)"))
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    facts = found.facts("hungry")
    assert facts.oom_kills >= 1
    assert found.oom_kills("hungry") == facts.oom_kills
    assert 32 * MEGABYTE < facts.peak_memory <= 64 * MEGABYTE
    remove(found, "hungry")
    assert found.existing() == []


def test_modest_process_shows_no_kill(found):
    if not limited(found):
        return
    process = spawn(found.prepare("modest", Limits(memory=64 * MEGABYTE)), "/bin/true")
    process.communicate()
    assert process.returncode == 0
    assert found.facts("modest").oom_kills == 0


def test_only_needed_controllers_get_a_directory(found):
    if not limited(found):
        return
    assert found.prepare("bare", Limits()).enter == ()
    assert found.existing() == []
    prepared = found.prepare("one", Limits(memory=MEGABYTE * 64))
    if found.version == "v1":
        assert [Path(path).name for path in prepared.enter] == ["tasks"]
        assert len(prepared.leave) == 1
        assert set(prepared.leave) <= set(found.leave)


def test_limits_reach_the_kernel(found):
    if found.version != "v1" or not {"memory", "cpu", "pids"} <= found.controllers:
        assert found.version == "v2" or found.warnings
        return
    prepared = found.prepare("full", Limits(cpus=1500, cpu_quota=True, memory=64 * MEGABYTE, pids=7))
    values = {}
    for path in prepared.enter:
        for name in ("memory.limit_in_bytes", "cpu.shares", "cpu.cfs_quota_us", "pids.max"):
            file = Path(path).with_name(name)
            if file.exists():
                values[name] = int(file.read_text())
    assert values == {
        "memory.limit_in_bytes": 64 * MEGABYTE,
        "cpu.shares": 1536,
        "cpu.cfs_quota_us": 150_000,
        "pids.max": 8,
    }


def test_prepare_again_changes_the_limits(found):
    if not limited(found):
        return
    first = found.prepare("grows", Limits(memory=64 * MEGABYTE))
    again = found.prepare("grows", Limits(memory=128 * MEGABYTE, pids=9))
    assert set(first.enter) <= set(again.enter)
    if found.version == "v1":
        limit = next(Path(path).with_name("memory.limit_in_bytes") for path in first.enter)
        assert int(limit.read_text()) == 128 * MEGABYTE


def test_members_kill_and_remove_of_a_tree(found):
    if not limited(found):
        return
    limits = Limits(memory=64 * MEGABYTE)
    outer = found.prepare("host", limits)
    inner = found.prepare("task", limits, parent="host")
    assert inner.name == "host/task"
    processes = [
        spawn(outer, "/bin/sleep", "60"),
        spawn(inner, *python("import os; os.fork(); input()")),
    ]
    assert found.existing() == ["host", "host/task"]
    assert {process.pid for process in processes} <= set(found.members("host"))
    assert processes[0].pid not in found.members("host/task")
    assert not found.remove("host")
    for _ in range(1000):
        if found.kill("host"):
            break
    assert found.members("host") == []
    for process in processes:
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    remove(found, "host")
    assert found.existing() == []
    assert found.remove("host/task"), "what is gone already is removed"
    assert found.facts("host/task") == cgroups.CgroupFacts()


def test_groups_of_an_earlier_life_are_known_again():
    name = f"{SLICE}-lives"
    earlier = cgroups.detect(slice_name=name)
    if not limited(earlier):
        return
    process = spawn(earlier.prepare("left", Limits(memory=64 * MEGABYTE, pids=5)), "/bin/cat")
    later = cgroups.detect(slice_name=name)
    assert later.existing() == ["left"]
    assert later.members("left") == [process.pid]
    assert later.facts("left").memory > 0
    while not later.kill("left"):
        pass
    process.communicate()
    remove(later, "left")
    later.close()
    earlier.close()
    assert cgroup_directories(name) == []


def cgroup_directories(name):
    return [path for path in Path("/sys/fs/cgroup").glob(f"*/**/{name}") if path.is_dir()]


def test_cpu_time_and_processes_are_counted(found):
    if not {"cpuacct", "pids"} <= found.controllers:
        assert found.version == "v2" or found.warnings
        return
    prepared = found.prepare("busy", Limits(cpus=1000, pids=20))
    process = spawn(
        prepared, *python("import time\nwhile time.process_time() < 0.05: pass\nprint('x', flush=True)\ninput()")
    )
    while found.facts("busy").cpu_micros < 50_000:
        assert process.poll() is None
    assert found.facts("busy").pids == 1
    process.communicate(b"\n")
    assert found.facts("busy").pids == 0


def test_process_limit_holds(found):
    if "pids" not in found.controllers:
        assert found.warnings
        return
    code = """if True:
        import os, signal
        born = []
        try:
            while len(born) < 20:
                pid = os.fork()
                if not pid:
                    signal.pause()
                born.append(pid)
        except BlockingIOError:
            for pid in born:
                os.kill(pid, signal.SIGKILL)
            os._exit(len(born))
    """
    process = spawn(found.prepare("narrow", Limits(pids=5)), *python(code))
    process.communicate()
    # Under v1 there is room for one more, which the spawning thread takes while it is inside.
    assert process.returncode in ({4, 5} if found.version == "v1" else {4})


def test_a_kill_spares_the_agent_whose_thread_is_inside(found):
    if not limited(found) or found.version != "v1":
        return
    prepared = found.prepare("run", Limits(memory=64 * MEGABYTE))
    inside, leave = threading.Event(), threading.Event()

    def stand_inside():
        Path(prepared.enter[0]).write_text("0")
        inside.set()
        leave.wait(10)
        Path(prepared.leave[0]).write_text("0")

    thread = threading.Thread(target=stand_inside)
    thread.start()
    inside.wait(10)
    assert str(os.getpid()) in Path(prepared.enter[0]).with_name("cgroup.procs").read_text().split()
    assert found.members("run") == []
    assert found.kill("run")
    assert not found.remove("run")
    leave.set()
    thread.join()
    remove(found, "run")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/x", "a\0b", "x" * 201, ".own", "a\nb"])
def test_names_that_are_no_names(found, name):
    with pytest.raises(Invalid):
        found.prepare(name, Limits(memory=64 * MEGABYTE))
    assert found.existing() == []


def test_interface_file_is_no_group(found):
    if found.version != "v1" or not limited(found):
        return
    with pytest.raises(Invalid):
        found.prepare("memory.limit_in_bytes", Limits(memory=64 * MEGABYTE))


def test_another_user_gets_no_cgroup_and_is_told_so():
    if os.geteuid() != 0:
        found = cgroups.detect(slice_name="portico-test-user")
        assert found.version != "none" or len(found.warnings) == 1
        return
    root = str(Path(cgroups.__file__).parents[2])
    code = (
        "import os, sys\n"
        f"sys.path[:0] = {[root, *sys.path]!r}\n"
        "import portico.node.cgroups as c\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "found = c.detect(slice_name='portico-test-nobody')\n"
        "print(found.version, len(found.warnings), found.warnings[0].count('.'), found.leave)"
    )
    told = subprocess.run(python(code), capture_output=True, text=True, check=True).stdout
    assert told == "none 1 1 ()\n"


def test_v2_kill_and_join_by_the_kernel_itself():
    """The v2 hierarchy may come without controllers; joining, members, kill and removal work nevertheless."""
    mounts = [mount for mount in read_mounts(Path("/sys/fs/cgroup"), Path("/proc/self")) if mount.unified]
    if not mounts or not os.access(mounts[0].own / "cgroup.procs", os.W_OK):
        assert cgroups.detect(slice_name=f"portico-test-{uuid.uuid4().hex}").version != "v2"
        return
    path = mounts[0].own / f"portico-test-{uuid.uuid4().hex[:12]}"
    (path / "run" / LEAF).mkdir(parents=True)
    found = UnifiedCgroups(path, frozenset())
    procs = str(path / "run" / LEAF / "cgroup.procs")
    process = subprocess.Popen(
        (*join_prefix(procs), *python("import os; os.fork(); print(flush=True); input()")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    assert process.pid in found.members("run")
    assert found.existing() == ["run"]
    while not found.kill("run"):
        pass
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    remove(found, "run")
    found.close()
    assert not path.exists()


def test_a_launch_opens_one_file_and_its_look_for_kills_another(found):
    if found.version != "v1" or "memory" not in found.controllers:
        assert found.version == "v2" or found.warnings
        return
    counted = []
    counting = threading.Event()

    def listen(event, _arguments):
        if counting.is_set() and event in {"open", "os.mkdir", "os.rmdir", "os.scandir", "os.listdir"}:
            counted.append(event)

    sys.addaudithook(listen)
    counting.set()
    found.prepare("cheap", Limits(memory=64 * MEGABYTE))
    assert found.oom_kills("cheap") == 0
    assert found.remove("cheap")
    counting.clear()
    assert counted == ["os.mkdir", "open", "open", "os.rmdir"]
