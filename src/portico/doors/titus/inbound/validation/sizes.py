"""How many tasks a job has, for how long, and how often they are tried: where batch and service jobs differ."""

from __future__ import annotations

from collections.abc import Iterator

from portico.domain.identity import SECOND
from portico.doors.titus.errors import Violation
from portico.doors.titus.inbound.limits import Limits, Sizes
from portico.doors.titus.inbound.signed import signed_int, signed_long
from portico.wire.titus import base_pb2, jobs_pb2


def check(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> Iterator[Violation]:
    """Check size, runtime limit, capacity and retry policy."""
    own = limits.applications.get(descriptor.applicationName, Sizes())
    if descriptor.WhichOneof("JobSpec") == "batch":
        yield from _batch(descriptor.batch, max(limits.max_batch_size, own.batch or 0), limits)
        yield from _retry(descriptor.batch.retryPolicy)
        return
    capacity = descriptor.service.capacity
    most = max(limits.max_service_size, own.service or 0)
    numbers = signed_int(capacity.min), signed_int(capacity.desired), signed_int(capacity.max)
    yield from of_capacity(*numbers, most, "extensions.capacity")
    yield from _retry(descriptor.service.retryPolicy)


def above_own_sizes(descriptor: jobs_pb2.JobDescriptor, limits: Limits) -> Iterator[Violation]:
    """Check the sizes that are configured for the job's application alone."""
    own = limits.applications.get(descriptor.applicationName, Sizes())
    if descriptor.WhichOneof("JobSpec") == "batch":
        if own.batch is not None and descriptor.batch.size > own.batch:
            text = f"Batch job too big {descriptor.batch.size} > {own.batch}"
            yield Violation("jobDescriptor.extensions.size", text)
    elif own.service is not None and descriptor.service.capacity.max > own.service:
        text = f"Service job too big {descriptor.service.capacity.max} > {own.service}"
        yield Violation("jobDescriptor.extensions.capacity.max", text)


def of_capacity(minimum: int, desired: int, maximum: int, most: int, field: str = "capacity") -> Iterator[Violation]:
    """Check a capacity, `most` being the largest that a service job may have; numbers are read as signed ones."""
    for name, number in (("min", minimum), ("desired", desired), ("max", maximum)):
        if number < 0:
            yield Violation(f"{field}.{name}", f"'{name}' must be >= 0, but is {number}")
    if minimum > desired:
        yield Violation(field, f"'min'({minimum}) must be <= 'desired'({desired})")
    if desired > maximum:
        yield Violation(field, f"'desired'({desired}) must be <= 'max'({maximum})")
    if minimum > maximum:
        yield Violation(field, f"'min'({minimum}) must be <= 'max'({maximum})")
    if maximum > most:
        yield Violation(field, f"Service job too big {maximum} > {most}")


def largest_service(application: str, limits: Limits) -> int:
    """Give how many tasks a service job of an application may have."""
    own = limits.applications.get(application, Sizes()).service
    return limits.max_service_size if own is None else own


def in_words(minimum: int, desired: int, maximum: int) -> str:
    """Write a capacity as upstream does."""
    return f"Capacity{{min={minimum}, desired={desired}, max={maximum}}}"


def _batch(batch: jobs_pb2.BatchJobSpec, most: int, limits: Limits) -> Iterator[Violation]:
    size = signed_int(batch.size)
    if size < 1:
        yield Violation("extensions.size", "Batch job must have at least one task")
    if size > most:
        yield Violation("extensions.size", f"Batch job too big {size} > {most}")
    runtime = signed_long(batch.runtimeLimitSec) * 1_000
    least, longest = limits.min_runtime // 1_000, limits.max_runtime // 1_000
    if runtime < least:
        text = f"Runtime limit too low (must be at least {limits.min_runtime / SECOND:g}sec, but is {runtime}[ms])"
        yield Violation("extensions.runtimeLimitMs", text)
    if runtime > longest:
        yield Violation("extensions.runtimeLimitMs", f"Runtime limit too high {runtime} > {longest}")


def _retry(policy: base_pb2.RetryPolicy) -> Iterator[Violation]:
    field = "extensions.retryPolicy"
    kind = policy.WhichOneof("Policy")
    immediate, delayed, exponential = policy.immediate, policy.delayed, policy.exponentialBackOff
    retries = {"immediate": immediate.retries, "delayed": delayed.retries, "exponentialBackOff": exponential.retries}
    if kind is not None and signed_int(retries[kind]) < 0:
        yield Violation(f"{field}.retries", "Number of retries cannot be negative")
    if kind == "delayed" and signed_long(delayed.delayMs) < 0:
        yield Violation(f"{field}.delayMs", "Delay cannot be negative")
    if kind == "exponentialBackOff":
        if signed_long(exponential.initialDelayMs) < 0:
            yield Violation(f"{field}.initialDelayMs", "Delay cannot be negative")
        if signed_long(exponential.maxDelayIntervalMs) < 0:
            yield Violation(f"{field}.maxDelayMs", "Delay cannot be negative")
