"""Where in this folder the Calls of operators to a master and to an agent are tried, and the events of a master."""

# Each Call's tests: those of its effect, those of its errors.

MASTER_RULES = "operator/test_refusals.py::test_what_every_call_must_bring"
READS = "operator/test_reading.py::test_an_empty_master_answers_every_reading_call_in_both_encodings"
PARTS = "operator/test_reading.py::test_the_parts_tell_what_state_tells"
WHO = "operator/test_refusals.py::test_the_master_tells_who_it_is_and_that_it_is_well"
WEIGHTS = "operator/test_sharing.py::test_weights_are_told_with_the_roles_they_were_set_for"
QUOTA = "operator/test_sharing.py::test_a_quota_is_set_told_and_removed"
SCHEDULE = "operator/test_maintenance.py::test_a_schedule_is_told_and_replaced"
DOWN = "operator/test_maintenance.py::test_a_machine_that_is_down_stays_in_the_schedule_until_it_is_up"
MACHINES = "operator/test_refusals.py::test_machines_that_cannot_go_down_or_come_up"
SANDBOX = "v0/test_documents.py::test_files_of_a_sandbox"
RESERVED = "operator/test_sharing.py::test_reserved_space_is_told_and_given_back"
VOLUMES = "operator/test_sharing.py::test_volumes_are_made_of_reserved_disk_and_removed"
PLACED = "operator/test_refusals.py::test_reservations_and_volumes_are_on_an_agent_that_there_is"
PROVEN = "operator/test_refusals.py::test_whoever_has_to_prove_a_name_reserves_under_it"
USED = "operator/test_refusals.py::test_what_is_used_is_not_given_back"
LEVEL = "operator/test_reading.py::test_the_logging_level_goes_back_by_itself"

MASTER = {
    "GET_HEALTH": ((READS, WHO), (MASTER_RULES,)),
    "GET_FLAGS": (("operator/test_reading.py::test_the_flags_say_how_offers_are_made",), (MASTER_RULES,)),
    "GET_VERSION": (("operator/test_reading.py::test_the_version_is_the_one_that_clients_compare",), (MASTER_RULES,)),
    "GET_METRICS": (("operator/test_reading.py::test_metrics_count_what_there_is",), (MASTER_RULES,)),
    "GET_LOGGING_LEVEL": ((LEVEL,), (MASTER_RULES,)),
    "SET_LOGGING_LEVEL": (
        (LEVEL,),
        (MASTER_RULES, "operator/test_refusals.py::test_a_logging_level_that_there_is_not"),
    ),
    "LIST_FILES": ((SANDBOX,), (MASTER_RULES, "v0/test_documents.py::test_paths_that_lead_nowhere")),
    "READ_FILE": (
        (SANDBOX, "operator/test_refusals.py::test_one_reading_gives_sixteen_pages_at_most"),
        (MASTER_RULES, "operator/test_refusals.py::test_what_cannot_be_read"),
    ),
    "GET_STATE": (
        ("operator/test_reading.py::test_state_tells_frameworks_tasks_and_agents_of_this_door_and_of_others",),
        (MASTER_RULES,),
    ),
    "GET_AGENTS": (
        (PARTS, "v0/test_documents.py::test_agents_that_have_not_come_back_since_a_restart_are_recovered_ones"),
        (MASTER_RULES,),
    ),
    "GET_FRAMEWORKS": ((PARTS, "operator/test_reading.py::test_a_removed_framework_is_completed"), (MASTER_RULES,)),
    "GET_EXECUTORS": (
        (PARTS, "operator/test_reading.py::test_executors_are_told_with_their_agents"),
        (MASTER_RULES,),
    ),
    "GET_TASKS": (
        (
            PARTS,
            "operator/test_reading.py::test_an_ended_task_is_completed_and_one_of_a_lost_agent_unreachable",
            "operator/test_reading.py::test_task_info_becomes_task_with_everything_that_both_have",
        ),
        (MASTER_RULES,),
    ),
    "GET_ROLES": ((WEIGHTS,), (MASTER_RULES,)),
    "GET_WEIGHTS": ((WEIGHTS,), (MASTER_RULES,)),
    "UPDATE_WEIGHTS": (
        (WEIGHTS, "operator/test_sharing.py::test_quotas_and_weights_survive_a_restart_and_rescind_offers"),
        (MASTER_RULES, WEIGHTS, "inbound/test_operators.py::test_weights_are_of_roles_that_there_may_be"),
    ),
    "GET_MASTER": ((WHO,), (MASTER_RULES,)),
    "SUBSCRIBE": (
        (
            "operator/test_events.py::test_the_first_event_is_the_state",
            "operator/test_events.py::test_nothing_is_missed_or_told_twice_between_the_state_and_what_follows",
        ),
        (
            MASTER_RULES,
            "operator/test_events.py::test_a_subscriber_that_falls_behind_before_it_has_begun_is_ended",
        ),
    ),
    "RESERVE_RESOURCES": (
        (RESERVED, "operator/test_sharing.py::test_reserving_rescinds_offers_that_are_in_the_way"),
        (MASTER_RULES, PLACED, PROVEN, "operator/test_sharing.py::test_what_cannot_be_reserved"),
    ),
    "UNRESERVE_RESOURCES": ((RESERVED,), (MASTER_RULES, PLACED, USED, RESERVED)),
    "CREATE_VOLUMES": (
        (VOLUMES,),
        (MASTER_RULES, PLACED, PROVEN, VOLUMES, "operator/test_refusals.py::test_volumes_that_cannot_be"),
    ),
    "DESTROY_VOLUMES": ((VOLUMES,), (MASTER_RULES, PLACED, USED, VOLUMES)),
    "GET_MAINTENANCE_STATUS": (
        (SCHEDULE, "operator/test_maintenance.py::test_frameworks_are_asked_to_leave_and_their_answers_told"),
        (MASTER_RULES,),
    ),
    "GET_MAINTENANCE_SCHEDULE": ((SCHEDULE,), (MASTER_RULES,)),
    "UPDATE_MAINTENANCE_SCHEDULE": (
        (SCHEDULE,),
        (
            MASTER_RULES,
            DOWN,
            "operator/test_maintenance.py::test_wrong_schedules_change_nothing",
            "inbound/test_operators.py::test_what_is_wrong_with_a_schedule",
        ),
    ),
    "START_MAINTENANCE": (
        (
            "operator/test_maintenance.py::test_what_runs_on_a_machine_that_goes_down_is_stopped_and_nothing_new_comes",
            "operator/test_maintenance.py::test_a_node_that_registers_while_its_machine_is_down_is_refused_offers",
        ),
        (MASTER_RULES, DOWN, MACHINES),
    ),
    "STOP_MAINTENANCE": ((DOWN,), (MASTER_RULES, DOWN, MACHINES)),
    "GET_QUOTA": ((QUOTA,), (MASTER_RULES,)),
    "SET_QUOTA": (
        (QUOTA,),
        (
            MASTER_RULES,
            QUOTA,
            "operator/test_sharing.py::test_a_quota_beyond_the_cluster_needs_force",
            "operator/test_sharing.py::test_a_wrong_quota_is_refused",
            "inbound/test_operators.py::test_what_is_wrong_with_a_quota",
        ),
    ),
    "REMOVE_QUOTA": (
        (QUOTA,),
        (MASTER_RULES, QUOTA, "inbound/test_operators.py::test_only_a_quota_that_is_there_can_be_removed"),
    ),
}

AGENT_RULES = "outpost_operator/test_refusals.py::test_what_every_call_must_bring"
RECOVERING = "outpost_operator/test_refusals.py::test_an_agent_that_recovers_answers_no_call"
ALONE = "outpost_operator/test_refusals.py::test_without_control_nobody_knows_what_is_here"
ITSELF = "outpost_operator/test_telling.py::test_the_agent_tells_of_itself"
BY_KIND = "outpost_operator/test_telling.py::test_what_is_on_it_is_told_by_kind"
FILES = "outpost_operator/test_telling.py::test_files_are_listed_and_read_by_every_name"
NO_FILES = "outpost_operator/test_telling.py::test_files_that_are_not_there_or_not_to_be_read"
AGENT_LEVEL = "outpost_operator/test_telling.py::test_the_logging_level_is_set_by_call_and_by_the_older_endpoint"
NAMES = "outpost_operator/test_refusals.py::test_containers_that_cannot_be_and_those_that_are_not"
WAITED = "outpost_operator/test_attaching.py::test_a_nested_container_is_launched_waited_for_and_gone"
KILLED = "outpost_operator/test_attaching.py::test_a_nested_container_is_killed"
REFUSING = "outpost_operator/test_refusals.py::test_a_container_that_control_refuses"
NOT_ATTACHED = "outpost_operator/test_attaching.py::test_what_cannot_be_attached_to_says_so"
RECORDS = "outpost_operator/test_refusals.py::test_a_call_comes_as_it_is_or_in_records"

AGENT = {
    "GET_HEALTH": ((ITSELF,), (AGENT_RULES, RECOVERING)),
    "GET_FLAGS": ((ITSELF,), (AGENT_RULES, RECOVERING)),
    "GET_VERSION": ((ITSELF,), (AGENT_RULES, RECOVERING)),
    "GET_METRICS": (
        (ITSELF, "outpost_operator/test_telling.py::test_metrics_count_tasks_and_what_they_use"),
        (AGENT_RULES, RECOVERING),
    ),
    "GET_LOGGING_LEVEL": ((AGENT_LEVEL,), (AGENT_RULES, RECOVERING)),
    "SET_LOGGING_LEVEL": (
        (AGENT_LEVEL, "outpost_operator/test_telling.py::test_the_logging_level_goes_back_by_itself"),
        (AGENT_RULES, RECOVERING, AGENT_LEVEL),
    ),
    "LIST_FILES": ((FILES,), (AGENT_RULES, RECOVERING, NO_FILES)),
    "READ_FILE": (
        (FILES, "outpost_operator/test_telling.py::test_a_file_is_read_in_pages"),
        (AGENT_RULES, RECOVERING, NO_FILES, "outpost_operator/test_telling.py::test_a_directory_cannot_be_read"),
    ),
    "GET_STATE": ((BY_KIND,), (AGENT_RULES, RECOVERING, ALONE)),
    "GET_CONTAINERS": (
        ("outpost_operator/test_telling.py::test_containers_are_told_with_what_they_use",),
        (
            AGENT_RULES,
            RECOVERING,
            ALONE,
            "outpost_operator/test_refusals.py::test_use_that_cannot_be_measured_is_an_error_of_the_agent",
        ),
    ),
    "GET_FRAMEWORKS": ((BY_KIND,), (AGENT_RULES, RECOVERING, ALONE)),
    "GET_EXECUTORS": ((BY_KIND,), (AGENT_RULES, RECOVERING, ALONE)),
    "GET_TASKS": ((BY_KIND,), (AGENT_RULES, RECOVERING, ALONE)),
    "LAUNCH_NESTED_CONTAINER": (
        (WAITED, "outpost_operator/test_control_side.py::test_a_nested_container_is_a_run_of_its_parent_s"),
        (
            AGENT_RULES,
            RECOVERING,
            NAMES,
            REFUSING,
            "outpost_operator/test_attaching.py::test_what_cannot_be_launched_says_why",
            "outpost_operator/test_control_side.py::test_what_cannot_be_nested",
        ),
    ),
    "WAIT_NESTED_CONTAINER": (
        (WAITED, "outpost_operator/test_control_side.py::test_the_end_is_awaited_and_remembered"),
        (AGENT_RULES, RECOVERING, NAMES),
    ),
    "KILL_NESTED_CONTAINER": (
        (KILLED, "outpost_operator/test_control_side.py::test_a_container_is_killed_at_once_and_with_its_parent"),
        (AGENT_RULES, RECOVERING, NAMES, WAITED),
    ),
    "LAUNCH_NESTED_CONTAINER_SESSION": (
        (
            "outpost_operator/test_attaching.py::test_a_session_streams_what_its_container_says",
            "outpost_operator/test_attaching.py::test_a_session_s_container_dies_with_its_connection",
        ),
        (
            AGENT_RULES,
            RECOVERING,
            NAMES,
            REFUSING,
            "outpost_operator/test_refusals.py::test_a_session_that_does_not_start_says_why",
        ),
    ),
    "ATTACH_CONTAINER_INPUT": (
        (
            "outpost_operator/test_attaching.py::test_a_session_is_typed_into",
            "outpost_operator/test_attaching.py::test_a_terminal_changes_size_and_any_number_may_look_on",
        ),
        (
            AGENT_RULES,
            RECOVERING,
            NAMES,
            NOT_ATTACHED,
            RECORDS,
            "outpost_operator/test_attaching.py::test_streams_are_asked_for_as_the_api_has_it",
            "outpost_operator/test_attaching.py::test_input_that_is_none_costs_its_own_request",
        ),
    ),
    "ATTACH_CONTAINER_OUTPUT": (
        (
            "outpost_operator/test_attaching.py::test_a_terminal_changes_size_and_any_number_may_look_on",
            "outpost_operator/test_attaching.py::test_a_silent_container_s_stream_has_a_heartbeat",
        ),
        (AGENT_RULES, RECOVERING, NAMES, NOT_ATTACHED),
    ),
}

# Each event's tests.

MASTER_EVENTS = {
    "SUBSCRIBED": ("operator/test_events.py::test_the_first_event_is_the_state",),
    "TASK_ADDED": ("operator/test_events.py::test_tasks_are_added_and_updated_in_order",),
    "TASK_UPDATED": ("operator/test_events.py::test_tasks_are_added_and_updated_in_order",),
    "AGENT_ADDED": ("operator/test_events.py::test_agents_come_and_go",),
    "AGENT_REMOVED": ("operator/test_events.py::test_agents_come_and_go",),
}
