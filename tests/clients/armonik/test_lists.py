"""Lists: pages, filters, sorts and counts of tasks, partitions and applications; and what is no such request."""

import pytest
from clients.armonik.program import Refused, said
from clients.armonik.work import COMPLETED, ERROR, SUBMITTED

pytestmark = [pytest.mark.clients, pytest.mark.long, pytest.mark.timeout(60)]
NOBODY = "00000000-0000-4000-8000-000000000000"
KEPT = {}
"""By release: a session with tasks of several sorts, which the tests only read."""


def refuses(code, text=""):
    return pytest.raises(Refused, match=f"(?s)^{code}: .*{text}")


@pytest.fixture
def mixed(release, client, work):
    """Give a session with done, failed and queued tasks, made once for a release."""
    if release not in KEPT:
        mine = work(["default", "none"], application_name="lists", application_version=release)
        done = mine.submit(*[{}] * 3, options={"kind": "a"}, priority=3)
        failed = mine.submit({"do": "error", "text": "as told"}, options={"kind": "b"}, max_retries=1)
        queued = mine.submit({}, {}, partition_id="none", priority=9, seconds=7)
        mine.over(*done, *failed)
        KEPT[release] = mine, done, failed, queued
        mine.leave = lambda: None
    mine, done, failed, queued = KEPT[release]
    mine.client = client
    return mine, done, failed, queued


def ids(pieces):
    return {piece.task for piece in pieces}


def test_filters_select(mixed):
    mine, done, failed, queued = mixed
    everything = ids([*done, *failed, *queued])
    first = done[0]
    for text, expected in (
        ("", everything),
        ("Task.status == TaskStatus.COMPLETED", ids(done)),
        ("Task.status != TaskStatus.COMPLETED", everything - ids(done)),
        ("(Task.status == TaskStatus.ERROR) | (Task.status == TaskStatus.SUBMITTED)", ids([*failed, *queued])),
        ("Task.options.priority > 3", ids(queued)),
        ("Task.options.priority <= 3", ids([*done, *failed])),
        ("Task.options.partition_id == 'none'", ids(queued)),
        ("Task.options.partition_id.contains('fault')", ids([*done, *failed])),
        ("~(Task.options.partition_id == 'none')", ids([*done, *failed])),
        ("Task.options.application_name.startswith('li')", everything),
        ("Task.options.application_name.endswith('li')", set()),
        ("Task.options.max_retries == 1", ids(failed)),
        ("Task.options.max_duration < timedelta(seconds=8)", ids(queued)),
        ("Task.options['kind'] == 'a'", ids(done)),
        ("Task.options['kind'] == 'c'", set()),
        (f"Task.id == {first.task!r}", {first.task}),
        (f"Task.initial_task_id == {first.task!r}", {first.task}),
        (f"Task.payload_id == {first.payload!r}", {first.task}),
        ("Task.output.error == 'as told'", ids(failed)),
        ("Task.output.error.contains('told')", ids(failed)),
        ("Task.created_at < datetime(2020, 1, 1)", set()),
        ("Task.created_at > datetime(2020, 1, 1)", everything),
        ("Task.ended_at > datetime(2020, 1, 1)", ids([*done, *failed])),
        ("Task.owner_pod_id == ''", ids(queued)),
    ):
        total, found = mine.tasks(text)
        assert ({one["id"] for one in found}, total) == (expected, len(expected)), text


@pytest.mark.parametrize("detailed", [False, True])
def test_pages_cover_everything_once_in_order(mixed, detailed):
    mine, *pieces = mixed
    everything = ids(piece for some in pieces for piece in some)
    for field in ("id", "created_at", "ended_at", "status", "options.priority", "options['kind']", "owner_pod_id"):
        for direction in ("ASC", "DESC"):
            found = []
            for page in range(4):
                total, some = mine.tasks(
                    page=page,
                    page_size=2,
                    sort_field=said(f"Task.{field}"),
                    sort_direction=said(f"Direction.{direction}"),
                    detailed=detailed,
                )
                assert total == 6
                found += [one["id"] for one in some]
            assert len(found) == 6, (field, direction)
            assert set(found) == everything
    _, found = mine.tasks(sort_field=said("Task.options.priority"), sort_direction=said("Direction.DESC"))
    assert [one["options"]["priority"] for one in found] == [9, 9, 3, 3, 3, 1]
    assert mine.tasks(page=9, page_size=2) == [6, []]


def test_a_summary_and_a_detailed_task_agree(mixed):
    mine, done, failed, _ = mixed
    for piece in (done[0], failed[0]):
        (summary,) = mine.tasks(f"Task.id == {piece.task!r}", detailed=False)[1]
        (detailed,) = mine.tasks(f"Task.id == {piece.task!r}")[1]
        assert mine.task(piece.task) == detailed
        listed = {"parent_task_ids", "data_dependencies", "expected_output_ids", "retry_of_ids"}
        assert {name: value for name, value in summary.items() if name not in listed} == {
            name: value for name, value in detailed.items() if name not in listed
        }
    assert detailed["output"]["error"] == "as told"


def test_counts_by_state(mixed, client):
    mine, *_ = mixed
    assert mine.counts() == {COMPLETED: 3, ERROR: 1, SUBMITTED: 2}
    some = said(f"(Task.session_id == {mine.id!r}) & (Task.options.partition_id == 'none')")
    assert client.tasks.count_tasks_by_status(some) == {str(SUBMITTED): 2}
    assert sum(client.tasks.count_tasks_by_status().values()) >= 6


def test_partitions_are_told_as_configured(client):
    found = client.partitions.get_partition("other")
    assert found == {
        "id": "other",
        "parent_partition_ids": [],
        "pod_reserved": 1,
        "pod_max": 1,
        "pod_configuration": {"image": "x"},
        "preemption_percentage": 50,
        "priority": 3,
    }
    total, listed = client.partitions.list_partitions(sort_field=said("Partition.id"))
    assert (total, [one["id"] for one in listed]) == (3, ["default", "none", "other"])
    total, listed = client.partitions.list_partitions(said("Partition.priority > 1"))
    assert (total, listed) == (1, [found])
    with refuses("NOT_FOUND", "Partition was not found"):
        client.partitions.get_partition("nowhere")


def test_applications_are_those_of_tasks(mixed, client, release):
    request = {
        "page_size": 10,
        "filters": {
            "or": [
                {
                    "and": [
                        {
                            "field": {"application_field": {"field": "APPLICATION_RAW_ENUM_FIELD_NAME"}},
                            "filter_string": {"value": "lists", "operator": "FILTER_STRING_OPERATOR_EQUAL"},
                        }
                    ]
                }
            ]
        },
        "sort": {
            "direction": "SORT_DIRECTION_ASC",
            "fields": [
                {"application_field": {"field": "APPLICATION_RAW_ENUM_FIELD_NAME"}},
                {"application_field": {"field": "APPLICATION_RAW_ENUM_FIELD_VERSION"}},
            ],
        },
    }
    found = client.rpc("Applications", "ListApplications", request)
    assert (found["applications"], found["total"]) == ([{"name": "lists", "version": release}], 1)


@pytest.mark.parametrize(
    ("service", "rpc"),
    [
        ("Sessions", "ListSessions"),
        ("Tasks", "ListTasks"),
        ("Tasks", "ListTasksDetailed"),
        ("Results", "ListResults"),
        ("Partitions", "ListPartitions"),
        ("Applications", "ListApplications"),
    ],
)
def test_what_is_no_page_is_refused_and_no_rows_are_only_a_count(client, work, service, rpc):
    work().results(b"x")
    for wrong in ({"page": -1, "page_size": 1}, {"page_size": -1}):
        with refuses("INVALID_ARGUMENT"):
            client.rpc(service, rpc, wrong)
    answer = client.rpc(service, rpc, {"page": 3})
    assert answer.get("total", 0) > 0 or rpc in {"ListTasks", "ListTasksDetailed", "ListApplications"}
    assert answer.keys() <= {"page", "total"}
    with refuses("INVALID_ARGUMENT"):
        client.rpc(service, rpc, {"page_size": 1, "filters": {"or": [{"and": [{}]}]}})


@pytest.mark.parametrize(
    ("service", "rpc", "request_"),
    [
        ("Tasks", "GetTask", {"task_id": NOBODY}),
        ("Tasks", "GetTask", {"task_id": ""}),
        ("Results", "GetResult", {"result_id": NOBODY}),
        ("Partitions", "GetPartition", {"id": NOBODY}),
        ("Sessions", "GetSession", {"session_id": NOBODY}),
        ("Submitter", "TryGetTaskOutput", {"task_id": NOBODY, "session": NOBODY}),
    ],
)
def test_what_nobody_knows_is_not_found(client, service, rpc, request_):
    with refuses("NOT_FOUND", "was not found"):
        client.rpc(service, rpc, request_)


def test_what_nobody_knows_is_left_out_of_many(client, work):
    mine = work()
    piece = mine.one("copy")
    mine.over(piece)
    asked = {"task_id": [piece.task, NOBODY, "no id"]}
    found = client.rpc("Tasks", "GetResultIds", asked)["task_results"]
    assert [one["task_id"] for one in found] == [piece.task]
    cancelled = client.rpc("Tasks", "CancelTasks", {"task_ids": [piece.task, NOBODY]}).get("tasks", [])
    assert {one["id"]: one["status"] for one in cancelled} in ({}, {piece.task: "TASK_STATUS_COMPLETED"})


def test_who_i_am_what_this_is_and_how_it_is(client):
    user = client.rpc("Authentication", "GetCurrentUser", {})["user"]
    assert user["username"] == "Anonymous"
    assert {"Sessions:CreateSession", "Tasks:SubmitTasks"} <= set(user["permissions"])
    versions = client.versions.list_versions()
    assert all(versions.values())
    health = client.health_checks.check_health()
    assert {name: one["status"] for name, one in health.items()} == dict.fromkeys(("database", "object", "queue"), 1)
