"""Task logs: a file is followed to the task's end, sandboxes are listed, and a refusal has the API's body."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import httpx
import pytest
from doors.titus.extension.stage import Stage, batch
from doors.titus.neighbours.neighbour_stage import answering
from starlette.applications import Starlette

from portico.domain.frames import Answer, FileFact
from portico.doors.titus.inbound.limits import Limits, Sidecar
from portico.doors.titus.rest import logs
from portico.doors.titus.rest.logs import LIVE, PAGES, Logs

NOBODY = "11111111-1111-1111-1111-111111111111"


LIMITS = Limits(sidecars={"proxy": Sidecar("acme/proxy:{channel}")})


def with_further():
    descriptor = batch()
    extra = descriptor.extraContainers.add(name="side", entryPoint=["true"])
    extra.image.name, extra.image.tag = "acme/side", "2"
    descriptor.platformSidecars.add(name="proxy", channel="stable")
    return descriptor


class Bench:
    """A running task whose sandbox is a dictionary of files."""

    async def begin(self, descriptor=None):
        stage = self.stage = Stage(limits=LIMITS)
        self.node = await stage.node()
        self.files = {"stdout": b"first\n", "stderr": b"oops", "deep/a&b": b"x"}
        self.asked = []
        answering(self.node, self._answer)
        job = await stage.create(descriptor or batch())
        (task,) = stage.tasks(job)
        self.task = task.id
        self.further = {fact.name: fact.run for fact in task.containers}
        await stage.started(task.id, *self.further.values())
        self.app = Starlette(routes=list(Logs(stage.plane).routes()))
        return self

    def _answer(self, inquiry):
        self.asked.append(inquiry)
        if inquiry.what == "list":
            facts = [FileFact(path, size=len(data), mode=0o644, modified=0) for path, data in self.files.items()]
            return Answer(
                inquiry.request, files=(*facts, FileFact("deep", size=0, mode=0o755, modified=0, directory=True))
            )
        data = self.files.get(inquiry.path)
        if data is None:
            return Answer(inquiry.request, error=f"no file {inquiry.path}")
        part = data[inquiry.offset : inquiry.offset + inquiry.length]
        return Answer(inquiry.request, data=part, size=len(data))

    async def get(self, path):
        async def once():
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://titus") as client:
                return await client.get(path)

        task = asyncio.ensure_future(once())
        while not task.done():
            await self.stage.settle(1)
            await asyncio.sleep(0.001)
        return task.result()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(logs, "PAUSE", 0.001)


def test_a_file_is_followed_until_the_task_is_over(monkeypatch):
    monkeypatch.setattr(logs, "CHUNK", 4)

    async def play():
        bench = await Bench().begin()
        reading = asyncio.ensure_future(bench.get(f"{LIVE}/{bench.task}"))
        while len(bench.asked) < 4:
            await asyncio.sleep(0)
        assert not reading.done()
        bench.files["stdout"] += b"second\n"
        await bench.stage.ended(bench.task)
        answer = await reading
        assert answer.status_code == 200
        assert answer.content == b"first\nsecond\n"

    asyncio.run(play())


def test_another_file_and_a_rotated_one():
    async def play():
        bench = await Bench().begin()
        reading = asyncio.ensure_future(bench.get(f"{LIVE}/{bench.task}?f=stderr"))
        while len(bench.asked) < 3:
            await asyncio.sleep(0)
        bench.files["stderr"] = b"new"
        while bench.asked[-1].offset != 3:
            await asyncio.sleep(0)
        await bench.stage.ended(bench.task)
        assert (await reading).content == b"oopsnew"
        assert {inquiry.path for inquiry in bench.asked} == {"stderr"}

    asyncio.run(play())


def test_a_file_that_goes_ends_the_stream():
    async def play():
        bench = await Bench().begin()
        reading = asyncio.ensure_future(bench.get(f"{LIVE}/{bench.task}"))
        while not bench.asked:
            await asyncio.sleep(0)
        del bench.files["stdout"]
        assert (await reading).content == b"first\n"

    asyncio.run(play())


def test_what_is_not_there_is_404():
    async def play():
        bench = await Bench().begin()
        for path in (f"{LIVE}/{bench.task}?f=never", f"{LIVE}/{NOBODY}", f"{PAGES}/{NOBODY}"):
            answer = await bench.get(path)
            assert answer.status_code == answer.json()["statusCode"] == 404

    asyncio.run(play())


def test_a_task_without_a_node_has_no_logs_yet():
    async def play():
        bench = await Bench().begin()
        descriptor = batch()
        descriptor.container.resources.cpu = 90
        (task,) = bench.stage.tasks(await bench.stage.create(descriptor))
        assert (await bench.get(f"{LIVE}/{task.id}")).status_code == 503

    asyncio.run(play())


def test_a_sandbox_is_listed_with_links():
    async def play():
        bench = await Bench().begin()
        answer = await bench.get(f"{PAGES}/{bench.task}?path=deep")
        assert bench.asked[-1].path == "deep"
        assert f'href="{LIVE}/{bench.task}?f=deep/a%26b"' in answer.text
        assert "deep/a&amp;b" in answer.text
        assert answer.text.index(f'href="{PAGES}/{bench.task}?path=deep"') < answer.text.index("?f=")

    asyncio.run(play())


def test_a_further_container_is_followed_in_its_own_sandbox_until_it_is_over():
    async def play():
        bench = await Bench().begin(with_further())
        reading = asyncio.ensure_future(bench.get(f"{LIVE}/{bench.task}?f=stderr&container=side"))
        while len(bench.asked) < 3:
            await asyncio.sleep(0)
        await bench.stage.ended(bench.further["side"])
        assert (await reading).content == b"oops"
        assert {(inquiry.run, inquiry.path) for inquiry in bench.asked} == {(bench.further["side"], "stderr")}

    asyncio.run(play())


def test_a_further_container_is_reached_after_its_task_has_left_memory():
    async def play():
        bench = await Bench().begin(with_further())
        await bench.stage.ended(bench.task)
        await bench.stage.ended(*bench.further.values())
        await bench.stage.tick()
        assert bench.task not in bench.stage.standing.tasks
        assert not set(bench.further.values()) & set(bench.stage.plane.state.runs)
        assert (await bench.get(f"{LIVE}/{bench.task}?container=proxy")).content == b"first\n"
        assert (await bench.get(f"{PAGES}/{bench.task}?container=proxy")).status_code == 200
        assert {inquiry.run for inquiry in bench.asked} == {bench.further["proxy"]}

    asyncio.run(play())


def test_the_page_of_a_task_leads_to_its_containers_and_theirs_to_their_files():
    async def play():
        bench = await Bench().begin(with_further())
        page = (await bench.get(f"{PAGES}/{bench.task}")).text
        for query in ("", "?container=side", "?container=proxy"):
            assert f'href="{PAGES}/{bench.task}{query}"' in page
        assert bench.asked[-1].run == bench.task
        page = (await bench.get(f"{PAGES}/{bench.task}?container=side&path=deep")).text
        assert (bench.asked[-1].run, bench.asked[-1].path) == (bench.further["side"], "deep")
        assert f'href="{LIVE}/{bench.task}?f=deep/a%26b&amp;container=side"' in page
        assert f'href="{PAGES}/{bench.task}?path=deep&amp;container=side"' in page
        assert "container side</h1>" in page

    asyncio.run(play())


def test_the_page_of_a_task_of_one_container_names_none():
    async def play():
        bench = await Bench().begin()
        for query in ("", "?container=main", "?container="):
            assert "container" not in (await bench.get(f"{PAGES}/{bench.task}{query}")).text

    asyncio.run(play())


@pytest.mark.parametrize("name", ["other", "SIDE", "../side", "side/../../etc", "<b>", "x" * 5_000])
def test_an_unknown_container_is_404(name):
    async def play():
        bench = await Bench().begin(with_further())
        for place in (LIVE, PAGES):
            answer = await bench.get(f"{place}/{bench.task}?container={quote(name, safe='')}")
            assert answer.status_code == answer.json()["statusCode"] == 404
            assert bench.task in answer.json()["message"]
            assert len(answer.json()["message"]) < 200
        assert (await bench.get(f"{LIVE}/{NOBODY}?container=side")).status_code == 404
        assert not bench.asked

    asyncio.run(play())


def test_a_path_that_leads_out_of_a_container_is_asked_of_the_node_as_it_is_and_its_refusal_is_404():
    async def play():
        bench = await Bench().begin(with_further())
        answer = await bench.get(f"{LIVE}/{bench.task}?f=../{bench.task}/stdout&container=side")
        assert answer.status_code == 404
        assert bench.asked[-1].path == f"../{bench.task}/stdout"

    asyncio.run(play())
