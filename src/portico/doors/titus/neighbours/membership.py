"""ClusterMembershipService: one member, the leader. Its labels may be changed and live as long as the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf import empty_pb2

from portico.doors.titus import errors
from portico.doors.titus.neighbours.cell import Cell
from portico.wire.titus import cluster_membership_api_pb2 as api
from portico.wire.titus import cluster_membership_api_pb2_grpc

MOST_LABELS = 100
LONGEST_LABEL = 1_024


class Membership(cluster_membership_api_pb2_grpc.ClusterMembershipServiceServicer):
    """The servicer; `now` gives milliseconds since the epoch."""

    def __init__(self, cell: Callable[[], Cell], now: Callable[[], int]) -> None:
        self._cell = cell
        self._now = now
        self._labels: dict[str, str] = {}
        self._told = (now(), "started", "the server has started")
        self._changed = asyncio.Condition()

    async def GetMembers(self, request: empty_pb2.Empty, context: Any) -> api.ClusterMembershipRevisions:
        """List the only member."""
        return api.ClusterMembershipRevisions(revisions=[self._revision()])

    async def GetMember(self, request: api.MemberId, context: Any) -> api.ClusterMembershipRevision:
        """Give the only member, by its id."""
        self._check(request.id)
        return self._revision()

    async def UpdateMemberLabels(
        self, request: api.UpdateMemberLabelsRequest, context: Any
    ) -> api.ClusterMembershipRevision:
        """Add labels or give them new values."""
        self._check(request.memberId)
        labels = {**self._labels, **request.labels}
        if len(labels) > MOST_LABELS or any(len(key) + len(value) > LONGEST_LABEL for key, value in labels.items()):
            raise errors.invalid_argument(f"at most {MOST_LABELS} labels of {LONGEST_LABEL} characters are kept")
        return await self._change(labels, "labels added")

    async def DeleteMemberLabels(
        self, request: api.DeleteMemberLabelsRequest, context: Any
    ) -> api.ClusterMembershipRevision:
        """Take labels away; those that are not there are passed over."""
        self._check(request.memberId)
        gone = set(request.keys)
        return await self._change({key: self._labels[key] for key in self._labels if key not in gone}, "labels removed")

    async def EnableMember(self, request: api.EnableMemberRequest, context: Any) -> api.ClusterMembershipRevision:
        """Agree to what is so already; the only member cannot be taken out."""
        self._check(request.memberId)
        if not request.enabled:
            raise errors.unimplemented("this cell has one server; it cannot be disabled")
        return self._revision()

    async def StopBeingLeader(self, request: empty_pb2.Empty, context: Any) -> empty_pb2.Empty:
        """Refuse: nobody else could take over."""
        raise errors.unimplemented("this cell has one server; there is nobody to hand the leadership to")

    async def Events(self, request: empty_pb2.Empty, context: Any) -> AsyncIterator[api.ClusterMembershipEvent]:
        """Tell what there is, then each change; of several at once the last."""
        told = self._told
        snapshot = api.ClusterMembershipEvent.Snapshot(revisions=[self._revision()])
        yield api.ClusterMembershipEvent(snapshot=snapshot)
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._told is not told)  # noqa: B023 — evaluated before it moves
            told = self._told
            update = api.ClusterMembershipEvent.MemberUpdated(revision=self._revision())
            yield api.ClusterMembershipEvent(memberUpdated=update)

    def _check(self, member: str) -> None:
        if member != self._cell().member:
            raise errors.not_found(f"Cluster member not found: {member[:200]}")

    async def _change(self, labels: dict[str, str], message: str) -> api.ClusterMembershipRevision:
        async with self._changed:
            self._labels = labels
            self._told = (self._now(), "updated", message)
            self._changed.notify_all()
        return self._revision()

    def _revision(self) -> api.ClusterMembershipRevision:
        cell = self._cell()
        at, code, message = self._told
        addresses = [
            api.ClusterMemberAddress(ipAddress=cell.host, portNumber=port, protocol=protocol, secure=cell.secure)
            for port, protocol in ((cell.grpc_port, "grpc"), (cell.http_port, "http"))
        ]
        member = api.ClusterMember(
            memberId=cell.member,
            enabled=True,
            registered=True,
            leadershipState=api.ClusterMember.Leader,
            addresses=addresses,
            labels={"titus.cell": cell.name, "titus.stack": cell.stack, **self._labels},
        )
        return api.ClusterMembershipRevision(current=member, code=code, message=message, timestamp=at)
