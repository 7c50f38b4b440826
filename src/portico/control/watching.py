"""Watches: committed changes handed to those who asked for them, in order and without gaps.

Owns the watchers and a short memory of recent events. Promises: an event leaves only when it is durable; each watcher
sees every change it selected once, in order of revision; one that falls too far behind is told so and cut off.
The cost of a change does not grow with the number of watchers that do not want it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec

from portico.control.backlog import LIMIT, Backlog
from portico.domain.errors import Compacted
from portico.domain.events import Event, Selector
from portico.domain.identity import Revision
from portico.store.port import Change, StoredEvent

RECENT = 4_000
PAGE = 2_000

_ANY = ("", "")


class Watcher(Backlog[Event]):
    """One open watch."""

    def __init__(self, selector: Selector, limit: int = LIMIT) -> None:
        super().__init__(limit)
        self.selector = selector


class Hub:
    """Fans durable changes out to watchers, indexed by table, object and scope."""

    def __init__(self, revision: Revision) -> None:
        self._held: deque[tuple[Change, Any]] = deque()
        self._recent: deque[tuple[Change, Any]] = deque(maxlen=RECENT)
        self._recent_from = revision
        self._released = revision
        self._watchers: dict[tuple[str, str], list[Watcher]] = {}

    def hold(self, changes: list[Change], records: Mapping[tuple[str, str], Any]) -> None:
        """Keep committed changes until they are durable."""
        for change in changes:
            self._held.append((change, records[change.table, change.id]))

    def release(self, durable: Revision) -> None:
        """Hand out everything up to a durable revision."""
        held = self._held
        recent = self._recent
        watchers = self._watchers
        while held and held[0][0].revision <= durable:
            entry = held.popleft()
            if len(recent) == RECENT:
                self._recent_from = recent[0][0].revision
            recent.append(entry)
            if watchers:
                self._fan_out(*entry)
        self._released = durable

    def _fan_out(self, change: Change, record: Any) -> None:
        event: Event | None = None
        for key in (_ANY, ("id", change.id), ("scope", change.scope)):
            for watcher in self._watchers.get(key, ()):
                event = event or to_event(change, record)
                if watcher.selector.wants(event):
                    watcher.offer(event)

    def open(self, selector: Selector) -> Watcher:
        """Begin to watch from the newest durable revision on."""
        watcher = Watcher(selector)
        self._watchers.setdefault(_key(selector), []).append(watcher)
        return watcher

    def close(self, watcher: Watcher) -> None:
        """End a watch."""
        key = _key(watcher.selector)
        group = self._watchers.get(key, [])
        if watcher in group:
            group.remove(watcher)
            if not group:
                del self._watchers[key]

    def close_all(self) -> None:
        """End every watch, when the server stops."""
        for group in list(self._watchers.values()):
            for watcher in list(group):
                watcher.close()

    def since(self, after: Revision) -> list[Event] | None:
        """Give the recent events after a revision, or None when memory does not reach back so far."""
        if after < self._recent_from:
            return None
        return [to_event(change, record) for change, record in self._recent if change.revision > after]

    @property
    def released(self) -> Revision:
        """The newest revision whose events have been handed out."""
        return self._released


async def watch(
    hub: Hub,
    selector: Selector,
    after: Revision | None,
    read: Callable[[Revision, int], Any],
    decode: Callable[[StoredEvent], Event],
) -> AsyncIterator[Event]:
    """Yield selected events after a revision (None: from now on), then live ones, without a gap.

    `read(after, limit)` gives older events from the log, awaitable; raises Compacted when they are gone.
    """
    watcher = hub.open(selector)
    try:
        seen = hub.released if after is None else after
        if seen > hub.released:
            raise Compacted(f"revision {seen} is not known here; the newest is {hub.released}")
        while after is not None and seen < hub.released:
            events = hub.since(seen)
            if events is None:
                events = [decode(row) for row in await read(seen, PAGE)]
            if not events:
                break
            for event in events:
                seen = event.revision
                if selector.wants(event):
                    yield event
        while events := await watcher.take():
            for event in events:
                if event.revision > seen:
                    yield event
    finally:
        hub.close(watcher)


def to_event(change: Change, record: msgspec.Struct | None) -> Event:
    """Make the event of a change."""
    return Event(change.revision, change.at, change.table, change.id, change.scope, record)


def _key(selector: Selector) -> tuple[str, str]:
    if selector.id:
        return ("id", selector.id)
    if selector.scope:
        return ("scope", selector.scope)
    return _ANY
