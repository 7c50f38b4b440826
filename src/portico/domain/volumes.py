"""Volumes: disk on one node that outlives the Runs that use it.

A Volume's size stands in its node's capacity, in the one Slice whose label names it.
"""

from __future__ import annotations

import msgspec

from portico.domain.identity import Instant
from portico.domain.resources import DISK
from portico.domain.slices import Label, Slice


class Volume(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A persistent volume; `persistence` is its user's id, unique per node and role.

    `path` is relative to the node's volumes folder, `size` in thousandths of a MB, `reservation` the canonical text of
    the disk it was made of. `target` is where its maker wants it to appear in a sandbox; a Run that uses it may say
    otherwise.
    """

    id: str
    node: str
    persistence: str
    role: str
    reservation: str
    size: int
    path: str
    principal: str = ""
    shared: bool = False
    source: str = ""
    target: str = ""
    created_at: Instant = Instant(0)

    @property
    def label(self) -> Label:
        """The label of its Slice."""
        return Label(self.reservation, self.id, source=self.source)

    @property
    def folder(self) -> str:
        """The folder of its disk; empty for the node's own."""
        return self.label.folder

    @property
    def slice(self) -> Slice:
        """What of the node's capacity it is."""
        return Slice(DISK, self.size, self.label)


def volume_id(node: str, role: str, persistence: str) -> str:
    """Name a volume: its persistence id is unique for node and role; only the role may have slashes."""
    return f"{node}/{role}/{persistence}"


def volume_path(role: str, persistence: str) -> str:
    """Name the folder of a volume below its node's volumes folder; a role below a role is one folder all the same."""
    return f"roles/{role.replace('/', ' ')}/{persistence}"
