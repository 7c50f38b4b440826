"""Results by the older service: given, waited for, or the reason why not."""

from doors.armonik.serving import refused, story, until
from doors.armonik.submitting import FOREIGN, Code, begun, data_of, run_one

from portico.control.calls.commands import DeleteData, PutContent
from portico.domain.calls.frames import Verdict
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import Content
from portico.wire.armonik import objects_pb2
from portico.wire.armonik import submitter_pb2 as pb
from portico.wire.armonik.task_status_pb2 import TaskStatus


def test_results_are_given_or_it_is_said_why_not():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        good, bad = at.submit(number, 2, outputs=1)
        (mine,), (lost,) = (at.texts(at.book.links_of(call).outputs) for call in (good, bad))
        done, free = at.texts(at.results(number, b"data", None))

        async def replies(result, of=session):
            request = objects_pb2.ResultRequest(session=of, result_id=result)
            return [reply async for reply in at.submitter.TryGetResultStream(request)]

        assert await data_of(at, session, done) == b"data"
        assert await replies(mine) == [pb.ResultReply(not_completed_task=at.book.text(good))]
        assert await replies(free) == [pb.ResultReply(not_completed_task="")]
        agent = at.agent()
        assert await run_one(at, agent) == at.book.text(good)
        assert await replies(mine) == [pb.ResultReply(not_completed_task=at.calls.naming.text(Kind.CALL, good))]
        await run_one(at, agent, Verdict.ERROR, "it broke")
        (reply,) = await replies(lost)
        assert reply.error.task_id == at.calls.naming.text(Kind.CALL, bad)
        assert [(one.task_status, one.detail) for one in reply.error.errors] == [
            (TaskStatus.TASK_STATUS_ERROR, "it broke")
        ]
        await at.plane.submit(DeleteData(session, (done,)))
        request = objects_pb2.ResultRequest(session=session, result_id=done)
        code, details = await refused(at.submitter.TryGetResultStream(request))
        assert (code, details) == (Code.NOT_FOUND, f"Result data was not found: {done}")
        for request in (
            objects_pb2.ResultRequest(session=session, result_id=FOREIGN),
            objects_pb2.ResultRequest(session=FOREIGN, result_id=mine),
        ):
            assert (await refused(at.submitter.TryGetResultStream(request)))[0] is Code.NOT_FOUND
            assert (await refused(at.submitter.WaitForAvailability(request)))[0] is Code.NOT_FOUND

    story(play)


def test_availability_is_waited_for():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (call,) = at.submit(number, 1, outputs=1)
        (lost,) = at.texts(at.book.links_of(call).outputs)
        promised, deleted, there = at.texts(at.results(number, None, None, b"x"))

        def wait(result):
            return at.submitter.WaitForAvailability(objects_pb2.ResultRequest(session=session, result_id=result))

        assert (await wait(there)).WhichOneof("type") == "ok"
        waiting = [await begun(at, wait(result)) for result in (promised, deleted, lost)]
        await at.plane.submit(PutContent(session, promised, Content(1, b"x")))
        assert (await waiting[0]).WhichOneof("type") == "ok"
        await at.plane.submit(DeleteData(session, (deleted,)))
        assert (await refused(waiting[1]))[0] is Code.NOT_FOUND
        await run_one(at, at.agent(), Verdict.ERROR, "it broke")
        reply = await waiting[2]
        assert (reply.error.task_id, reply.error.errors[0].detail) == (
            at.calls.naming.text(Kind.CALL, call),
            "it broke",
        )
        await until(lambda: not at.calls.watching._results)

    story(play)
