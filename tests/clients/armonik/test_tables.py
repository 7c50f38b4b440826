"""The tables of the API, and where in this folder genuine packages try each line of them.

What is listed must be all there is, and be there: a new RPC or edge without a test, or a test that goes, is noticed.
"""

import ast
import json
from pathlib import Path

from portico.domain.calls.states import CALL_LIFE, RESULT_LIFE, SESSION_LIFE, CallState, ResultState

HERE = Path(__file__).parent
FACTS = HERE.parents[1] / "wire" / "facts" / "armonik.json"
_C, _R = CallState, ResultState

SESSIONS = "test_sessions.test_every_move_from_every_state"
OLDER = "test_submitter.test_tasks_are_listed_counted_awaited_and_cancelled"
SMALL = "test_submitter.test_a_session_and_small_tasks"
LISTS = "test_lists.test_what_is_no_page_is_refused_and_no_rows_are_only_a_count"
SPLIT = "test_graphs.test_a_task_has_others_do_its_work"
ASK = "test_failures.test_a_task_may_ask_its_agent_for_more_and_submit_as_older_ones_do"
FIRST = "test_first_contact.test_a_program_and_a_worker_of_one_release"

RPCS = {
    "Agent.CreateTask": ASK,
    "Agent.CreateResultsMetaData": SPLIT,
    "Agent.CreateResults": SPLIT,
    "Agent.NotifyResultData": FIRST,
    "Agent.SubmitTasks": SPLIT,
    "Agent.GetResourceData": ASK,
    "Agent.GetCommonData": ASK,
    "Agent.GetDirectData": ASK,
    "Applications.ListApplications": "test_lists.test_applications_are_those_of_tasks",
    "Authentication.GetCurrentUser": "test_lists.test_who_i_am_what_this_is_and_how_it_is",
    "Events.GetEvents": "test_events.test_a_stream_begins_with_what_is_there_and_follows_what_comes",
    "HealthChecksService.CheckHealth": "test_lists.test_who_i_am_what_this_is_and_how_it_is",
    "Partitions.ListPartitions": "test_lists.test_partitions_are_told_as_configured",
    "Partitions.GetPartition": "test_lists.test_partitions_are_told_as_configured",
    "Results.ListResults": "test_results.test_results_are_listed",
    "Results.GetResult": "test_results.test_a_promised_result_has_no_data_yet",
    "Results.GetOwnerTaskId": "test_results.test_owners_are_told",
    "Results.CreateResultsMetaData": "test_results.test_a_promised_result_has_no_data_yet",
    "Results.CreateResults": "test_results.test_data_come_back_as_they_went_in",
    "Results.UploadResultData": "test_results.test_an_upload_is_checked",
    "Results.DownloadResultData": "test_results.test_data_come_back_as_they_went_in",
    "Results.DeleteResultsData": "test_results.test_data_are_deleted_and_records_stay",
    "Results.ImportResultsData": "test_imports.test_a_file_and_known_data_are_imported",
    "Results.GetServiceConfiguration": FIRST,
    "Results.WatchResults": "test_submitter.test_results_are_watched",
    "Sessions.ListSessions": "test_sessions.test_sessions_are_listed",
    "Sessions.GetSession": "test_sessions.test_a_new_session_has_its_defaults",
    "Sessions.CreateSession": "test_sessions.test_a_new_session_has_its_defaults",
    "Sessions.CancelSession": SESSIONS,
    "Sessions.PauseSession": SESSIONS,
    "Sessions.ResumeSession": SESSIONS,
    "Sessions.CloseSession": SESSIONS,
    "Sessions.PurgeSession": SESSIONS,
    "Sessions.DeleteSession": SESSIONS,
    "Sessions.StopSubmission": "test_sessions.test_submission_stops_for_each_side",
    "Submitter.GetServiceConfiguration": "test_submitter.test_the_size_of_pieces_is_told",
    "Submitter.CreateSession": SMALL,
    "Submitter.CancelSession": SMALL,
    "Submitter.CreateSmallTasks": SMALL,
    "Submitter.CreateLargeTasks": "test_submitter.test_large_tasks_come_in_pieces",
    "Submitter.ListTasks": OLDER,
    "Submitter.ListSessions": OLDER,
    "Submitter.CountTasks": OLDER,
    "Submitter.TryGetResultStream": SMALL,
    "Submitter.TryGetTaskOutput": SMALL,
    "Submitter.WaitForAvailability": SMALL,
    "Submitter.WaitForCompletion": OLDER,
    "Submitter.CancelTasks": OLDER,
    "Submitter.GetTaskStatus": SMALL,
    "Submitter.GetResultStatus": SMALL,
    "Submitter.WatchResults": "test_submitter.test_results_are_watched",
    "Tasks.ListTasks": LISTS,
    "Tasks.ListTasksDetailed": LISTS,
    "Tasks.GetTask": "test_states.test_a_task_passes_through_its_states_with_a_time_for_each",
    "Tasks.CancelTasks": "test_states.test_what_waits_is_cancelled_at_once_and_what_runs_is_stopped",
    "Tasks.GetResultIds": "test_results.test_owners_are_told",
    "Tasks.CountTasksByStatus": "test_lists.test_counts_by_state",
    "Tasks.SubmitTasks": "test_sessions.test_a_submission_is_checked",
    "Versions.ListVersions": "test_lists.test_who_i_am_what_this_is_and_how_it_is",
    "Worker.Process": FIRST,
    "Worker.HealthCheck": "test_bad_workers.test_a_worker_that_never_serves_costs_its_partition_only",
}

STEPS = "test_states.test_a_task_passes_through_its_states_with_a_time_for_each"
TOLD = "test_transitions.test_a_task_is_told_as_it_is_made"
PAUSED = "test_states.test_a_paused_session_holds_what_has_not_begun"
STOPPED = "test_states.test_what_waits_is_cancelled_at_once_and_what_runs_is_stopped"
GONE = "test_transitions.test_a_queued_task_whose_data_are_deleted_fails_and_is_not_tried_again"

CALLS = {
    (_C.CREATING, _C.PENDING): TOLD,
    (_C.CREATING, _C.SUBMITTED): "test_states.test_a_queued_task_waits_for_a_worker",
    (_C.CREATING, _C.PAUSED): PAUSED,
    (_C.PENDING, _C.SUBMITTED): TOLD,
    (_C.PENDING, _C.PAUSED): "test_transitions.test_a_task_whose_data_come_while_its_session_is_paused_is_set_aside",
    (_C.PENDING, _C.ERROR): "test_states.test_those_who_need_a_cancelled_tasks_result_end_with_an_error",
    (_C.PENDING, _C.CANCELLED): STOPPED,
    (_C.SUBMITTED, _C.DISPATCHED): "test_states.test_one_runs_some_are_taken_ahead_and_the_rest_are_queued",
    (_C.SUBMITTED, _C.PAUSED): PAUSED,
    (_C.SUBMITTED, _C.CANCELLED): STOPPED,
    (_C.PAUSED, _C.SUBMITTED): PAUSED,
    (_C.PAUSED, _C.CANCELLED): "test_states.test_a_cancelled_paused_task_is_over",
    (_C.DISPATCHED, _C.SUBMITTED): "test_transitions.test_what_a_busy_agent_does_not_begin_goes_back_to_the_queue",
    (_C.DISPATCHED, _C.PAUSED): PAUSED,
    (_C.DISPATCHED, _C.PROCESSING): STEPS,
    (_C.DISPATCHED, _C.CANCELLING): STOPPED,
    (_C.DISPATCHED, _C.ERROR): GONE,
    (_C.DISPATCHED, _C.RETRIED): "test_transitions.test_a_task_whose_data_find_no_room_is_tried_again_and_never_begins",
    (_C.PROCESSING, _C.COMPLETED): STEPS,
    (_C.PROCESSING, _C.ERROR): "test_failures.test_an_error_that_a_worker_answers_is_final",
    (_C.PROCESSING, _C.TIMEOUT): "test_failures.test_a_task_that_takes_too_long_is_over_and_the_next_one_runs",
    (_C.PROCESSING, _C.RETRIED): "test_failures.test_a_worker_that_raises_is_asked_again_under_a_new_id",
    (_C.PROCESSING, _C.SUBMITTED): ("test_partitions.test_workers_come_with_the_work_and_make_room_for_the_urgent"),
    (_C.PROCESSING, _C.PAUSED): "test_partitions.test_what_makes_room_in_a_paused_session_is_set_aside",
    (_C.PROCESSING, _C.CANCELLING): STOPPED,
    (_C.CANCELLING, _C.CANCELLED): STOPPED,
}

WAYS = "test_transitions.test_a_result_goes_every_way_there_is"
RESULTS = dict.fromkeys(
    [
        (_R.CREATED, _R.COMPLETED),
        (_R.CREATED, _R.ABORTED),
        (_R.CREATED, _R.DELETED),
        (_R.COMPLETED, _R.COMPLETED),
        (_R.COMPLETED, _R.DELETED),
        (_R.ABORTED, _R.COMPLETED),
        (_R.ABORTED, _R.DELETED),
        (_R.DELETED, _R.COMPLETED),
    ],
    WAYS,
)


def there(named):
    """Give those of some tests that are not in this folder."""
    found = set()
    for file in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef):
                found.add(f"{file.stem}.{node.name}")
    return set(named) - found


def test_every_rpc_is_called_by_a_genuine_package():
    services = json.loads(FACTS.read_text())["services"]
    wire = {
        f"{service.rpartition('.')[2]}.{rpc.partition(':')[0]}" for service, rpcs in services.items() for rpc in rpcs
    }
    assert RPCS.keys() == wire
    assert not there(RPCS.values())


def test_every_transition_is_caused_by_a_genuine_package():
    assert CALLS.keys() == CALL_LIFE.edges.keys()
    assert RESULTS.keys() == RESULT_LIFE.edges.keys()
    assert not there([*CALLS.values(), WAYS, SESSIONS])
    assert SESSION_LIFE.edges
