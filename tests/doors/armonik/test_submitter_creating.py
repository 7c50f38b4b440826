"""Tasks that are created by the older service, small and large."""

from doors.armonik.serving import refused, story, task_options, until
from doors.armonik.submitting import FOREIGN, Code, data_of, of_session

from portico.control.calls.commands import SessionChange
from portico.control.calls.queries import FindResults
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import SMALL
from portico.doors.armonik import creating
from portico.doors.armonik.transfers import CHUNK
from portico.wire.armonik import objects_pb2
from portico.wire.armonik import submitter_pb2 as pb

Large = pb.CreateLargeTaskRequest


def infos(reply):
    assert reply.WhichOneof("Response") == "creation_status_list"
    statuses = reply.creation_status_list.creation_statuses
    assert {status.WhichOneof("Status") for status in statuses} <= {"task_info"}
    return [status.task_info for status in statuses]


def payload_of(at, task):
    number = at.calls.naming.number(Kind.CALL, task)
    session, payload = at.cells(number, "session", "payload")
    return at.calls.session_text(session), at.calls.result_text(payload)


def test_small_tasks_bring_their_payloads():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        output, needed = at.texts(at.results(number, None, b"d"))
        requests = [
            objects_pb2.TaskRequest(
                payload=b"one", payload_name="first", expected_output_keys=[output], data_dependencies=[needed]
            ),
            objects_pb2.TaskRequest(payload=b"2" * (SMALL + 1)),
        ]
        request = pb.CreateSmallTaskRequest(
            session_id=session, task_options=task_options(priority=7), task_requests=requests
        )
        one, two = infos(await at.submitter.CreateSmallTasks(request))
        assert (list(one.expected_output_keys), list(one.data_dependencies)) == ([output], [needed])
        assert await data_of(at, session, one.payload_id) == b"one"
        assert payload_of(at, one.task_id) == (session, one.payload_id)
        assert await data_of(at, session, two.payload_id) == b"2" * (SMALL + 1)
        found = await at.plane.ask(FindResults((one.payload_id, two.payload_id)))
        assert [result.name for result in found] == ["first", ""]
        agent = at.agent()
        await until(lambda: agent.given)
        assert agent.given[0].options.priority == 7

    story(play)


def test_small_tasks_that_cannot_be_are_refused_and_leave_no_data():
    async def play(at):
        session = await at.session_text()
        good = objects_pb2.TaskRequest(payload=b"x")

        def create(identity=session, options=None, requests=(good,)):
            given = {} if options is None else {"task_options": options}
            return refused(
                at.submitter.CreateSmallTasks(
                    pb.CreateSmallTaskRequest(session_id=identity, task_requests=requests, **given)
                )
            )

        assert await create() == (Code.INVALID_ARGUMENT, "task_options: is not given")
        assert (await create(options=task_options(priority=100)))[1].startswith("task_options.priority: ")
        assert (await create(FOREIGN, task_options()))[0] is Code.NOT_FOUND
        assert await create(options=task_options(), requests=()) == (
            Code.INVALID_ARGUMENT,
            "task_requests: there is no task",
        )
        empty = objects_pb2.TaskRequest()
        assert await create(options=task_options(), requests=(good, empty)) == (
            Code.INVALID_ARGUMENT,
            "task_requests[1].payload: is empty",
        )
        astray = objects_pb2.TaskRequest(payload=b"x", data_dependencies=[FOREIGN])
        assert (await create(options=task_options(), requests=(good, astray)))[0] is Code.NOT_FOUND
        assert (await create(options=task_options(partition_id="second")))[0] is Code.INVALID_ARGUMENT
        await at.settle()
        rows = at.plane.history.now(lambda reader: reader.last_number("result_data"))
        assert not rows
        await at.change(at.calls.naming.number(Kind.SESSION, session), SessionChange.CLOSE)
        assert (await create(options=task_options()))[0] is Code.FAILED_PRECONDITION

    story(play)


def large(session, *tasks, options=None, last=True):
    async def messages():
        given = {} if options is None else {"task_options": options}
        yield Large(init_request=Large.InitRequest(session_id=session, **given))
        for outputs, *pieces in tasks:
            header = objects_pb2.TaskRequestHeader(expected_output_keys=outputs)
            yield Large(init_task=objects_pb2.InitTaskRequest(header=header))
            for piece in pieces:
                yield Large(task_payload=objects_pb2.DataChunk(data=piece))
            yield Large(task_payload=objects_pb2.DataChunk(data_complete=True))
        if last:
            yield Large(init_task=objects_pb2.InitTaskRequest(last_task=True))

    return messages()


def test_large_tasks_come_in_pieces():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        (output,) = at.texts(at.results(number, None))
        big = [bytes([value]) * CHUNK for value in range(3)]
        stream = large(session, ([output], b"a", b"b"), ([], *big), ([],), options=task_options())
        tasks = infos(await at.submitter.CreateLargeTasks(stream))
        assert [list(task.expected_output_keys) for task in tasks] == [[output], [], []]
        datas = [await data_of(at, session, task.payload_id) for task in tasks]
        assert datas == [b"ab", b"".join(big), b""]
        (plain,) = infos(await at.submitter.CreateLargeTasks(large(session, ([], b"x"))))
        assert payload_of(at, plain.task_id) == (session, plain.payload_id)

    story(play)


def test_streams_of_large_tasks_that_are_wrong_bring_no_task():
    async def play(at):
        number = await at.session()
        session = at.calls.session_text(number)
        send = at.submitter.CreateLargeTasks
        code, details = await refused(send(large(session, ([], b"x"), last=False)))
        assert (code, details.split(":")[0]) == (Code.INVALID_ARGUMENT, "requests[4].init_task")
        assert (await refused(send(large(FOREIGN, ([], b"x")))))[0] is Code.NOT_FOUND
        assert (await refused(send(large(session))))[0] is Code.INVALID_ARGUMENT
        assert (await refused(send(large(session, ([FOREIGN], b"x")))))[0] is Code.NOT_FOUND
        wrong = large(session, ([], b"x"), options=task_options(max_retries=0))
        assert (await refused(send(wrong)))[0] is Code.INVALID_ARGUMENT
        await at.settle()
        assert not (await at.submitter.ListTasks(of_session(session))).task_ids
        assert not at.plane.history.now(lambda reader: reader.last_number("result_data"))

    story(play)


def test_many_large_tasks_are_stored_as_they_come(monkeypatch):
    monkeypatch.setattr(creating, "AT_ONCE", 3)

    async def play(at):
        session = await at.session_text()
        tasks = [([], str(index).encode()) for index in range(10)]
        created = infos(await at.submitter.CreateLargeTasks(large(session, *tasks)))
        assert [await data_of(at, session, task.payload_id) for task in created] == [piece for _, piece in tasks]
        assert list((await at.submitter.ListTasks(of_session(session))).task_ids) == [task.task_id for task in created]

    story(play)
