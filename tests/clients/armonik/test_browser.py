"""The library of the administration pages over gRPC-Web: what the pages ask for, and their streams."""

import json

import pytest
from clients.armonik.conftest import live, partition
from clients.armonik.environments import NEW, browser_modules
from clients.armonik.program import PROGRAMS, Program, Refused
from clients.armonik.work import COMPLETED, MADE

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]  # the first time the library is fetched


@pytest.fixture(scope="module")
def release():
    return NEW


@pytest.fixture(scope="module")
def server(release):
    with live(partition("default", release)) as running:
        yield running


class Browser(Program):
    """The library in a process of its own."""

    def __init__(self, address, log):
        super().__init__(["node", PROGRAMS / "browser.mjs", browser_modules(), address, "text"], log)

    def ask(self, name, limit=1, metadata=None, **value):
        """Call a method with a request of its own kind; gives the answers, at most so many."""
        service, method = name.split(".")
        kind = "EventSubscriptionRequest" if method == "getEvents" else f"{method[0].upper()}{method[1:]}Request"
        asked = {"type": kind, "value": value}
        return self.call(f"{service}.{method}", asked, metadata or {}, limit)[:limit]

    def one(self, name, **value):
        (found,) = self.ask(name, **value)
        return found


@pytest.fixture
def browser(server, tmp_path):
    program = Browser(server.endpoints["armonik_web"], tmp_path / "browser.log")
    yield program
    program.close()


def test_the_pages_see_a_session_and_its_results(browser, work):
    mine = work(application_name="pages")
    piece = mine.one("copy", data="seen")
    mine.ends(piece, COMPLETED)
    assert mine.id in {one["sessionId"] for one in browser.one("Sessions.listSessions", pageSize=100)["sessions"]}
    (task,) = browser.one("Tasks.listTasks", pageSize=10)["tasks"]
    assert (task["id"], task["status"], task["options"]["applicationName"]) == (piece.task, COMPLETED, "pages")
    assert browser.one("Tasks.countTasksByStatus")["status"] == [{"status": COMPLETED, "count": 1}]
    assert browser.one("Tasks.getTask", taskId=piece.task)["task"]["output"]["success"] is True
    found = browser.one("Results.getResult", resultId=piece.output)["result"]
    assert (found["status"], found["ownerTaskId"]) == (MADE, piece.task)
    chunks = browser.ask("Results.downloadResultData", 10, sessionId=mine.id, resultId=piece.output)
    assert "".join(chunk["dataChunk"]["bytes"] for chunk in chunks) == "seen"
    assert browser.one("Partitions.listPartitions", pageSize=10)["partitions"][0]["id"] == "default"
    assert browser.one("Applications.listApplications", pageSize=10)["applications"][0]["name"] == "pages"
    user = browser.one("Authentication.getCurrentUser")["user"]
    assert user["username"] == "Anonymous"
    assert "Sessions:CancelSession" in user["permissions"]
    assert {one["healthy"] for one in browser.one("HealthChecksService.checkHealth")["services"]} == {1}
    assert browser.one("Versions.listVersions")["api"]


def test_a_stream_of_events_comes_in_pieces(browser, work):
    mine = work()
    piece = mine.one("copy")
    mine.ends(piece, COMPLETED)
    told = browser.ask("Events.getEvents", 3, sessionId=mine.id)
    kinds = sorted(next(kind for kind in ("newTask", "newResult") if one.get(kind)) for one in told)
    assert kinds == ["newResult", "newResult", "newTask"]


@pytest.mark.long
def test_what_the_pages_change(browser, work):
    mine = work()
    for how, state in (("pause", 3), ("resume", 1), ("close", 4), ("cancel", 2), ("purge", 5), ("delete", 6)):
        found = browser.one(f"Sessions.{how}Session", sessionId=mine.id)
        assert found["session"]["status"] == state
    other = work()
    running, _ = other.busy()
    assert browser.one("Tasks.cancelTasks", taskIds=[running.task])["tasks"][0]["id"] == running.task


@pytest.mark.long
def test_refusals_have_their_status(browser, work):
    for code, name, value in (
        ("NOT_FOUND", "Sessions.getSession", {"sessionId": "nobody"}),
        ("NOT_FOUND", "Results.downloadResultData", {"sessionId": "nobody", "resultId": "nobody"}),
        ("INVALID_ARGUMENT", "Tasks.listTasks", {"page": -1, "pageSize": 1}),
    ):
        with pytest.raises(Refused) as refusal:
            browser.ask(name, **value)
        assert refusal.value.code == code
        assert refusal.value.details
    mine = work()
    mine.client.sessions.close_session(mine.id)
    with pytest.raises(Refused, match="FAILED_PRECONDITION: The session transition is invalid"):
        browser.ask("Sessions.pauseSession", sessionId=mine.id)


@pytest.mark.long
def test_filters_and_sorts_of_the_pages(browser, work):
    mine = work()
    pieces = mine.submit({}, {}, {})
    mine.over(*pieces)
    session = {"field": {"taskSummaryField": {"field": 1}}, "filterString": {"value": mine.id, "operator": 0}}
    found = browser.one(
        "Tasks.listTasks",
        pageSize=2,
        page=1,
        filters={"or": [{"and": [json.loads(json.dumps(session))]}]},
        sort={"direction": 2, "field": {"taskSummaryField": {"field": 3}}},
    )
    assert (found["total"], len(found["tasks"])) == (3, 1)
