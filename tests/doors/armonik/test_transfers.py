"""Contents coming in, when nobody waits for them any more."""

from __future__ import annotations

import asyncio

import pytest

from portico.doors.armonik.transfers import Intake


class Upload:
    """Writes until it is let go on, as a slow disk does."""

    def __init__(self):
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.told = []

    async def write(self, _data):
        self.begun.set()
        await self.go_on.wait()
        self.told.append("written")

    def discard(self):
        self.told.append("discarded")


class Objects:
    def __init__(self, upload):
        self._upload = upload

    def open(self):
        return self._upload


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_is_cancelled_while_it_is_written_is_discarded_afterwards(times):
    async def story():
        upload = Upload()

        async def take():
            async with Intake(Objects(upload)) as intake:
                await intake.take(bytes(300 << 10), "data")

        taking = asyncio.create_task(take())
        await upload.begun.wait()
        for _ in range(times):
            taking.cancel()
            await asyncio.sleep(0)
        upload.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await taking
        for _ in range(3):
            await asyncio.sleep(0)
        assert upload.told == ["written", "discarded"]

    asyncio.run(story())
