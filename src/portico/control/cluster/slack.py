"""Slack: what agents measure to be claimed and unused becomes revocable Slices, as long as it lasts.

Owns when that changes: each time an agent says what it has measured. Soft, like offers: nothing of it is a record, and
a node that registers lends nothing until it has measured again, while what runs on revocable space goes on. Promises:
what Runs hold beyond a measurement is taken back at once, offers first, then Runs, the youngest first; a node that is
not to be oversubscribed lends nothing, and takes back what it ever lent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from portico.control.cluster import runs
from portico.deciding.slack import Borrower, as_slices, choose_leavers, lend, revocable_part
from portico.domain.resources import Amounts, add
from portico.domain.runs import Run, StopOrder, StopReason
from portico.domain.slices import sums

if TYPE_CHECKING:
    from portico.control.plane import Plane

_log = structlog.get_logger(__name__)


def heard(plane: Plane, identity: str, measured: Amounts | None) -> None:
    """Take what a node's agent has measured, in thousandths per kind; None: nothing yet."""
    share = plane.offers.settings.oversubscribe.get(identity, 0)
    ledger = plane.capacity.labelled
    if share and measured is None:
        return
    if not share and not ledger.lent(identity) and not ledger.has_borrowers(identity):
        return
    lent = as_slices(lend(measured or {}, share, sums(plane.state.nodes[identity].capacity)))
    changed = lent != ledger.lent(identity)
    if changed:
        plane.capacity.lend(identity, lent)
        plane.offers.recheck(identity)
    if ledger.has_borrowers(identity):
        _take_back(plane, identity, sums(lent))


def _take_back(plane: Plane, node: str, lent: Amounts) -> None:
    """Stop Runs that hold more than is lent; those that are told to stop already count as gone."""
    trees = _trees(plane, node)
    borrowers = [
        Borrower(root.id, root.placed_at, amounts)
        for root, amounts in ((tree[0], _borrowed(tree)) for tree in trees.values())
        if amounts and root.stop is None
    ]
    leaving = choose_leavers(lent, borrowers)
    if not leaving:
        return
    _log.info("slack shrinks", node=node, lent=dict(lent), stopped=len(leaving))
    with plane.begin() as tx:
        order = StopOrder(StopReason.PREEMPTED, tx.now, runs.NO_GRACE, "The cpus it borrowed are needed by their owner")
        for borrower in leaving:
            for run in trees[borrower.run]:
                if not run.host:  # it ends with its host, and is told why that ended
                    runs.order_stop(plane, tx, run, order)


def _trees(plane: Plane, node: str) -> dict[str, list[Run]]:
    """Group the Runs of a node by the one that they are all in, that one first."""
    found = {identity: plane.state.runs[identity] for identity in plane.node_runs[node]}
    trees: dict[str, list[Run]] = {}
    for run in found.values():
        root = run
        while root.anchor in found:
            root = found[root.anchor]
        tree = trees.setdefault(root.id, [root])
        if run is not root:
            tree.append(run)
    return trees


def _borrowed(tree: list[Run]) -> dict[str, int]:
    held: dict[str, int] = {}
    for run in tree:
        if run.claim is not None and run.stop is None:
            held = add(held, revocable_part(run.claim.slices))
    return held
