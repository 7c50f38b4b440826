"""Long answers, piece by piece."""

import asyncio

from portico.doors.armonik.sending import in_slices
from portico.wire.armonik.tasks_pb2 import ListTasksResponse, TaskSummary


def write(rows):
    return ListTasksResponse(tasks=[TaskSummary(id=str(row)) for row in rows]).SerializeToString()


def test_pieces_make_the_whole():
    for count in (0, 1, 4, 5, 6, 23):
        written = asyncio.run(in_slices(range(count), write, 5))
        assert [task.id for task in ListTasksResponse.FromString(written).tasks] == [str(row) for row in range(count)]


def test_others_get_their_turn_between_pieces():
    turns = []

    async def other():
        while True:
            turns.append(len(written))
            await asyncio.sleep(0)

    written = []

    def noted(rows):
        written.append(rows)
        return write(rows)

    async def run():
        task = asyncio.ensure_future(other())
        await asyncio.sleep(0)
        await in_slices(range(23), noted, 5)
        task.cancel()

    asyncio.run(run())
    assert turns == [0, 1, 2, 3, 4]
