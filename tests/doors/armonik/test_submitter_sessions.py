"""Sessions and settings by the older service, through a real server."""

from doors.armonik.serving import refused, story, task_options
from doors.armonik.submitting import FOREIGN, Code

from portico.domain.calls.naming import Kind
from portico.domain.calls.states import SessionState
from portico.doors.armonik import choosing
from portico.doors.armonik.transfers import CHUNK
from portico.wire.armonik import objects_pb2
from portico.wire.armonik import submitter_pb2 as pb
from portico.wire.armonik.session_status_pb2 import SessionStatus


def test_sessions_are_created_listed_and_cancelled():
    async def play(at):
        request = pb.CreateSessionRequest(default_task_option=task_options(), partition_ids=["default"])
        one = (await at.submitter.CreateSession(request)).session_id
        two = (await at.submitter.CreateSession(request)).session_id
        assert await at.submitter.CancelSession(objects_pb2.Session(id=two)) == objects_pb2.Empty()
        assert at.book.sessions[at.calls.naming.number(Kind.SESSION, two)].state is SessionState.CANCELLED

        async def listed(**given):
            return list((await at.submitter.ListSessions(pb.SessionFilter(**given))).session_ids)

        running = pb.SessionFilter.StatusesRequest(statuses=[SessionStatus.SESSION_STATUS_RUNNING])
        assert await listed() == [one, two]
        assert await listed(included=running) == [one]
        assert await listed(excluded=running) == [two]
        assert await listed(sessions=[two, FOREIGN, two]) == [two]
        assert await listed(sessions=[FOREIGN]) == []
        assert await listed(sessions=[two], included=running) == []
        code, _ = await refused(at.submitter.CancelSession(objects_pb2.Session(id=two)))
        assert code is Code.FAILED_PRECONDITION
        code, details = await refused(at.submitter.CancelSession(objects_pb2.Session(id=FOREIGN)))
        assert (code, details) == (Code.NOT_FOUND, f"Session was not found: {FOREIGN}")

    story(play)


def test_sessions_that_cannot_be_are_refused():
    async def play(at):
        code, details = await refused(at.submitter.CreateSession(pb.CreateSessionRequest()))
        assert (code, details) == (Code.INVALID_ARGUMENT, "default_task_option: is not given")
        wrong = pb.CreateSessionRequest(default_task_option=task_options(max_retries=0))
        assert (await refused(at.submitter.CreateSession(wrong)))[0] is Code.INVALID_ARGUMENT
        nowhere = pb.CreateSessionRequest(default_task_option=task_options(), partition_ids=["nowhere"])
        assert (await refused(at.submitter.CreateSession(nowhere)))[0] is Code.NOT_FOUND

    story(play)


def test_many_sessions_are_listed(monkeypatch):
    monkeypatch.setattr(choosing, "PAGE", 3)

    async def play(at):
        made = [await at.session_text() for _ in range(7)]
        assert list((await at.submitter.ListSessions(pb.SessionFilter())).session_ids) == made

    story(play)


def test_the_size_of_chunks_is_told():
    async def play(at):
        assert (await at.submitter.GetServiceConfiguration(objects_pb2.Empty())).data_chunk_max_size == CHUNK

    story(play)
