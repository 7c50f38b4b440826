"""Stops: SIGTERM to a Run's whole process group, SIGKILL to group and cgroup when its grace is over.

An image may name another signal than SIGTERM.

Promises: told again, a stop only shortens; a stop that the agent took is known to its successor; the end of a parent
stops its children. What ends is not decided here but seen by `ending`.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable

import msgspec

from portico.domain.frames import Stop
from portico.domain.identity import SECOND, Micros
from portico.domain.runs import EndCause, Form, Outcome, StopOrder, StopReason
from portico.node import processes
from portico.node.charges import Charge, Stage
from portico.node.ending import Endings
from portico.node.journal import StopTold
from portico.node.outcomes import lost
from portico.node.remains import kill_members
from portico.node.site import Site, now


class Stops:
    """Carries out stops; `withdraw` takes back a launch that is not under way yet and tells whether it could."""

    def __init__(
        self,
        site: Site,
        endings: Endings,
        withdraw: Callable[[Charge], bool],
        tell_host: Callable[[Charge], bool],
    ) -> None:
        self._site = site
        self._endings = endings
        self._withdraw = withdraw
        self._tell_host = tell_host
        endings.listeners.append(self._ended)

    def told(self, frame: Stop) -> None:
        """Take control's word; a Run we do not have, or another try of it, is LOST."""
        charge = self._site.charges.get(frame.run)
        if charge is None or charge.token != frame.token:
            outcome = lost("this node has no such run")
            self._site.report_outcome(frame.run, frame.token, now(), outcome)
            return
        self._endings.look()  # an exit that came first is an exit
        self.stop(charge, frame.order)

    def stop(self, charge: Charge, order: StopOrder, blame: tuple[EndCause, str] | None = None) -> None:
        """Stop a Run; `blame` is the agent's own reason, which becomes the cause of the end."""
        if not charge.live:
            return
        order = msgspec.structs.replace(order, at=now())
        if charge.stop is not None:
            if order.at + order.grace >= charge.stop.at + charge.stop.grace:
                return
            order = msgspec.structs.replace(charge.stop, at=order.at, grace=order.grace)
        else:
            charge.blame = blame
        charge.stop = order
        self._site.journal.append((StopTold(charge.run, charge.token, order),))
        self.resume(charge)

    def resume(self, charge: Charge) -> None:
        """Do what the stop of a charge asks for in its present stage; also after a start or a restart."""
        order = charge.stop
        assert order is not None
        if charge.stage is Stage.PREPARING and charge.order.spec.form is not Form.HOSTED:
            if self._withdraw(charge):
                self._endings.finish(((charge, stopped(order, "before it was started", charge.blame)),))
            return
        match charge.order.spec.form:
            case Form.PROCESS:
                self._end_process(charge, order)
            case Form.SCOPE:
                self._end_scope(charge, order)
            case Form.HOSTED:
                if not self._tell_host(charge):
                    outcome = stopped(order, "before its host knew of it", charge.blame)
                    self._endings.finish(((charge, outcome),))

    def stop_all(self, reason: StopReason, grace: Micros) -> None:
        """Stop everything that runs here; children go with their parents."""
        for charge in self._site.charges.live():
            parent = self._site.charges.get(charge.order.parent) if charge.order.parent else None
            if parent is None or not parent.live:
                self.stop(charge, StopOrder(reason, now(), grace))

    def _end_process(self, charge: Charge, order: StopOrder) -> None:
        remaining = order.at + order.grace - now()
        if remaining <= 0:
            self._kill(charge)
            return
        signal_run(charge, charge.stop_signal)
        self._kill_after(charge, remaining)

    def _end_scope(self, charge: Charge, order: StopOrder) -> None:
        """Stop the members first; the scope ends with the last of them, or with its grace."""
        remaining = order.at + order.grace - now()
        children = self._site.charges.children(charge.run)
        if not children or remaining <= 0:
            self._endings.finish(((charge, stopped(order, "", charge.blame)),))
            return
        for child in children:
            self.stop(child, StopOrder(StopReason.PARENT_ENDED, order.at, Micros(remaining)))
        self._kill_after(charge, remaining)

    def _kill_after(self, charge: Charge, remaining: int) -> None:
        if charge.kill_timer is not None:
            charge.kill_timer.cancel()
        charge.kill_timer = self._site.loop.call_later(remaining / SECOND, self._kill, charge)

    def _kill(self, charge: Charge) -> None:
        charge.kill_timer = None
        if charge.order.spec.form is Form.SCOPE:
            self._endings.finish(((charge, stopped(charge.stop, "", charge.blame)),))
            return
        signal_run(charge, signal.SIGKILL)
        if charge.cgroup:
            kill_members(self._site.cgroups, charge.cgroup)

    def _ended(self, charge: Charge) -> None:
        """Stop the children of what ended; let a stopped scope end with its last child."""
        for child in self._site.charges.children(charge.run):
            self.stop(child, StopOrder(StopReason.PARENT_ENDED, now(), child.order.grace))
        parent = self._site.charges.get(charge.order.parent) if charge.order.parent else None
        if parent is None or not parent.live or parent.stop is None or parent.order.spec.form is not Form.SCOPE:
            return
        if not self._site.charges.children(parent.run):
            self._endings.finish(((parent, stopped(parent.stop, "", parent.blame)),))


def signal_run(charge: Charge, number: int) -> None:
    """Send a signal to a Run's process group; one that joined a container leads none and gets it alone."""
    if not processes.signal_group(charge.pid, number) and charge.pidfd >= 0:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(charge.pidfd, number)


def stopped(order: StopOrder | None, when: str, blame: tuple[EndCause, str] | None) -> Outcome:
    """Say that a Run without an exit code of its own was stopped."""
    if blame is not None:
        return Outcome(blame[0], message=blame[1])
    reason = f" ({order.reason}{': ' + order.message if order.message else ''})" if order is not None else ""
    return Outcome(EndCause.STOPPED, message=f"Stopped {when}{reason}" if when else f"Stopped{reason}")
