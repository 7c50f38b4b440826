"""What evictions and relocations leave behind: spent quotas, plans, and what became of them.

Each is a row, put in the transaction that acts. Instants are milliseconds since the epoch, as on the wire; spent quotas
are the core's own values.
"""

from __future__ import annotations

import msgspec

from portico.control.records import RecordTable
from portico.domain.disruption import NOTHING_SPENT, Spent, Tokens
from portico.store.port import Table

SYSTEM = "system"


class SpentQuota(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a job's budget has spent of its rate; `id` is the job."""

    id: str
    spent: Spent = NOTHING_SPENT


class SystemTokens(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is left of the quota over all jobs; there is one, named `system`."""

    id: str
    tokens: Tokens = Tokens()


class Relocation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A task that is to leave its node; `id` is the task.

    It is moved at `due_at` whatever its job's budget says, if the job is `self_managed`; else from `due_at`, which is
    `decided_at`, on as soon as the budget allows.
    """

    id: str
    job: str
    application: str
    capacity_group: str
    node: str
    self_managed: bool
    code: str
    message: str
    decided_at: int
    due_at: int


class RelocationAttempt(msgspec.Struct, frozen=True, array_like=True):
    """One try to move a task."""

    moved: bool
    code: str
    message: str


class RelocationResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a plan; `id` is the task."""

    id: str
    plan: Relocation
    attempts: tuple[RelocationAttempt, ...]
    at: int


SPENT = RecordTable(SpentQuota, Table("titus_spent"), scope=lambda spent: spent.id)
TOKENS = RecordTable(SystemTokens, Table("titus_tokens"))
RELOCATIONS = RecordTable(Relocation, Table("titus_relocations"), scope=lambda plan: plan.job)
RESULTS = RecordTable(RelocationResult, Table("titus_relocation_results"), scope=lambda result: result.plan.job)
