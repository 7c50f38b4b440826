"""Exec prefixes, tried by running them."""

import os
import pwd
import subprocess
import sys

import pytest

from portico.domain.errors import Invalid
from portico.domain.runs import Limits
from portico.node import accounts, rlimits
from portico.node.rlimits import hold_back, join_prefix, prefix

ROOT = os.geteuid() == 0
ME = pwd.getpwuid(os.geteuid()).pw_name
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable  # noqa: PTH110 — a constant


def run(steps, code, **environment):
    argv = [*steps, PYTHON, "-c", code]
    return subprocess.run(
        argv, capture_output=True, text=True, check=True, env=environment or None, cwd="/"
    ).stdout.strip()


def test_nothing_needed_is_no_prefix():
    assert prefix(Limits(), "", cgroups_none=False) == ()
    assert prefix(Limits(memory=1 << 30, pids=10, cpus=100, disk=5), "", cgroups_none=False) == ()
    assert prefix(Limits(), ME, cgroups_none=True) == ()
    assert prefix(Limits(), str(os.geteuid()), cgroups_none=True) == ()
    assert join_prefix("") == ()


def test_open_files():
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    assert run(prefix(Limits(open_files=77), "", cgroups_none=False), code) == "(77, 77)"


def test_without_cgroups_memory_and_disk_are_bounded_otherwise():
    code = (
        "import resource as r; print(r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_FSIZE)[0])\n"
        "try: bytearray(600 << 20)\nexcept MemoryError: print('refused')"
    )
    limits = Limits(memory=512 << 20, disk=1 << 20, pids=1)
    assert run(prefix(limits, "", cgroups_none=True), code).split() == [str(512 << 20), str(1 << 20), "refused"]


def test_own_processes_are_not_counted_against_a_run():
    assert not any("nproc" in step for step in prefix(Limits(pids=1, open_files=5), "", cgroups_none=True))


def test_another_user():
    code = "import os; print(os.getuid(), os.geteuid(), os.getgid(), os.getgroups())"
    if not ROOT:
        with pytest.raises(Invalid, match="root"):
            prefix(Limits(), "root", cgroups_none=False)
        return
    entry = pwd.getpwnam("nobody")
    steps = prefix(Limits(pids=50, open_files=99), "nobody", cgroups_none=True)
    uid, euid, gid, _groups = run(steps, code).split(maxsplit=3)
    assert (int(uid), int(euid), int(gid)) == (entry.pw_uid, entry.pw_uid, entry.pw_gid)
    limit = "import resource as r; print(r.getrlimit(r.RLIMIT_NPROC)[0], r.getrlimit(r.RLIMIT_NOFILE)[0])"
    assert run(steps, limit) == "50 99"


def test_bare_number():
    code = "import os; print(os.getuid(), os.getgid(), os.getgroups())"
    if not ROOT:
        with pytest.raises(Invalid, match="root"):
            prefix(Limits(), "54321", cgroups_none=False)
        return
    assert run(prefix(Limits(), "54321", cgroups_none=False), code) == "54321 54321 []"


@pytest.mark.parametrize("user", ["no-such-user", "-1", "99999999999", "no\0body", "\u00b2", "4294967295"])
def test_unknown_users_are_refused(user):
    with pytest.raises(Invalid) as refused:
        prefix(Limits(), user, cgroups_none=False)
    assert refused.value.field == "user"


def test_missing_program_is_said(monkeypatch):
    monkeypatch.setattr(rlimits.shutil, "which", lambda _name: None)
    rlimits._program.cache_clear()
    with pytest.raises(Invalid, match="prlimit"):
        prefix(Limits(open_files=5), "", cgroups_none=False)
    rlimits._program.cache_clear()


def test_join_writes_the_pid_of_what_runs_afterwards(tmp_path):
    procs = tmp_path / "with blank; $(false)" / "cgroup.procs"
    procs.parent.mkdir()
    steps = (*join_prefix(str(procs)), *prefix(Limits(open_files=50), "", cgroups_none=False))
    assert run(steps, "import os; print(os.getpid())") == procs.read_text().strip()


def test_program_does_not_run_outside_its_group(tmp_path):
    argv = [*join_prefix(str(tmp_path / "absent" / "cgroup.procs")), "/bin/echo", "ran"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout == ""


def test_variables_that_act_on_the_prefix_reach_only_the_program():
    environment = {"LD_PRELOAD": "/nowhere.so", "PLAIN": "1", "BASH_ENV": "/x", "IFS": "a b", "WITH": "a=b"}
    rest, carry = hold_back(environment)
    assert rest == {"PLAIN": "1", "WITH": "a=b"}
    program = subprocess.run([*carry, "/usr/bin/env"], capture_output=True, text=True, check=True, env=rest)
    assert set(program.stdout.splitlines()) == {f"{name}={value}" for name, value in environment.items()}
    assert hold_back({"PLAIN": "1"}) == ({"PLAIN": "1"}, ())


def test_accounts_know_their_groups():
    account = accounts.find_account("root")
    assert (account.uid, account.gid, account.name) == (0, 0, "root")
    assert 0 in account.groups
    assert accounts.owner_of("") is None
    assert accounts.owner_of(ME) is None


def test_the_system_is_asked_once_a_second(monkeypatch):
    clock = [1e9]
    asked = []

    def entry(name):
        asked.append(name)
        return pwd.struct_passwd((name, "x", len(asked), 1, "", "/", "/bin/sh"))

    monkeypatch.setattr(accounts.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(accounts.pwd, "getpwnam", entry)
    monkeypatch.setattr(accounts.os, "getgrouplist", lambda _name, group: [group])
    assert [accounts.find_account("somebody").uid for _ in range(3)] == [1, 1, 1]
    clock[0] += accounts.FRESH
    assert accounts.find_account("somebody").uid == 2
