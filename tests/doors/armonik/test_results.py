"""Results through a real server: every RPC, its errors, and data of any size."""

import asyncio

import grpc
import pytest
from doors.armonik.inbound.test_subscriptions import NAME, any_of, result_is
from doors.armonik.serving import refused, story, until

from portico.control.calls.objects_in_files import FileObjects
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import SMALL
from portico.doors.armonik.transfers import CHUNK, MOST_CHUNK
from portico.wire.armonik import filters_pb2, objects_pb2
from portico.wire.armonik import results_pb2 as pb
from portico.wire.armonik.result_status_pb2 import ResultStatus
from portico.wire.armonik.sort_direction_pb2 import SortDirection

Code = grpc.StatusCode
Create = pb.CreateResultsRequest.ResultCreate
Promise = pb.CreateResultsMetaDataRequest.ResultCreate
Identifier = pb.UploadResultDataRequest.ResultIdentifier
Upload = pb.UploadResultDataRequest
Pair = pb.ImportResultsDataRequest.ResultOpaqueId
FOREIGN = "00000000-0000-0000-0000-000000000000"


async def promise(at, session, *names):
    request = pb.CreateResultsMetaDataRequest(session_id=session, results=[Promise(name=name) for name in names])
    return (await at.results_rpc.CreateResultsMetaData(request)).results


async def create(at, session, **datas):
    results = [Create(name=name, data=data) for name, data in datas.items()]
    return (await at.results_rpc.CreateResults(pb.CreateResultsRequest(session_id=session, results=results))).results


def upload(at, session, result, *pieces):
    async def messages():
        yield Upload(id=Identifier(session_id=session, result_id=result))
        for piece in pieces:
            yield Upload(data_chunk=piece)

    return at.results_rpc.UploadResultData(messages())


async def download(at, session, result):
    request = pb.DownloadResultDataRequest(session_id=session, result_id=result)
    return [message.data_chunk async for message in at.results_rpc.DownloadResultData(request)]


def test_results_are_promised_and_created_in_order():
    async def play(at):
        session = await at.session_text()
        promised = await promise(at, session, "a", "b")
        assert [(one.name, one.status, one.size) for one in promised] == [
            ("a", ResultStatus.RESULT_STATUS_CREATED, 0),
            ("b", ResultStatus.RESULT_STATUS_CREATED, 0),
        ]
        assert not promised[0].HasField("completed_at")
        created = await create(at, session, x=b"1", y=b"", z=bytes(SMALL + 1))
        assert [(one.name, one.status, one.size) for one in created] == [
            ("x", ResultStatus.RESULT_STATUS_COMPLETED, 1),
            ("y", ResultStatus.RESULT_STATUS_COMPLETED, 0),
            ("z", ResultStatus.RESULT_STATUS_COMPLETED, SMALL + 1),
        ]
        assert created[0].opaque_id
        assert created[0].completed_at == created[0].created_at
        assert {one.session_id for one in (*promised, *created)} == {session}
        for one in (*promised, *created):
            assert (await at.results_rpc.GetResult(pb.GetResultRequest(result_id=one.result_id))).result == one
        assert await download(at, session, created[0].result_id) == [b"1"]
        assert b"".join(await download(at, session, created[1].result_id)) == b""
        assert await download(at, session, created[2].result_id) == [bytes(SMALL + 1)]
        nothing = await at.results_rpc.CreateResults(pb.CreateResultsRequest(session_id=session))
        assert not nothing.results

    story(play)


def test_manual_deletion_is_kept():
    async def play(at):
        session = await at.session_text()
        one = Create(name="a", data=b"1", manual_deletion=True)
        reply = await at.results_rpc.CreateResults(pb.CreateResultsRequest(session_id=session, results=[one]))
        assert reply.results[0].manual_deletion
        promised = Promise(name="b", manual_deletion=True)
        request = pb.CreateResultsMetaDataRequest(session_id=session, results=[promised])
        assert (await at.results_rpc.CreateResultsMetaData(request)).results[0].manual_deletion

    story(play)


def test_unknown_results_are_not_found():
    async def play(at):
        session = await at.session_text()
        for identity in ("", "nonsense", FOREIGN, at.calls.result_text(99)):
            code, details = await refused(at.results_rpc.GetResult(pb.GetResultRequest(result_id=identity)))
            assert (code, details) == (Code.NOT_FOUND, f"Result was not found: {identity}")
            request = pb.DownloadResultDataRequest(session_id=session, result_id=identity)
            code, _ = await refused(at.results_rpc.DownloadResultData(request))
            assert code is Code.NOT_FOUND

    story(play)


def test_lists_are_filtered_sorted_and_paged():
    async def play(at):
        session, other = await at.session_text(), await at.session_text()
        await create(at, session, **{name: name.encode() * size for size, name in enumerate("abcde", 1)})
        await create(at, other, a=b"12345678")
        by_size = pb.ListResultsRequest.Sort(
            field=raw(pb.RESULT_RAW_ENUM_FIELD_SIZE), direction=SortDirection.SORT_DIRECTION_DESC
        )
        in_session = result_is(pb.RESULT_RAW_ENUM_FIELD_SESSION_ID, session)
        request = pb.ListResultsRequest(page=1, page_size=2, filters=any_of(pb, [in_session]), sort=by_size)
        reply = await at.results_rpc.ListResults(request)
        assert [one.name for one in reply.results] == ["c", "b"]
        assert (reply.page, reply.page_size, reply.total) == (1, 2, 5)
        named = any_of(pb, [result_is(NAME, "a"), in_session], [result_is(NAME, "e")])
        reply = await at.results_rpc.ListResults(pb.ListResultsRequest(page_size=10, filters=named))
        assert [one.name for one in reply.results] == ["a", "e"]
        large = filters_pb2.FilterNumber(
            value=3, operator=filters_pb2.FilterNumberOperator.FILTER_NUMBER_OPERATOR_GREATER_THAN
        )
        sized = any_of(pb, [pb.FilterField(field=raw(pb.RESULT_RAW_ENUM_FIELD_SIZE), filter_number=large)])
        reply = await at.results_rpc.ListResults(pb.ListResultsRequest(page_size=0, filters=sized))
        assert (len(reply.results), reply.total) == (0, 3)
        code, details = await refused(at.results_rpc.ListResults(pb.ListResultsRequest(page=-1)))
        assert (code, details) == (Code.INVALID_ARGUMENT, "page: -1 is negative")

    story(play)


def raw(number):
    return pb.ResultField(result_raw_field=pb.ResultRawField(field=number))


def test_owners_are_told_by_id():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (call,) = at.submit(number, 1, outputs=1)
        output = at.book.links_of(call).outputs[0]
        free = (await promise(at, session, "free"))[0].result_id
        ids = [free, *at.texts([output]), FOREIGN, free]
        request = pb.GetOwnerTaskIdRequest(session_id=session, result_id=ids)
        reply = await at.results_rpc.GetOwnerTaskId(request)
        assert reply.session_id == session
        assert {pair.result_id: pair.task_id for pair in reply.result_task} == {
            free: "",
            at.texts([output])[0]: at.book.text(call),
        }
        elsewhere = pb.GetOwnerTaskIdRequest(session_id=await at.session_text(), result_id=ids)
        assert not (await at.results_rpc.GetOwnerTaskId(elsewhere)).result_task

    story(play)


# ---- uploads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"",),
        (b"abc", b"", b"def"),
        (b"x" * SMALL,),
        (b"x" * SMALL, b"y"),
        (b"a" * CHUNK, b"b" * CHUNK, b"c"),
        (b"z" * MOST_CHUNK,),
        tuple(bytes([number]) * 1_000 for number in range(200)),
    ],
    ids=["nothing", "empty", "small", "just small", "just large", "chunks", "large chunk", "many pieces"],
)
def test_what_is_uploaded_is_downloaded(tmp_path, pieces):
    async def play(at):
        session = await at.session_text()
        (one,) = await promise(at, session, "a")
        reply = await upload(at, session, one.result_id, *pieces)
        whole = b"".join(pieces)
        assert (reply.result.status, reply.result.size) == (ResultStatus.RESULT_STATUS_COMPLETED, len(whole))
        assert reply.result.HasField("completed_at")
        got = await download(at, session, one.result_id)
        assert b"".join(got) == whole
        assert max(len(piece) for piece in got) <= CHUNK
        assert not list(tmp_path.glob("*.part"))

    story(play, objects=FileObjects(tmp_path))


def test_uploads_that_are_wrong_are_refused():
    async def play(at):
        session, other = await at.session_text(), await at.session_text()
        (one,) = await promise(at, session, "a")

        async def sent(*messages):
            async def stream():
                for message in messages:
                    yield message

            return await refused(at.results_rpc.UploadResultData(stream()))

        named = Upload(id=Identifier(session_id=session, result_id=one.result_id))
        assert await sent() == (Code.FAILED_PRECONDITION, "The stream has no message")
        assert (await sent(Upload(data_chunk=b"x")))[0] is Code.INVALID_ARGUMENT
        assert (await sent(Upload()))[0] is Code.INVALID_ARGUMENT
        assert (await sent(named, named))[0] is Code.INVALID_ARGUMENT
        assert (await sent(named, Upload(data_chunk=b"x"), Upload()))[0] is Code.INVALID_ARGUMENT
        code, details = await sent(named, Upload(data_chunk=bytes(MOST_CHUNK + 1)))
        assert code is Code.INVALID_ARGUMENT
        assert details.startswith("data_chunk: ")
        unknown = Upload(id=Identifier(session_id=session, result_id=FOREIGN))
        assert await sent(unknown, Upload(data_chunk=b"x")) == (Code.NOT_FOUND, f"Result was not found: {FOREIGN}")
        for wrong in (other, FOREIGN, ""):
            astray = Upload(id=Identifier(session_id=wrong, result_id=one.result_id))
            assert (await sent(astray))[0] is Code.NOT_FOUND
        found = await at.results_rpc.GetResult(pb.GetResultRequest(result_id=one.result_id))
        assert found.result == one

    story(play)


@pytest.mark.parametrize("sent", [10, 3 * CHUNK], ids=["small", "large"])
def test_an_upload_that_is_cancelled_leaves_nothing(tmp_path, sent):
    async def play(at):
        session = await at.session_text()
        ones = await promise(at, session, *("a" * 8))
        for one in ones:
            passed, never = asyncio.Event(), asyncio.Event()

            async def messages(one=one, passed=passed, never=never):
                yield Upload(id=Identifier(session_id=session, result_id=one.result_id))
                for start in range(0, sent, CHUNK):
                    yield Upload(data_chunk=b"x" * min(CHUNK, sent - start))
                passed.set()
                await never.wait()

            call = at.results_rpc.UploadResultData(messages())
            await passed.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        calls = at.server._calls
        await until(lambda: not calls.under_way)
        await until(lambda: not list(tmp_path.iterdir()))
        for one in ones:
            found = await at.results_rpc.GetResult(pb.GetResultRequest(result_id=one.result_id))
            assert found.result == one

    story(play, objects=FileObjects(tmp_path))


def test_nothing_is_seen_before_an_upload_ends(tmp_path):
    async def play(at):
        session = await at.session_text()
        (one,) = await create(at, session, a=b"before")
        go_on, passed = asyncio.Event(), asyncio.Event()

        async def messages():
            yield Upload(id=Identifier(session_id=session, result_id=one.result_id))
            yield Upload(data_chunk=b"x" * CHUNK)
            passed.set()
            await go_on.wait()
            yield Upload(data_chunk=b"y")

        call = at.results_rpc.UploadResultData(messages())
        await passed.wait()
        await until(lambda: list(tmp_path.iterdir()))
        assert await download(at, session, one.result_id) == [b"before"]
        go_on.set()
        assert (await call).result.size == CHUNK + 1
        assert b"".join(await download(at, session, one.result_id)) == b"x" * CHUNK + b"y"

    story(play, objects=FileObjects(tmp_path))


def test_a_download_is_never_a_mixture(tmp_path):
    async def play(at):
        session = await at.session_text()
        (one,) = await promise(at, session, "a")
        await upload(at, session, one.result_id, *(b"x" * CHUNK for _ in range(16)))
        request = pb.DownloadResultDataRequest(session_id=session, result_id=one.result_id)
        call = at.results_rpc.DownloadResultData(request)
        got = [(await call.read()).data_chunk]
        await upload(at, session, one.result_id, *(b"y" * CHUNK for _ in range(16)))
        try:
            while (message := await call.read()) is not grpc.aio.EOF:
                got.append(message.data_chunk)
        except grpc.aio.AioRpcError as error:
            assert error.code() is Code.NOT_FOUND
        assert set(b"".join(got)) == set(b"x")

    story(play, objects=FileObjects(tmp_path))


# ---- data ----------------------------------------------------------------------------------------------------------


def test_data_are_deleted_and_may_come_again():
    async def play(at):
        session = await at.session_text()
        (one,) = await create(at, session, a=b"data")
        request = pb.DeleteResultsDataRequest(session_id=session, result_id=[one.result_id, FOREIGN, one.result_id])
        reply = await at.results_rpc.DeleteResultsData(request)
        assert reply.session_id == session
        assert list(reply.result_id) == [one.result_id, FOREIGN, one.result_id]
        await at.settle()
        found = (await at.results_rpc.GetResult(pb.GetResultRequest(result_id=one.result_id))).result
        assert (found.status, found.opaque_id) == (ResultStatus.RESULT_STATUS_DELETED, b"")
        gone = pb.DownloadResultDataRequest(session_id=session, result_id=one.result_id)
        code, details = await refused(at.results_rpc.DownloadResultData(gone))
        assert (code, details) == (Code.NOT_FOUND, f"Result data was not found: {one.result_id}")
        await upload(at, session, one.result_id, b"again")
        assert await download(at, session, one.result_id) == [b"again"]

    story(play)


def test_data_of_an_unknown_session_are_passed_over():
    async def play(at):
        session = await at.session_text()
        (one,) = await create(at, session, a=b"data")
        for other in (FOREIGN, "no id", "", await at.session_text()):
            request = pb.DeleteResultsDataRequest(session_id=other, result_id=[one.result_id, FOREIGN])
            reply = await at.results_rpc.DeleteResultsData(request)
            assert (reply.session_id, list(reply.result_id)) == (other, [one.result_id, FOREIGN])
        await at.settle()
        assert await download(at, session, one.result_id) == [b"data"]

    story(play)


def test_objects_are_imported_by_their_opaque_id(tmp_path):
    imports = tmp_path / "imports"
    imports.mkdir()
    (imports / "file").write_bytes(b"f" * (SMALL + 7))
    (imports / "circle").symlink_to("circle")
    (tmp_path / "secret").write_bytes(b"s")
    (imports / "out").symlink_to(tmp_path / "secret")

    async def play(at):
        session = await at.session_text()
        (source,) = await create(at, session, a=b"a" * (SMALL + 1))
        target, other = await promise(at, session, "t", "o")

        def pairs(*given):
            each = [Pair(result_id=one, opaque_id=opaque) for one, opaque in given]
            return at.results_rpc.ImportResultsData(pb.ImportResultsDataRequest(session_id=session, results=each))

        reply = await pairs((target.result_id, source.opaque_id), (other.result_id, b"file"))
        assert [(one.result_id, one.size) for one in reply.results] == [
            (target.result_id, SMALL + 1),
            (other.result_id, SMALL + 7),
        ]
        assert b"".join(await download(at, session, target.result_id)) == b"a" * (SMALL + 1)
        assert b"".join(await download(at, session, other.result_id)) == b"f" * (SMALL + 7)
        assert (await refused(pairs((FOREIGN, source.opaque_id))))[0] is Code.NOT_FOUND
        assert (await refused(pairs((target.result_id, source.opaque_id))))[0] is Code.FAILED_PRECONDITION
        (third,) = await promise(at, session, "3")
        for nothing in (b"nothing", b"", b".", b"\0", b"o" * 300, b"o/" * 3_000, b"circle", b"out", b"file/x"):
            assert (await refused(pairs((third.result_id, nothing))))[0] is Code.NOT_FOUND
        assert not (await pairs()).results

    story(play, objects=FileObjects(tmp_path / "objects", imports))


def test_the_size_of_chunks_is_told():
    async def play(at):
        reply = await at.results_rpc.GetServiceConfiguration(objects_pb2.Empty())
        assert reply.data_chunk_max_size == 2 * 1024 * 1024

    story(play)


def test_a_call_owns_what_it_is_to_bring():
    async def play(at):
        number = await at.session()
        (call,) = at.submit(number, 1, outputs=1)
        (output,) = at.texts(at.book.links_of(call).outputs)
        found = (await at.results_rpc.GetResult(pb.GetResultRequest(result_id=output))).result
        assert found.owner_task_id == at.calls.naming.text(Kind.CALL, call)

    story(play)
