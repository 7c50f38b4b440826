"""Results: made, promised, uploaded, read in pieces, imported, deleted; and those that will never come."""

import base64
import hashlib

import pytest
from clients.armonik.program import Refused, said, task
from clients.armonik.work import ABORTED, CREATED, DELETED, ERROR, MADE

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]
NOBODY = "00000000-0000-4000-8000-000000000000"


def noise(size):
    return (hashlib.sha256(str(size).encode()).digest() * (size // 32 + 1))[:size]


def refuses(code, text=""):
    return pytest.raises(Refused, match=f"(?s)^{code}: .*{text}")


@pytest.mark.parametrize("size", [0, 1, 32 << 10, (32 << 10) + 1, 3_000_000])
def test_data_come_back_as_they_went_in(client, work, size):
    mine = work()
    data = noise(size)
    (inline,) = mine.results(data)
    (uploaded,) = mine.promises()
    client.results.upload_result_data(uploaded, mine.id, data)
    for one in (inline, uploaded):
        found = mine.result(one)
        assert (found["status"], found["size"], found["session_id"]) == (MADE, size, mine.id)
        assert found["completed_at"] >= found["created_at"]
        assert mine.data(one) == data
    assert mine.result(inline)["owner_task_id"] == ""


def test_a_promised_result_has_no_data_yet(client, work):
    mine = work()
    (promised,) = mine.promises()
    found = mine.result(promised)
    assert (found["status"], found["owner_task_id"], found["created_by"], found["size"]) == (CREATED, "", "", 0)
    with refuses("NOT_FOUND"):
        mine.data(promised)
    for one in (NOBODY, "no id"):
        with refuses("NOT_FOUND"):
            mine.data(one)
        with refuses("NOT_FOUND", "Result was not found"):
            mine.result(one)


def test_an_upload_is_checked(client, work):
    mine = work()
    (promised,) = mine.promises()
    with refuses("NOT_FOUND"):
        client.results.upload_result_data(NOBODY, mine.id, b"x")
    with refuses("NOT_FOUND"):
        client.results.upload_result_data(promised, NOBODY, b"x")
    with refuses("FAILED_PRECONDITION"):
        client.rpc("Results", "UploadResultData", [])
    with refuses("INVALID_ARGUMENT"):
        client.rpc("Results", "UploadResultData", [{"data_chunk": "eA=="}])
    identifier = {"id": {"session_id": mine.id, "result_id": promised}}
    for wrong in ([identifier, identifier], [identifier, {}]):
        with refuses("INVALID_ARGUMENT", "data_chunk"):
            client.rpc("Results", "UploadResultData", wrong)
    too_large = base64.b64encode(bytes((8 << 20) + 1)).decode()
    with refuses("INVALID_ARGUMENT", "data_chunk: .* bytes are more than"):
        client.rpc("Results", "UploadResultData", [identifier, {"data_chunk": too_large}])
    assert mine.result(promised)["status"] == CREATED
    client.results.upload_result_data(promised, mine.id, b"one")
    client.results.upload_result_data(promised, mine.id, b"another")
    assert mine.data(promised) == b"another"


def test_data_are_deleted_and_records_stay(client, work):
    mine = work()
    small, large = mine.results(b"x", noise(100_000))
    client.results.delete_result_data([small, large, NOBODY], mine.id)
    for one in (small, large):
        found = mine.result(one)
        assert (found["status"], found["opaque_id"]) == (DELETED, b"")
        with refuses("NOT_FOUND"):
            mine.data(one)


def test_results_that_must_be_deleted_by_hand_are_left_alone(client, work):
    mine = work()
    made = client.rpc(
        "Results",
        "CreateResults",
        {"session_id": mine.id, "results": [{"name": "n", "data": "eA==", "manual_deletion": True}]},
    )["results"][0]
    assert made["manual_deletion"]
    client.results.delete_result_data([made["result_id"]], mine.id)
    assert mine.data(made["result_id"]) == b"x"


def test_an_aborted_result_is_told_and_not_waited_for(client, work):
    mine = work()
    piece = mine.one("error", text="no")
    mine.ends(piece, ERROR)
    assert mine.result(piece.output)["status"] == ABORTED
    with pytest.raises(Refused, match="aborted"):
        mine.available(piece.output)
    with refuses("NOT_FOUND"):
        mine.data(piece.output)
    with refuses("FAILED_PRECONDITION", "Result status is invalid"):
        client.tasks.submit_tasks(mine.id, [task(piece.payload, mine.promises(), [piece.output])])


def test_owners_are_told(client, work):
    mine = work()
    piece = mine.one("split", numbers=[4])
    mine.gives(piece.output)
    owners = client.results.get_owner_task_id([piece.output, piece.payload, NOBODY], mine.id)
    assert owners.keys() == {piece.output, piece.payload}
    assert owners[piece.payload] == ""
    child = mine.task(owners[piece.output])
    assert (child["created_by"], child["parent_task_ids"]) == (piece.task, [mine.id, piece.task])
    assert client.tasks.get_result_ids([piece.task, NOBODY]) == {piece.task: [piece.output]}


def test_a_promised_result_belongs_to_the_first_task_that_names_it(client, work):
    mine = work(["none"])
    (payload,), (output,) = mine.results(b"{}"), mine.promises()
    first = client.tasks.submit_tasks(mine.id, [task(payload, [output])])[0]["id"]
    client.tasks.submit_tasks(mine.id, [task(payload, [output])])
    assert mine.result(output)["owner_task_id"] == first


def test_a_large_output_and_a_large_dependency(client, work):
    mine = work()
    size = 5_000_000
    (given,) = mine.results(noise(3_000_000))
    joined = mine.one("join", needs=[given], data="a")
    made = mine.one("large", size=size)
    assert mine.gives(joined.output) == [b"a" + noise(3_000_000)]
    assert mine.gives(made.output) == [bytes(size)]
    assert mine.result(made.output)["size"] == size


def test_results_are_listed(client, work):
    mine = work()
    first, second = mine.results(b"1", b"22")
    (third,) = mine.promises()
    own = f"(Result.session_id == {mine.id!r})"
    for text, expected in (
        (own, {first, second, third}),
        (f"{own} & (Result.status == ResultStatus.COMPLETED)", {first, second}),
        (f"{own} & (Result.status != ResultStatus.COMPLETED)", {third}),
        (f"{own} & (Result.size > 1)", {second}),
        (f"{own} & (Result.name == 'd0')", {first}),
        (f"{own} & Result.name.startswith('d')", {first, second}),
        (f"{own} & (Result.owner_task_id == '')", {first, second, third}),
        (f"(Result.result_id == {first!r}) | (Result.result_id == {third!r})", {first, third}),
    ):
        total, found = client.results.list_results(said(text))
        assert ({one["result_id"] for one in found}, total) == (expected, len(expected)), text
    _, found = client.results.list_results(
        said(own), sort_field=said("Result.size"), sort_direction=said("Direction.DESC")
    )
    assert [one["size"] for one in found] == [2, 1, 0]
    total, found = client.results.list_results(said(own), page=1, page_size=2)
    assert (total, len(found)) == (3, 1)


def test_results_outlive_the_server(client, work, server, start):
    mine = work()
    kept = mine.results(b"small", noise(200_000))
    client.close()
    server.restart()
    again = start()
    assert [again.results.download_result_data(one, mine.id) for one in kept] == [b"small", noise(200_000)]
    mine.client = again
    assert mine.gives(mine.one("copy", data="x").output) == [b"x"]


def test_results_are_known_in_their_own_session_only(client, work):
    mine, other = work(), work()
    (far,) = other.results(b"{}")
    (output,) = mine.promises()
    for wrong in (task(far, [output]), task(mine.results(b"{}")[0], [output], [far]), task(far, other.promises())):
        with refuses("NOT_FOUND", "Result was not found"):
            client.tasks.submit_tasks(mine.id, [wrong])
    assert client.results.get_owner_task_id([far], mine.id) == {}
    with refuses("NOT_FOUND"):
        client.results.download_result_data(far, mine.id)
