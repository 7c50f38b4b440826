"""Retry policies as the core has them. Pure."""

from __future__ import annotations

from portico.domain.identity import DAY, Micros
from portico.domain.jobs import ENDLESS, Retry
from portico.wire.titus import base_pb2, jobs_pb2

LONGEST_PAUSE = Micros(365 * DAY)
"""Nobody waits longer; it keeps numbers within what is stored."""

_MILLISECOND = 1_000


def retry(descriptor: jobs_pb2.JobDescriptor) -> Retry:
    """Say how often and how soon tasks are tried again; the tasks of service jobs always are."""
    if descriptor.WhichOneof("JobSpec") == "batch":
        batch = descriptor.batch
        return _policy(batch.retryPolicy, None, on_timeout=batch.retryOnRuntimeLimit)
    return _policy(descriptor.service.retryPolicy, ENDLESS, on_timeout=True)


def _policy(policy: base_pb2.RetryPolicy, limit: int | None, *, on_timeout: bool) -> Retry:
    match policy.WhichOneof("Policy"):
        case "delayed":
            delay, factor, ceiling = policy.delayed.delayMs, 1, policy.delayed.delayMs
            retries = policy.delayed.retries
        case "exponentialBackOff":
            back_off = policy.exponentialBackOff
            delay, factor, ceiling = back_off.initialDelayMs, 2, back_off.maxDelayIntervalMs
            retries = back_off.retries
        case _:
            delay, factor, ceiling = 0, 1, 0
            retries = policy.immediate.retries
    return Retry(
        limit=retries if limit is None else limit,
        delay=_pause(delay),
        factor=factor,
        ceiling=_pause(ceiling),
        on_timeout=on_timeout,
    )


def _pause(milliseconds: int) -> Micros:
    return Micros(min(milliseconds * _MILLISECOND, LONGEST_PAUSE))
