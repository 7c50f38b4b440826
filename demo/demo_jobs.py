"""Jobs that are Python functions. Arguments are converted by the annotations, results are what is returned."""

from __future__ import annotations

import asyncio

import portico


@portico.kind(description="counts the primes below a number")
def primes(below: int) -> int:
    """Sieve."""
    composite: set[int] = set()
    count = 0
    for number in range(2, below):
        if number not in composite:
            count += 1
            composite.update(range(number * number, below, number))
    return count


@portico.kind(description="waits without blocking, as a coroutine")
async def nap(seconds: float, context: portico.Context) -> str:
    """Sleep, and tell which call this was."""
    context.log.info("sleeping for %g s", seconds)
    await asyncio.sleep(seconds)
    return f"slept {seconds:g} s"


@portico.kind(description="divides; by zero it raises", retries=1, backoff="200ms")
def divide(dividend: float, divisor: float) -> float:
    """Divide."""
    try:
        return dividend / divisor
    except ZeroDivisionError as error:
        raise portico.Permanent("division by zero: trying again would not help") from error
