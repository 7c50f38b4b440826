"""A long list of Instances comes in pages: all that were there, once, in order; never more of them than a page."""

import asyncio

import pytest
from harness import FakeNode, make_plane, settle

from portico.control import listing
from portico.control.commands import CancelInstances, ScheduleKind
from portico.control.jobs.catalogue import KIND_PREFIX
from portico.control.queries import ListInstances, PageInstances
from portico.domain.errors import Exhausted
from portico.domain.jobs import InstanceState, Job, JobMode, Template
from portico.domain.runs import RunSpec

COUNT = 10


def kind(name):
    template = Template(spec=RunSpec(argv=("work",)), amounts={"cpus": 1000})
    return Job(id=f"kind/{name}", door="jobv1", pool="/jobv1", mode=JobMode.DEMAND, created_at=0, template=template)


async def filled():
    """Give a plane with Instances of two kinds, most of which wait."""
    plane = make_plane()
    plane.start([kind("a"), kind("b")], [])
    FakeNode(plane)
    for number in range(COUNT):
        await plane.submit(ScheduleKind("ab"[number % 2]))
    await settle(plane)
    return plane


async def pages(plane, meanwhile=None, **criteria):
    found, query = [], PageInstances(**criteria)
    while True:
        page = await plane.ask(query)
        found.append(page.instances)
        if not page.after:
            return found
        if meanwhile is not None:
            await meanwhile()
        query = PageInstances(**criteria, after=page.after, through=page.through)


@pytest.mark.parametrize("size", [1, 3, 5, COUNT, COUNT + 1])
@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"jobs": KIND_PREFIX},
        {"job": "kind/a"},
        {"job": "kind/none"},
        {"jobs": KIND_PREFIX, "states": frozenset({InstanceState.PENDING})},
        {"job": "kind/b", "states": frozenset({InstanceState.PENDING, InstanceState.RUNNING})},
        {"states": frozenset({InstanceState.CANCELLED})},
    ],
)
def test_pages_together_are_the_whole_list(monkeypatch, size, criteria):
    monkeypatch.setattr(listing, "PAGE", size)

    async def story():
        plane = await filled()
        found = await pages(plane, **criteria)
        assert all(len(page) <= size for page in found)
        assert [one for page in found for one in page] == await plane.ask(ListInstances(**criteria))

    asyncio.run(story())


def test_what_is_made_meanwhile_is_left_out_and_what_changes_comes_once(monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 4)

    async def story():
        plane = await filled()
        before = await plane.ask(ListInstances())

        async def meanwhile():
            await plane.submit(ScheduleKind("a"))
            await plane.submit(CancelInstances(id=before[-1].id))
            await settle(plane)

        found = [one for page in await pages(plane, meanwhile) for one in page]
        assert [one.id for one in found] == [one.id for one in before]
        assert found[-1].state is InstanceState.CANCELLED

    asyncio.run(story())


def test_too_many_are_refused_at_the_first_page(monkeypatch):
    monkeypatch.setattr(listing, "MOST_LISTED", COUNT - 1)

    async def story():
        plane = await filled()
        with pytest.raises(Exhausted, match=f"{COUNT} instances match, at most {COUNT - 1} are listed at once"):
            await pages(plane)
        assert len(await pages(plane, job="kind/a")) == 1

    asyncio.run(story())


def test_an_empty_store_has_one_empty_page():
    async def story():
        assert await pages(make_plane()) == [[]]

    asyncio.run(story())


def test_a_page_holds_what_is_durable():
    async def story():
        plane = await filled()
        plane.writer.hold = True
        asking = asyncio.ensure_future(plane.submit(ScheduleKind("a")))
        listing_all = asyncio.ensure_future(plane.ask(PageInstances()))
        await settle(plane)
        assert not listing_all.done()
        plane.writer.flush()
        made = await asking
        assert (await listing_all).instances[-1].id == made.id

    asyncio.run(story())
