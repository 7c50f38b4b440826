"""What has happened and is not yet known to control: pending facts, and reports without an Ack.

Pure bookkeeping without clock or socket. Promises that reports are numbered from 1 without gaps, that each is kept
until control has it, and that none is larger than a frame may be.
"""

from __future__ import annotations

from collections import deque

import msgspec

from portico.domain.calls.frames import AgentReport, Begun, CallEnding, Lease

MOST_BYTES = 8 << 20
"""What the effects of the ends in one report may weigh together; a heavier one has a report of its own."""

_encode = msgspec.msgpack.Encoder().encode


class Ledger:
    """Facts go in with `begin`, `end` and `give_back`, and leave as reports."""

    def __init__(self) -> None:
        self.sequence = 0
        self._begun: list[Begun] = []
        self._ended: list[CallEnding] = []
        self._returned: list[Lease] = []
        self._leaving = False
        self._to_say_so = False
        self._untold: deque[AgentReport] = deque()

    @property
    def pending(self) -> int:
        """How many facts are in no report yet."""
        return len(self._begun) + len(self._ended) + len(self._returned) + self._to_say_so

    @property
    def settled(self) -> bool:
        """Tell whether control has everything."""
        return not self._untold and not self.pending

    def begin(self, begun: Begun) -> None:
        """Note that a Call that lasts has begun."""
        self._begun.append(begun)

    def end(self, ending: CallEnding) -> None:
        """Note an end."""
        self._ended.append(ending)

    def give_back(self, lease: Lease) -> None:
        """Note that a Call is returned untried."""
        self._returned.append(lease)

    def leave(self) -> None:
        """Note that the agent ends: the next report and all after it say so, even if there is nothing else to tell."""
        self._leaving = self._to_say_so = True

    def reports(self) -> list[AgentReport]:
        """Make reports of all that is pending."""
        made = []
        begun, returned = tuple(self._begun), tuple(self._returned)
        self._begun.clear()
        self._returned.clear()
        for ended in self._shares():
            made.append(self._report(begun, ended))
            begun = ()
        if returned and made:
            last = made.pop()
            made.append(msgspec.structs.replace(last, returned=returned))
        elif returned or begun or (self._to_say_so and not made):
            made.append(self._report(begun, (), returned))
        self._to_say_so = False
        self._untold.extend(made)
        return made

    def _shares(self) -> list[tuple[CallEnding, ...]]:
        ended = self._ended
        if not ended:
            return []
        self._ended = []
        shares: list[tuple[CallEnding, ...]] = []
        share: list[CallEnding] = []
        room = MOST_BYTES
        for ending in ended:
            weight = len(_encode(ending)) if ending.effects is not None else 0
            if share and weight > room:
                shares.append(tuple(share))
                share, room = [], MOST_BYTES
            share.append(ending)
            room -= weight
        shares.append(tuple(share))
        return shares

    def _report(
        self, begun: tuple[Begun, ...], ended: tuple[CallEnding, ...], returned: tuple[Lease, ...] = ()
    ) -> AgentReport:
        self.sequence += 1
        return AgentReport(self.sequence, begun, ended, returned, self._leaving)

    def acknowledge(self, sequence: int) -> None:
        """Forget the reports up to this one."""
        untold = self._untold
        while untold and untold[0].sequence <= sequence:
            untold.popleft()

    def untold(self) -> list[AgentReport]:
        """Give the reports that are to be told again, in order."""
        return list(self._untold)

    def leases(self) -> list[Lease]:
        """Give the leases whose end or return control may not know of yet."""
        ended = [*self._ended, *(ending for report in self._untold for ending in report.ended)]
        returned = [*self._returned, *(lease for report in self._untold for lease in report.returned)]
        return [*(Lease(ending.call, ending.lease) for ending in ended), *returned]
