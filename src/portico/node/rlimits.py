"""Limits and identities that a program takes on by being started through another one.

Promises: nothing needed is no prefix; each prefix is one exec in the same process and never a child.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from functools import cache

from portico.domain.containers import Rlimit, checked_rlimits
from portico.domain.errors import Invalid
from portico.domain.runs import Limits
from portico.node.accounts import Account, other_account

_ACTING_PREFIXES = ("LD_", "GLIBC_", "MALLOC_", "BASH_")
_ACTING = frozenset(
    {
        "ENV",
        "GCONV_PATH",
        "GETCONF_DIR",
        "HOSTALIASES",
        "IFS",
        "LOCALDOMAIN",
        "LOCPATH",
        "NIS_PATH",
        "NLSPATH",
        "RES_OPTIONS",
        "RESOLV_HOST_CONF",
        "SHELLOPTS",
        "TMPDIR",
        "TZDIR",
    }
)
"""Variables that the C library ignores in programs with raised rights, and those that shells obey."""

_JOIN = 'echo $$ > "$0" && exec "$@"'


def prefix(
    limits: Limits,
    user: str,
    cgroups_none: bool,  # noqa: FBT001 — a fact about the node
    stated: Iterable[Rlimit] = (),
) -> tuple[str, ...]:
    """Give the exec prefix that sets limits and becomes the user; it goes after `join_prefix`.

    Where no cgroup controller is writable, address space stands in for memory, the size of one file for disk, and
    processes are counted over all Runs of the same user; the last holds only for a user of its own, because our own
    processes would count. Raises Invalid for an unknown user, one we cannot become, and when the needed program is not
    installed.
    """
    account = other_account(user)
    arguments = _resources(limits, account, everything=cgroups_none)
    arguments += [
        f"--{rlimit.name}={_amount(rlimit.soft)}:{_amount(rlimit.hard)}" for rlimit in checked_rlimits(stated)
    ]
    steps: list[str] = []
    if arguments:
        steps += [_program("prlimit", "limits"), *arguments, "--"]
    if account is not None:
        steps += [_program("setpriv", "user"), *_identity(account), "--"]
    return tuple(steps)


def identity_prefix(user: str) -> tuple[str, ...]:
    """Give the exec prefix that becomes a user; none for "" and for ourselves. Raises Invalid as `prefix` does."""
    account = other_account(user)
    return () if account is None else (_program("setpriv", "user"), *_identity(account), "--")


def join_prefix(procs: str) -> tuple[str, ...]:
    """Give the exec prefix that joins a cgroup through its `cgroup.procs` (or a v1 `tasks`) file; none for ""."""
    return ("/bin/sh", "-c", _JOIN, procs) if procs else ()


def hold_back(environment: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Keep a Run's variables from acting on the programs of its prefix, which still have our rights.

    Gives the environment to start with, and what to put between prefix and program, so that the program itself gets
    all of it. Needed with a prefix that changes the user only.
    """
    held = {name: value for name, value in environment.items() if _acts_on_any_program(name)}
    if not held:
        return dict(environment), ()
    rest = {name: value for name, value in environment.items() if name not in held}
    return rest, (_program("env", "environment"), *(f"{name}={value}" for name, value in held.items()))


def _acts_on_any_program(name: str) -> bool:
    return name.startswith(_ACTING_PREFIXES) or name in _ACTING


def _resources(limits: Limits, account: Account | None, *, everything: bool) -> list[str]:
    wanted = [("nofile", limits.open_files)]
    if everything:
        wanted += [("as", limits.memory), ("fsize", limits.disk)]
        if account is not None:
            wanted.append(("nproc", limits.pids))
    return [f"--{resource}={amount}:{amount}" for resource, amount in wanted if amount > 0]


def _amount(amount: int | None) -> str:
    return "unlimited" if amount is None else str(amount)


def _identity(account: Account) -> list[str]:
    groups = "--init-groups" if account.name else "--clear-groups"
    return [f"--reuid={account.uid}", f"--regid={account.gid}", groups]


@cache
def _program(name: str, field: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise Invalid(f"this needs {name!r} of util-linux, which is not installed on this machine", field)
    return path
