"""What the agent has to say to control: numbered reports, kept until they are durable there.

Promises: every observation but a health, or a check's result, that changed again is told in order and without gaps,
told again after a reconnect, and never more than a window of unanswered reports is under way; the rest waits here.
Observations are idempotent by (run, token), so that a new agent may simply tell again what its journal knows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from portico.domain.frames import Observation, Report

LARGEST_REPORT = 500
LARGEST_REPORT_BYTES = 8 << 20
WINDOW = 16


class Outbox:
    """The reports of one incarnation of the agent."""

    def __init__(self, send: Callable[[Report], None], call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._send = send
        self._call_soon = call_soon
        self._pending: list[Observation] = []
        self._newest: tuple[dict[str, Observation], dict[str, Observation]] = ({}, {})
        """Of health and of checks, what is to be told of each Run."""
        self._unanswered: deque[Report] = deque()
        self._sequence = 0
        self._open = False
        self._due = False

    @property
    def idle(self) -> bool:
        """Tell whether control has durably heard everything."""
        return not (self._pending or any(self._newest) or self._unanswered)

    def add(self, observation: Observation) -> None:
        """Take an observation; it leaves at the end of this turn of the loop, together with others."""
        health, checks = self._newest
        if observation.healthy is not None:
            health[observation.run] = observation
        elif observation.checked is not None:
            checks[observation.run] = observation
        else:
            health.pop(observation.run, None)
            checks.pop(observation.run, None)
            self._pending.append(observation)
        if not self._due and self._open:
            self._due = True
            self._call_soon(self._flush)

    def resume(self, sequence: int) -> list[Observation]:
        """Go on after a welcome: gives what control has durably, tells the rest again."""
        durable = self._drop(sequence)
        self._open = True
        for report in self._unanswered:
            self._send(report)
        self._flush()
        return durable

    def pause(self) -> None:
        """Keep everything here while there is no connection."""
        self._open = False

    def acknowledge(self, sequence: int) -> list[Observation]:
        """Drop the reports up to this number and give what they said; what had no room may leave now."""
        durable = self._drop(sequence)
        self._flush()
        return durable

    def _drop(self, sequence: int) -> list[Observation]:
        durable: list[Observation] = []
        while self._unanswered and self._unanswered[0].sequence <= sequence:
            durable.extend(self._unanswered.popleft().observations)
        return durable

    def _flush(self) -> None:
        self._due = False
        if any(self._newest) and len(self._unanswered) < WINDOW:
            for newest in self._newest:
                self._pending.extend(newest.values())
                newest.clear()
        sent = 0
        while self._open and sent < len(self._pending) and len(self._unanswered) < WINDOW:
            self._sequence += 1
            report = Report(self._sequence, _few(self._pending, sent))
            sent += len(report.observations)
            self._unanswered.append(report)
            self._send(report)
        del self._pending[:sent]


def _few(pending: list[Observation], start: int) -> tuple[Observation, ...]:
    """Give those from `start` on that fit into one report, at least one."""
    size = 0
    end = min(len(pending), start + LARGEST_REPORT)
    for position in range(start, end):
        said = pending[position]
        if said.note or said.outcome is not None:
            size += len(said.note) + (len(said.outcome.output) if said.outcome is not None else 0)
            if size > LARGEST_REPORT_BYTES and position > start:
                end = position
                break
    return tuple(pending[start:end])
