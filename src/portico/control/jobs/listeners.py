"""What a door may say to the jobs core, and hears from it: one ear for each door that has Jobs of its own.

An ear is registered by its extension as `plane.job_ears[door]`. It is called inside the transaction of what it hears,
and may put records of its own; it must not put the Run, Instance or Job it is told of, and must not raise. Doors
without an ear cost one look into a dictionary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from portico.domain.identity import Micros
from portico.domain.jobs import Instance, Job
from portico.domain.runs import Run

if TYPE_CHECKING:
    from portico.control.jobs.instances import Ending
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction


class JobEar(Protocol):
    """A door's part in the life of its Jobs."""

    def prepare(self, tx: Transaction, job: Job, instance: Instance, run: Run) -> Sequence[Run]:
        """Give the Runs of an Attempt that is about to be made: `run` or a changed copy first, then its children.

        Children name the first one's id as their parent, and no instance; with them the first one states
        `tree_amounts`. May raise Invalid: then the Attempt has failed for good, or is tried later in a service Job.
        """
        ...

    def judge(self, tx: Transaction, job: Job, instance: Instance, run: Run, ending: Ending) -> Ending:
        """Give what the end of an Attempt means: `ending` or a changed copy (counted or not, permanent, verdict)."""
        ...

    def on_run(self, tx: Transaction, old: Run | None, new: Run) -> None:
        """Hear of each change of a Run that is an Attempt: made (`old` None), placed, sent back to wait, preparing,
        running, of other health, told to stop, unreachable, readopted, moved to another Job, ended.

        It is told before the Instance hears of the change; children are not told of.
        """
        ...

    def on_pause(self, tx: Transaction, job: Job, instance: Instance, run_id: str, pause: Micros) -> None:
        """Hear that after the Attempt `run_id` another one is owed, which begins no sooner than in `pause`."""
        ...

    def on_instance(self, tx: Transaction, job: Job, instance: Instance) -> None:
        """Hear that an Instance has ended for good."""
        ...

    def on_job(self, tx: Transaction, old: Job, new: Job) -> None:
        """Hear that a Job's state has changed: it is stopping, or has finished."""
        ...


def tell_of_run(plane: Plane, tx: Transaction, old: Run | None, new: Run) -> None:
    """Tell the door of a Run's change, if it is an Attempt and its door has an ear."""
    ear = plane.job_ears.get(new.door)
    if ear is not None and new.instance:
        ear.on_run(tx, old, new)
