"""What may be submitted from within a task: checked against what the agent was told of the session."""

from __future__ import annotations

from portico.domain.calls.frames import SessionFacts
from portico.domain.calls.values import OptionsPatch
from portico.domain.errors import Conflict, Invalid

MOST_PRIORITY = 100


def check_submission(session: SessionFacts, options: OptionsPatch | None) -> None:
    """Refuse, in upstream's order, a partition that is not the session's, a priority too high, a closed session."""
    partition = (options.partition if options is not None else "") or session.defaults.partition
    if partition not in session.partitions:
        raise Invalid(
            f"Partition {partition!r} is not one of the session's: {', '.join(session.partitions)}", "partition_id"
        )
    priority = options.priority if options is not None else session.defaults.priority
    if priority > MOST_PRIORITY:
        raise Invalid(f"Max priority is {MOST_PRIORITY}", "priority")
    if not session.worker_submission:
        raise Conflict("Submission for the session is closed: Worker submission is closed")
