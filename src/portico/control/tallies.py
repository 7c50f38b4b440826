"""Tallies: plain counts that hot paths keep, read when metrics are scraped."""

from __future__ import annotations

from bisect import bisect_left

from portico.domain.jobs import Instance, InstanceState

BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
"""Upper bounds, in seconds, of the duration histogram."""


class KindTally:
    """Counts of one kind; `durations` has one more place than BUCKETS."""

    __slots__ = ("by_state", "durations", "executed", "seconds")

    def __init__(self) -> None:
        self.executed = 0
        self.by_state: dict[InstanceState, int] = {}
        self.durations = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0


class Tallies:
    """Counts since this server started, by Job."""

    def __init__(self) -> None:
        self.kinds: dict[str, KindTally] = {}

    def attempt_ended(self, job: str) -> None:
        """Count the end of an Attempt that had begun."""
        self._tally(job).executed += 1

    def instance_ended(self, instance: Instance) -> None:
        """Count the end of an Instance, and how long its last Attempt took; one that waited again has none."""
        tally = self._tally(instance.job)
        tally.by_state[instance.state] = tally.by_state.get(instance.state, 0) + 1
        if instance.started_at and instance.started_at >= instance.scheduled_at:
            seconds = (instance.ended_at - instance.started_at) / 1_000_000
            tally.seconds += seconds
            tally.durations[bisect_left(BUCKETS, seconds)] += 1

    def _tally(self, job: str) -> KindTally:
        tally = self.kinds.get(job)
        if tally is None:
            tally = self.kinds[job] = KindTally()
        return tally
