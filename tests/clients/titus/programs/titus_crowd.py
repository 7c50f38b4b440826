"""Many watchers of ObserveJobs in one process: `titus_crowd.py STUBS TARGET`.

`gather COUNT` opens as many streams and answers when each has its snapshot; `told JOB LAST` answers when each has heard
of the job with its attribute `step` at LAST, and says which different stories of it were heard by how many.
"""

import asyncio
import json
import sys
import time
from collections import Counter

import grpc
from wire import OPTIONS, Wire, message

A_CHANNEL = 100
"""Streams on one connection; a server bounds them."""
PATIENCE = 60.0


class Watcher:
    """One stream: the values of `step` that it told of each job, in order."""

    def __init__(self):
        self.ready = asyncio.Event()
        self.heard = asyncio.Event()
        self.steps = {}
        self.failure = None

    async def follow(self, call):
        try:
            async for one in call:
                self.take(one)
        except grpc.RpcError as error:
            self.failure = f"{error.code().name}: {error.details()}"
            self.ready.set()
            self.heard.set()

    def take(self, one):
        if one.HasField("snapshotEnd"):
            self.ready.set()
        elif one.HasField("jobUpdate"):
            job = one.jobUpdate.job
            if "step" in job.jobDescriptor.attributes:
                self.steps.setdefault(job.id, []).append(job.jobDescriptor.attributes["step"])
                self.heard.set()

    async def until(self, job, last):
        while not self.failure and self.steps.get(job, [""])[-1] != last:
            self.heard.clear()
            await self.heard.wait()


class Crowd:
    def __init__(self, folder, target):
        self.wire, self.target = Wire(folder), target
        self.watchers, self.tasks, self.channels = [], [], []

    async def gather(self, count, request):
        began = time.monotonic()
        for number in range(count):
            if number % A_CHANNEL == 0:
                options = [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
                self.channels.append(grpc.aio.insecure_channel(self.target, options=options))
            rpc, kind = self.wire.rpc(self.channels[-1], "JobManagementService.ObserveJobs")
            watcher = Watcher()
            self.watchers.append(watcher)
            self.tasks.append(asyncio.create_task(watcher.follow(rpc(message(request, kind)))))
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(watcher.ready.wait() for watcher in self.watchers))
        return {"failures": self.failures(), "seconds": time.monotonic() - began}

    async def told(self, job, last):
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(watcher.until(job, last) for watcher in self.watchers))
        stories = Counter(tuple(watcher.steps.get(job, ())) for watcher in self.watchers)
        return {
            "failures": self.failures(),
            "stories": [[list(story), count] for story, count in stories.items()],
            "seconds": time.monotonic() - began,
        }

    def failures(self):
        return [watcher.failure for watcher in self.watchers if watcher.failure]

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for channel in self.channels:
            await channel.close()


async def main():
    crowd = Crowd(sys.argv[1], sys.argv[2])
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        answer = await getattr(crowd, asked["call"])(*asked["args"], **asked["named"])
        sys.stdout.write(json.dumps({"answer": answer}) + "\n")
        sys.stdout.flush()
    await crowd.close()


asyncio.run(main())
