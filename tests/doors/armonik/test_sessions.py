"""Sessions through a real server."""

import pytest
from doors.armonik.served import UNKNOWN, options, refused, story
from google.protobuf.duration_pb2 import Duration
from grpc import StatusCode

from portico.wire.armonik import filters_pb2, sessions_pb2
from portico.wire.armonik.session_status_pb2 import SessionStatus

Id = {
    "GetSession": sessions_pb2.GetSessionRequest,
    "PauseSession": sessions_pb2.PauseSessionRequest,
    "ResumeSession": sessions_pb2.ResumeSessionRequest,
    "CloseSession": sessions_pb2.CloseSessionRequest,
    "CancelSession": sessions_pb2.CancelSessionRequest,
    "PurgeSession": sessions_pb2.PurgeSessionRequest,
    "DeleteSession": sessions_pb2.DeleteSessionRequest,
    "StopSubmission": sessions_pb2.StopSubmissionRequest,
}


async def call(at, rpc, session, **more):
    return (await getattr(at.sessions, rpc)(Id[rpc](session_id=session, **more))).session


def test_a_session_is_created_as_asked_for():
    async def play(at):
        session = await at.session("default", "second", priority=7, application_name="app", options={"a": "b"})
        raw = await call(at, "GetSession", session)
        assert raw.session_id == session
        assert raw.status == SessionStatus.SESSION_STATUS_RUNNING
        assert raw.client_submission
        assert raw.worker_submission
        assert list(raw.partition_ids) == ["default", "second"]
        expected = options(priority=7, application_name="app", options={"a": "b"}, partition_id="default")
        assert raw.options == expected
        assert raw.created_at.ToMicroseconds() == at.plane.clock.now()
        assert not raw.HasField("closed_at")
        assert not raw.HasField("duration")

    story(play)


def test_no_partition_is_the_default_one():
    async def play(at):
        for partitions in ((), ("",)):
            raw = await call(at, "GetSession", await at.session(*partitions))
            assert list(raw.partition_ids) == ["default"]
            assert raw.options.partition_id == "default"

    story(play)


@pytest.mark.parametrize(
    ("wrong", "partitions", "code", "words"),
    [
        (None, (), StatusCode.INVALID_ARGUMENT, "default_task_option: is not given"),
        (options(max_retries=0), (), StatusCode.INVALID_ARGUMENT, "default_task_option.max_retries"),
        (options(priority=100), (), StatusCode.INVALID_ARGUMENT, "default_task_option.priority"),
        (options(max_duration=None), (), StatusCode.INVALID_ARGUMENT, "default_task_option.max_duration"),
        (options(), ("nowhere",), StatusCode.NOT_FOUND, "Partition was not found"),
        (options(partition_id="nowhere"), (), StatusCode.NOT_FOUND, "Partition was not found"),
        (options(), ("default", ""), StatusCode.NOT_FOUND, "Partition was not found"),
        (options(), ("default", "default"), StatusCode.INVALID_ARGUMENT, "partition_ids"),
    ],
)
def test_a_session_that_cannot_be_is_refused(wrong, partitions, code, words):
    async def play(at):
        request = sessions_pb2.CreateSessionRequest(default_task_option=wrong, partition_ids=partitions)
        found, details = await refused(at.sessions.CreateSession(request))
        assert found == code
        assert words in details

    story(play)


def test_a_session_goes_its_way():
    async def play(at):
        session = await at.session()
        paused = await call(at, "PauseSession", session)
        assert paused.status == SessionStatus.SESSION_STATUS_PAUSED
        resumed = await call(at, "ResumeSession", session)
        assert resumed.status == SessionStatus.SESSION_STATUS_RUNNING
        assert (await call(at, "ResumeSession", session)).status == SessionStatus.SESSION_STATUS_RUNNING
        at.plane.clock.advance(3)
        closed = await call(at, "CloseSession", session)
        assert closed.status == SessionStatus.SESSION_STATUS_CLOSED
        assert closed.duration == Duration(seconds=3)
        assert closed.closed_at.ToMicroseconds() == at.plane.clock.now()
        assert not closed.client_submission
        assert not closed.worker_submission
        cancelled = await call(at, "CancelSession", session)
        assert cancelled.status == SessionStatus.SESSION_STATUS_CANCELLED
        assert cancelled.HasField("cancelled_at")
        purged = await call(at, "PurgeSession", session)
        assert purged.status == SessionStatus.SESSION_STATUS_PURGED
        assert purged.HasField("purged_at")
        deleted = await call(at, "DeleteSession", session)
        assert deleted.status == SessionStatus.SESSION_STATUS_DELETED
        assert deleted.session_id == session
        assert deleted.HasField("deleted_at")
        code, details = await refused(call(at, "GetSession", session))
        assert code == StatusCode.NOT_FOUND
        assert details == f"Session was not found: {session}"

    story(play)


def test_what_a_state_does_not_allow_is_refused():
    async def play(at):
        session = await at.session()
        for rpc in ("PurgeSession",):
            assert (await refused(call(at, rpc, session)))[0] == StatusCode.FAILED_PRECONDITION
        await call(at, "CancelSession", session)
        for rpc in ("PauseSession", "ResumeSession", "CloseSession", "CancelSession"):
            code, details = await refused(call(at, rpc, session))
            assert code == StatusCode.FAILED_PRECONDITION
            assert details.startswith("The session transition is invalid")

    story(play)


def test_an_unknown_session_is_not_found_but_can_be_deleted():
    async def play(at):
        for rpc in set(Id) - {"DeleteSession"}:
            for session in (UNKNOWN, "me", ""):
                code, details = await refused(call(at, rpc, session))
                assert code == StatusCode.NOT_FOUND
                assert details == f"Session was not found: {session}"
        deleted = await call(at, "DeleteSession", "me")
        assert deleted.session_id == "me"
        assert deleted.status == SessionStatus.SESSION_STATUS_DELETED
        assert deleted.HasField("deleted_at")

    story(play)


def test_submission_is_stopped_for_either_or_both():
    async def play(at):
        session = await at.session()
        untouched = await call(at, "StopSubmission", session)
        assert untouched.client_submission
        assert untouched.worker_submission
        without_worker = await call(at, "StopSubmission", session, worker=True)
        assert without_worker.client_submission
        assert not without_worker.worker_submission
        without_both = await call(at, "StopSubmission", session, client=True)
        assert not without_both.client_submission
        assert not without_both.worker_submission

    story(play)


def raw_field(number):
    return sessions_pb2.SessionField(session_raw_field=sessions_pb2.SessionRawField(field=number))


def test_sessions_are_listed_page_by_page():
    async def play(at):
        made = [await at.session("default", *(["second"] if n % 2 else []), priority=n + 1) for n in range(5)]
        request = sessions_pb2.ListSessionsRequest
        everything = await at.sessions.ListSessions(request(page_size=100))
        assert [raw.session_id for raw in everything.sessions] == made
        assert everything.sessions[3].options.priority == 4
        sort = request.Sort(
            field=sessions_pb2.SessionField(task_option_field=sessions_pb2.TaskOptionField(field=3)), direction=2
        )
        page = await at.sessions.ListSessions(request(page=1, page_size=2, sort=sort))
        assert [raw.session_id for raw in page.sessions] == [made[2], made[1]]
        assert (page.page, page.page_size, page.total) == (1, 2, 5)
        beyond = await at.sessions.ListSessions(request(page=9, page_size=2))
        assert (list(beyond.sessions), beyond.page, beyond.total) == ([], 9, 5)
        only_total = await at.sessions.ListSessions(request())
        assert (list(only_total.sessions), only_total.total) == ([], 5)
        condition = sessions_pb2.FilterField(field=raw_field(3), filter_array=filters_pb2.FilterArray(value="second"))
        filters = sessions_pb2.Filters(**{"or": [sessions_pb2.FiltersAnd(**{"and": [condition]})]})
        chosen = await at.sessions.ListSessions(request(page_size=9, filters=filters))
        assert [raw.session_id for raw in chosen.sessions] == [made[1], made[3]]
        assert chosen.total == 2

    story(play)


def test_a_list_that_makes_no_sense_is_refused_by_name():
    async def play(at):
        request = sessions_pb2.ListSessionsRequest
        for wrong, field in (
            (request(page=-1), "page"),
            (request(page_size=-1), "page_size"),
            (request(sort=request.Sort(field=raw_field(0), direction=1)), "sort.field.session_raw_field.field"),
            (request(sort=request.Sort(field=raw_field(1))), "sort.direction"),
            (
                request(filters=sessions_pb2.Filters(**{"or": [{"and": [sessions_pb2.FilterField()]}]})),
                "filters.or[0].and[0].field",
            ),
        ):
            code, details = await refused(at.sessions.ListSessions(wrong))
            assert code == StatusCode.INVALID_ARGUMENT
            assert details.startswith(f"{field}: ")

    story(play)
