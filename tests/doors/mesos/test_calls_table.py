"""Every Call of the API has tests of its effect and of its errors in this folder, every event and older GET as well.

What is listed must be all there is, and be there: a new Call without tests, or a test that goes, is noticed.
"""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest
from doors.mesos import tried_calls as calls
from doors.mesos import tried_operator_calls as operator_calls
from doors.mesos.outpost_operator.agent import agent, play
from doors.mesos.outpost_operator.test_refusals import paths_of
from doors.mesos.v0.test_gets import GETS as MASTER_PATHS

from portico.wire.mesos import agent_pb2, executor_pb2, master_pb2, scheduler_pb2

HERE = Path(__file__).parent

CALLS = {
    "scheduler": (scheduler_pb2.Call, calls.SCHEDULER),
    "master": (master_pb2.Call, operator_calls.MASTER),
    "agent": (agent_pb2.Call, operator_calls.AGENT),
    "executor": (executor_pb2.Call, calls.EXECUTOR),
}
EVENTS = {
    "scheduler": (scheduler_pb2.Event, calls.SCHEDULER_EVENTS),
    "master": (master_pb2.Event, operator_calls.MASTER_EVENTS),
    "executor": (executor_pb2.Event, calls.EXECUTOR_EVENTS),
}

# Each older path's tests, by its name without what it may have before and behind it.

MASTER_ASKS = "v0/test_gets.py::test_what_every_path_asks_of_who_reads_it"
SMALL = "v0/test_documents.py::test_small_documents_are_objects"
LISTED = "v0/test_documents.py::test_frameworks_and_roles_and_slaves_of_one"
NOT_READ = "v0/test_gets.py::test_files_that_nobody_may_read"
NOT_THERE = "v0/test_gets.py::test_what_is_not_in_a_sandbox_is_not_found"
CHANGED = "v0/test_documents.py::test_quota_weights_and_maintenance_are_told_and_changed"
FIGURES = "v0/test_gets.py::test_the_figures_are_those_of_the_call"
ORDERED = "v0/test_documents.py::test_tasks_are_ordered_and_cut"
HEALTH = "v0/test_documents.py::test_health_and_redirect"

MASTER_GETS = {
    "version": (("v0/test_documents.py::test_the_version_is_numbers_and_dots", SMALL), (MASTER_ASKS,)),
    "health": ((HEALTH,), (MASTER_ASKS,)),
    "redirect": ((HEALTH,), (MASTER_ASKS,)),
    "flags": (("v0/test_gets.py::test_flags_are_told_by_name",), (MASTER_ASKS,)),
    "metrics/snapshot": ((FIGURES,), (MASTER_ASKS, FIGURES)),
    "state": (("v0/test_documents.py::test_state_tells_everything",), (MASTER_ASKS, HEALTH)),
    "state-summary": (("v0/test_documents.py::test_the_summary_counts",), (MASTER_ASKS,)),
    "slaves": (("v0/test_gets.py::test_agents_are_told_alone_and_by_id", LISTED), (MASTER_ASKS,)),
    "tasks": ((ORDERED,), (MASTER_ASKS, ORDERED)),
    "frameworks": ((LISTED,), (MASTER_ASKS,)),
    "roles": ((LISTED,), (MASTER_ASKS,)),
    "quota": ((CHANGED,), (MASTER_ASKS, CHANGED)),
    "weights": ((CHANGED,), (MASTER_ASKS, CHANGED)),
    "maintenance/schedule": ((CHANGED,), (MASTER_ASKS,)),
    "maintenance/status": ((CHANGED,), (MASTER_ASKS,)),
    "files/browse": (("v0/test_documents.py::test_files_of_a_sandbox",), (MASTER_ASKS, NOT_READ, NOT_THERE)),
    "files/read": (
        ("v0/test_documents.py::test_files_of_a_sandbox",),
        (MASTER_ASKS, NOT_READ, NOT_THERE, "v0/test_gets.py::test_parts_of_a_file_that_cannot_be"),
    ),
    "files/download": (
        ("v0/test_gets.py::test_a_file_of_a_sandbox_is_downloaded_whole",),
        (MASTER_ASKS, NOT_READ, NOT_THERE),
    ),
    "files/debug": (("v0/test_documents.py::test_the_log_of_the_master_is_read_and_rotated",), (MASTER_ASKS,)),
}

AGENT_ASKS = "outpost_operator/test_refusals.py::test_what_every_path_asks_of_who_reads_it"
AWAY = "outpost_operator/test_refusals.py::test_places_that_can_be_browsed_are_told_and_go_away_with_control"
MEASURED = "outpost_operator/test_telling.py::test_containers_are_told_with_what_they_use"
UNMEASURED = "outpost_operator/test_refusals.py::test_use_that_cannot_be_measured_is_an_error_of_the_agent"
DIRECTORY = "outpost_operator/test_telling.py::test_a_directory_cannot_be_read"

AGENT_GETS = {
    "version": ((operator_calls.ITSELF,), (AGENT_ASKS,)),
    "health": ((operator_calls.ITSELF,), (AGENT_ASKS,)),
    "flags": ((operator_calls.ITSELF,), (AGENT_ASKS,)),
    "metrics/snapshot": (
        ("outpost_operator/test_telling.py::test_metrics_count_tasks_and_what_they_use",),
        (AGENT_ASKS,),
    ),
    "state": (("outpost_operator/test_telling.py::test_the_whole_state_in_the_older_form",), (AGENT_ASKS, AWAY)),
    "containers": ((MEASURED,), (AGENT_ASKS, AWAY, UNMEASURED)),
    "monitor/statistics": ((MEASURED,), (AGENT_ASKS, AWAY, UNMEASURED)),
    "files/browse": ((operator_calls.FILES,), (AGENT_ASKS, operator_calls.NO_FILES)),
    "files/read": (
        ("outpost_operator/test_telling.py::test_a_file_is_read_in_pages",),
        (AGENT_ASKS, operator_calls.NO_FILES, DIRECTORY),
    ),
    "files/download": (
        (
            "outpost_operator/test_telling.py::test_a_file_is_read_in_pages",
            "outpost_operator/test_telling.py::test_a_long_file_is_downloaded_whole",
        ),
        (AGENT_ASKS, DIRECTORY),
    ),
    "files/debug": ((AWAY,), (AGENT_ASKS, AWAY)),
    "logging/toggle": ((operator_calls.AGENT_LEVEL,), (AGENT_ASKS, operator_calls.AGENT_LEVEL)),
}


def missing(named):
    """Give those of some tests that are not in this folder."""
    wanted = {tuple(name.split("::")) for name in named}
    there = set()
    for file in {file for file, _ in wanted}:
        path = HERE / file
        tree = ast.parse(path.read_text()) if path.is_file() else ast.Module([], [])
        there |= {(file, node.name) for node in tree.body if isinstance(node, ast.FunctionDef)}
    return (wanted - there) | {name for name in wanted if not name[1].startswith("test_")}


def named_in(table):
    """Give all tests that a table of effects and errors names; neither may be without."""
    for kind, (effects, errors) in table.items():
        assert effects, f"{kind} has no test of its effect"
        assert errors, f"{kind} has no test of its errors"
    return set(itertools.chain.from_iterable(itertools.chain.from_iterable(table.values())))


@pytest.mark.parametrize("api", CALLS)
def test_every_call_has_tests_of_its_effect_and_its_errors(api):
    call, table = CALLS[api]
    assert table.keys() == {*call.Type.keys()} - {"UNKNOWN"}
    assert missing(named_in(table)) == set()


@pytest.mark.parametrize("api", EVENTS)
def test_every_event_has_tests(api):
    event, table = EVENTS[api]
    assert table.keys() == {*event.Type.keys()} - {"UNKNOWN"}
    assert all(table.values())
    assert missing(itertools.chain.from_iterable(table.values())) == set()


def names_of(paths):
    """Give what paths are called wherever they are served."""
    bare = (path.removeprefix("/master").removeprefix("/slave(1)") for path in paths)
    return {path.removesuffix(".json").strip("/") for path in bare}


def test_every_older_get_of_the_master_has_tests():
    assert names_of(MASTER_PATHS) == MASTER_GETS.keys()
    assert missing(named_in(MASTER_GETS)) == set()


def test_every_older_get_of_the_agent_has_tests():
    async def story():
        async with agent() as site:
            await site.call("GET_HEALTH")
            assert names_of(paths_of(site)) == AGENT_GETS.keys()

    play(story())
    assert missing(named_in(AGENT_GETS)) == set()


def test_a_test_that_is_not_there_is_noticed():
    gone = {"test_service.py::test_no_such", "nowhere/test_x.py::test_y", "test_service.py::story"}
    assert missing({*gone, "test_service.py::test_only_the_newest_stream_may_call"}) == {
        tuple(name.split("::")) for name in gone
    }
