"""Transactions: all of a change or nothing of it, in memory and in the store."""

from __future__ import annotations

import asyncio

import pytest
from harness import make_plane

from portico.domain.nodes import Pool


def put(plane, *pools):
    with plane.begin() as tx:
        for pool in pools:
            tx.put(pool)


def test_what_cannot_be_written_leaves_memory_as_it_was():
    async def story():
        plane = make_plane()
        put(plane, Pool(id="/a", reservation={"cpus": 1}))
        revision = plane.committer.revision
        with pytest.raises(OverflowError):
            put(plane, Pool(id="/a", reservation={"cpus": 2}), Pool(id="/b", reservation={"cpus": 1 << 70}))
        assert plane.state.pools["/a"].reservation == {"cpus": 1}
        assert "/b" not in plane.state.pools
        assert plane.committer.revision == revision

    asyncio.run(story())
