"""Where the kernel shows its control groups, and where in them we are.

Owns the reading of /proc/self/mountinfo and /proc/self/cgroup; promises to leave everything as it is.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

_ESCAPE = re.compile(r"\\([0-7]{3})")


class CgroupMount(msgspec.Struct, frozen=True):
    """One mounted hierarchy: its controllers (none for v2) and our own directory in it.

    `own` equals `top` when our group is the top one or lies outside what is mounted.
    """

    top: Path
    own: Path
    unified: bool
    controllers: frozenset[str] = frozenset()


def read_mounts(root: Path, proc_self: Path) -> tuple[CgroupMount, ...]:
    """List the hierarchies mounted at or below `root`; an unreadable /proc gives none."""
    try:
        mountinfo = (proc_self / "mountinfo").read_text()
        membership = (proc_self / "cgroup").read_text()
    except OSError:
        return ()
    own = _own_groups(membership)
    mounts = (_read_mount(line, root, own) for line in mountinfo.splitlines())
    return tuple(mount for mount in mounts if mount is not None)


def _own_groups(membership: str) -> dict[str, str]:
    """Map each v1 controller, and "" for v2, to the path of our group."""
    own: dict[str, str] = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path
    return own


def _read_mount(line: str, root: Path, own: dict[str, str]) -> CgroupMount | None:
    before, _, after = line.partition(" - ")
    kind, _, options = after.split(" ", 2)
    if kind not in {"cgroup", "cgroup2"}:
        return None
    fields = before.split(" ")
    mounted, top = _unescape(fields[3]), Path(_unescape(fields[4]))
    if not top.is_relative_to(root):
        return None
    if kind == "cgroup2":
        return CgroupMount(top, _locate(top, mounted, own.get("", "/")), unified=True)
    controllers = frozenset(options.split(",")) & own.keys()
    if not controllers:
        return None
    path = own[min(controllers)]
    return CgroupMount(top, _locate(top, mounted, path), unified=False, controllers=controllers)


def _locate(top: Path, mounted: str, path: str) -> Path:
    """Find our group's directory; `mounted` is the group that shows at `top` (not "/" inside containers)."""
    if mounted != "/":
        if path != mounted and not path.startswith(mounted + "/"):
            return top
        path = path[len(mounted) :]
    own = top / path.lstrip("/")
    return own if ".." not in own.parts and own.is_dir() else top


def _unescape(text: str) -> str:
    """Undo the octal escapes of blanks and backslashes in mountinfo."""
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), text)
