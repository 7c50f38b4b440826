"""Questions from control about sandboxes and use, answered off the loop where that may take time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from portico.domain.errors import Exhausted, PorticoError
from portico.domain.frames import Answer, Inquiry, Usage
from portico.node.charges import Charge, Stage
from portico.node.site import Site

AT_ONCE = 64


class Inquiries:
    """Answers each inquiry once; beyond a bound of open ones the answer is an error."""

    def __init__(self, site: Site, group: asyncio.TaskGroup, send: Callable[[Answer], None]) -> None:
        self._site = site
        self._group = group
        self._send = send
        self._open = 0

    def asked(self, inquiry: Inquiry) -> None:
        """Take a question."""
        if self._open >= AT_ONCE:
            self._send(Answer(inquiry.request, error=str(Exhausted(f"more than {AT_ONCE} open inquiries"))))
            return
        self._open += 1
        self._group.create_task(self._answer(inquiry))

    async def _answer(self, inquiry: Inquiry) -> None:
        try:
            answer = await self._find(inquiry)
        except (PorticoError, OSError, ValueError) as error:
            answer = Answer(inquiry.request, error=str(error))
        finally:
            self._open -= 1
        self._send(answer)

    async def _find(self, inquiry: Inquiry) -> Answer:
        sandboxes = self._site.sandboxes
        match inquiry.what:
            case "list":
                files = await asyncio.to_thread(sandboxes.list_files, inquiry.run, inquiry.path)
                return Answer(inquiry.request, files=files)
            case "read":
                arguments = (inquiry.run, inquiry.path, inquiry.offset, inquiry.length)
                data, size = await asyncio.to_thread(sandboxes.read, *arguments)
                return Answer(inquiry.request, data=data, size=size)
            case "usage":
                named = self._site.charges.get(inquiry.run) if inquiry.run else None
                charges = self._site.charges.live() if not inquiry.run else [named] if named is not None else []
                return Answer(inquiry.request, usage=await asyncio.to_thread(self._usage, charges))
            case _:
                return Answer(inquiry.request, error=f"{inquiry.what!r} is none of list, read, usage")

    def _usage(self, charges: list[Charge]) -> tuple[Usage, ...]:
        return tuple(self._use_of(charge) for charge in charges if charge.stage is Stage.RUNNING)

    def _use_of(self, charge: Charge) -> Usage:
        site = self._site
        disk = site.disk_use(charge.run) if charge.order.spec.form != "hosted" else 0
        if not charge.cgroup:
            return Usage(charge.run, disk=disk)
        facts = site.cgroups.facts(charge.cgroup)
        return Usage(charge.run, facts.cpu_micros, facts.memory, facts.peak_memory, disk, facts.pids)
