"""From what the kernel counted to an Outcome. Pure.

Promises: the cause is what happened: a Run that was told to stop and then ended was STOPPED, one that the agent ended
for a reason of its own has that cause, and exit code and signal are filled in all the same.
"""

from __future__ import annotations

from portico.domain.runs import EndCause, Outcome, StopOrder
from portico.node.cgroup_contract import CgroupFacts
from portico.node.processes import Death, signal_name


def judge(
    death: Death,
    facts: CgroupFacts,
    stop: StopOrder | None,
    blame: tuple[EndCause, str] | None,
    output: bytes,
) -> Outcome:
    """Say how a process ended, from its exit code, its cgroup's counters and what it had been told."""
    code = death.code
    cause = EndCause.EXITED if code >= 0 else EndCause.SIGNALLED
    message = describe(code)
    if blame is not None:
        cause = blame[0]
        message = f"{blame[1]} ({message})"
    elif stop is not None:
        cause = EndCause.STOPPED
        message = f"{message} after a stop ({stop.reason}{': ' + stop.message if stop.message else ''})"
    elif facts.oom_kills and code != 0:
        cause = EndCause.OUT_OF_MEMORY
        message = f"{message}: its memory limit was reached"
    return Outcome(
        cause,
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        message=message,
        output=output,
        peak_memory=facts.peak_memory or death.peak_memory,
        cpu_micros=facts.cpu_micros or death.cpu_micros,
    )


def describe(code: int) -> str:
    """Say how a command ended; `code` is minus the signal when there was one."""
    if code >= 0:
        return f"Command exited with status {code}"
    return f"Command terminated with signal {signal_name(-code)}"


def lost(reason: str) -> Outcome:
    """Say that nothing is known any more."""
    return Outcome(EndCause.LOST, message=reason)
