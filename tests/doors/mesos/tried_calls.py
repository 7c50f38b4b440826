"""Where in this folder the Calls and events of schedulers and executors are tried."""

# Each Call's tests: those of its effect, those of its errors.

CALLER = "test_scheduler_calls.py::test_who_calls_and_what_the_call_must_bring"
NOTHING = "test_scheduler_calls.py::test_what_there_is_not_is_passed_over"
FOREIGN = "test_scheduler_events.py::test_a_call_for_another_s_framework_changes_nothing"
ROLES = "test_scheduler_calls.py::test_roles_that_are_not_the_framework_s_are_passed_over"
SUPPRESSED = "test_scheduler_calls.py::test_suppressed_roles_get_nothing_until_they_are_revived"
ANSWERED = "test_scheduler_calls.py::test_an_answer_to_an_inverse_offer_is_noted_and_filters_further_ones"

SCHEDULER = {
    "SUBSCRIBE": (
        (
            "test_service.py::test_a_stream_begins_with_subscribed_and_a_heartbeat",
            "test_service.py::test_two_connections_at_once_leave_one",
            "extension/test_frameworks.py::test_another_connection_takes_over",
        ),
        (
            "test_scheduler_calls.py::test_a_subscription_names_its_framework_twice_or_not_at_all",
            "test_scheduler_calls.py::test_a_subscription_comes_without_a_stream_id_and_takes_what_we_have",
            "test_scheduler_calls.py::test_whoever_has_to_prove_a_name_calls_as_that",
            "test_scheduler_events.py::test_a_framework_that_cannot_be_gets_an_error_and_the_end",
            "test_service.py::test_a_refused_subscriber_leaves_nothing_behind",
            "encoding/test_calls.py::test_a_call_brings_the_part_named_like_its_type",
        ),
    ),
    "TEARDOWN": (
        (
            "test_scheduler_calls.py::test_a_teardown_ends_the_stream_and_all_that_runs",
            "extension/test_executors.py::test_the_executors_of_a_removed_framework_are_told_and_then_destroyed",
            "outbound/test_statuses.py::test_a_removed_framework_leaves_killed_tasks",
        ),
        (CALLER, FOREIGN),
    ),
    "ACCEPT": (
        (
            "extension/test_tasks.py::test_a_task_runs_and_finishes_one_update_at_a_time",
            "extension/test_tasks.py::test_what_is_left_of_an_offer_comes_again_only_after_its_filter",
            "extension/test_executors.py::test_a_group_runs_in_one_scope",
            "extension/test_offer_use.py::test_operations_are_carried_out_in_their_order",
            "test_scheduler_calls.py::test_an_accept_without_operations_gives_the_offer_back",
        ),
        (
            CALLER,
            "extension/test_tasks.py::test_an_offer_is_used_once",
            "extension/test_tasks.py::test_a_wrong_task_is_an_error_and_the_others_go_on",
            "extension/test_executors.py::test_a_group_with_one_wrong_task_is_all_wrong",
            "extension/test_offer_use.py::test_offers_that_do_not_belong_together_are_all_given_back",
            "extension/test_offer_use.py::test_offers_of_two_roles_cannot_be_taken_together",
            "extension/test_offer_use.py::test_a_wrong_operation_is_left_out_and_the_rest_goes_on",
        ),
    ),
    "DECLINE": (
        ("test_scheduler_calls.py::test_a_declined_offer_comes_back_when_its_filter_is_over",),
        (CALLER, NOTHING),
    ),
    "ACCEPT_INVERSE_OFFERS": ((ANSWERED,), (CALLER, NOTHING)),
    "DECLINE_INVERSE_OFFERS": (
        (ANSWERED, "operator/test_maintenance.py::test_frameworks_are_asked_to_leave_and_their_answers_told"),
        (CALLER, NOTHING),
    ),
    "REVIVE": (
        (SUPPRESSED, "test_scheduler_calls.py::test_a_declined_offer_comes_back_when_its_filter_is_over"),
        (CALLER, ROLES),
    ),
    "SUPPRESS": ((SUPPRESSED,), (CALLER, ROLES)),
    "KILL": (
        (
            "test_scheduler_calls.py::test_a_kill_reaches_the_task_with_the_grace_that_it_names",
            "extension/test_tasks.py::test_a_kill_while_the_agent_is_away_is_said_again_when_it_returns",
            "extension/test_tasks.py::test_a_kill_before_the_agent_heard_of_the_launch_ends_the_task_unseen",
        ),
        (
            CALLER,
            FOREIGN,
            "test_scheduler_calls.py::test_a_kill_of_what_nobody_knows_is_answered_like_a_question",
            "extension/test_tasks.py::test_a_kill_that_names_another_agent_is_ignored",
        ),
    ),
    "SHUTDOWN": (
        (
            "test_scheduler_calls.py::test_an_executor_is_shut_down_by_the_agent_that_has_it",
            "extension/test_executors.py::test_an_executor_that_does_not_shut_down_is_destroyed",
        ),
        (CALLER, NOTHING),
    ),
    "ACKNOWLEDGE": (
        ("test_scheduler_calls.py::test_an_acknowledged_update_is_let_go_of",),
        (
            CALLER,
            NOTHING,
            "test_scheduler_calls.py::test_an_acknowledgement_names_a_uuid",
            "extension/test_tasks.py::test_an_acknowledgement_that_does_not_fit_changes_nothing",
        ),
    ),
    "RECONCILE": (
        (
            "test_scheduler_calls.py::test_reconciliation_answers_for_each_task_or_for_all",
            "extension/test_tasks.py::test_reconciliation_tells_what_is_known",
        ),
        (CALLER, FOREIGN, "extension/test_tasks.py::test_an_agent_in_transition_gives_no_answer"),
    ),
    "MESSAGE": (
        ("test_scheduler_events.py::test_messages_go_both_ways",),
        (CALLER, NOTHING, "test_scheduler_events.py::test_a_message_for_another_executor_reaches_nobody"),
    ),
    "REQUEST": ((NOTHING,), (CALLER,)),
}

EXECUTOR_RULES = "outpost/test_refusals.py::test_what_every_call_must_bring"
EXECUTOR_RECOVERING = "outpost/test_refusals.py::test_an_agent_that_recovers_answers_no_call"
STRANGER = "outpost/test_refusals.py::test_an_executor_that_is_not_of_this_agent"
UNSUBSCRIBED = "outpost/test_refusals.py::test_who_has_not_subscribed_is_told_whether_it_ever_had"
RUN = "outpost/test_executor_api.py::test_a_task_is_delivered_runs_and_finishes"
GROUPED = "outpost/test_executor_api.py::test_a_task_group_comes_as_a_whole"
WRONG = "outpost/test_executor_api.py::test_wrong_calls_cost_only_themselves"
IDLE = "outpost/test_executor_api.py::test_nothing_to_run_is_a_reason_to_shut_down"
MESSAGES = "outpost/test_executor_api.py::test_messages_and_shutdown"

EXECUTOR = {
    "SUBSCRIBE": (
        (
            RUN,
            "outpost/test_executor_api.py::test_the_newest_connection_is_the_one",
            "outpost/test_executor_api.py::test_updates_said_twice_are_passed_on_once",
            "outpost/test_survival.py::test_the_agent_is_killed_before_a_note_is_told",
        ),
        (EXECUTOR_RULES, EXECUTOR_RECOVERING, STRANGER, IDLE),
    ),
    "UPDATE": ((RUN,), (EXECUTOR_RULES, EXECUTOR_RECOVERING, STRANGER, UNSUBSCRIBED, WRONG)),
    "MESSAGE": ((MESSAGES,), (EXECUTOR_RULES, EXECUTOR_RECOVERING, STRANGER, UNSUBSCRIBED, WRONG)),
}

# Each event's tests.

SCHEDULER_EVENTS = {
    "SUBSCRIBED": ("test_service.py::test_a_stream_begins_with_subscribed_and_a_heartbeat",),
    "HEARTBEAT": ("test_service.py::test_a_stream_begins_with_subscribed_and_a_heartbeat",),
    "OFFERS": (
        "test_service.py::test_a_stream_begins_with_subscribed_and_a_heartbeat",
        "extension/test_tasks.py::test_a_subscribed_framework_is_offered_the_whole_agent",
    ),
    "INVERSE_OFFERS": (ANSWERED,),
    "RESCIND": (
        "test_scheduler_events.py::test_the_loss_of_an_agent_rescinds_its_offers_and_is_told",
        "test_scheduler_events.py::test_an_offer_that_others_need_is_rescinded",
    ),
    "RESCIND_INVERSE_OFFER": ("test_scheduler_events.py::test_a_machine_that_stays_takes_its_inverse_offers_back",),
    "UPDATE": ("test_service.py::test_updates_are_written_in_order_when_their_turn_comes",),
    "MESSAGE": ("test_scheduler_events.py::test_messages_go_both_ways",),
    "FAILURE": (
        "test_scheduler_events.py::test_the_end_of_an_executor_is_told_with_its_wait_status",
        "test_scheduler_events.py::test_the_loss_of_an_agent_rescinds_its_offers_and_is_told",
    ),
    "ERROR": (
        "test_service.py::test_two_connections_at_once_leave_one",
        "test_scheduler_events.py::test_a_framework_that_cannot_be_gets_an_error_and_the_end",
    ),
}

EXECUTOR_EVENTS = {
    "SUBSCRIBED": (RUN,),
    "LAUNCH": (RUN,),
    "LAUNCH_GROUP": (GROUPED,),
    "KILL": ("outpost/test_executor_api.py::test_kills",),
    "ACKNOWLEDGED": (RUN,),
    "MESSAGE": (MESSAGES,),
    "SHUTDOWN": (MESSAGES, IDLE),
    "ERROR": (WRONG,),  # never said, as upstream: what is wrong is told by the status of the call
}
