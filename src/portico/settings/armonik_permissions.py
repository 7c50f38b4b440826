"""The permissions of ArmoniK, by name: one for each RPC that asks for one, and the right to be somebody else."""

from __future__ import annotations

IMPERSONATE = "General:Impersonate:"
"""Followed by a role: whoever has it for all roles of a user may act as that user."""

_BY_SERVICE = {
    "Submitter": (
        *("GetServiceConfiguration", "CreateSession", "CancelSession", "CreateSmallTasks", "CreateLargeTasks"),
        *("ListTasks", "ListSessions", "CountTasks", "TryGetResultStream", "TryGetTaskOutput", "WaitForAvailability"),
        *("WaitForCompletion", "CancelTasks", "GetTaskStatus", "GetResultStatus", "WatchResults"),
    ),
    "Sessions": (
        *("ListSessions", "GetSession", "CancelSession", "CreateSession", "PauseSession", "ResumeSession"),
        *("CloseSession", "PurgeSession", "DeleteSession", "StopSubmission"),
    ),
    "Tasks": (
        *("ListTasks", "ListTasksDetailed", "GetTask", "CancelTasks", "GetResultIds", "CountTasksByStatus"),
        "SubmitTasks",
    ),
    "Results": (
        *("ListResults", "GetResult", "GetOwnerTaskId", "CreateResultsMetaData", "CreateResults", "UploadResultData"),
        *("DownloadResultData", "DeleteResultsData", "ImportResultsData", "GetServiceConfiguration", "WatchResults"),
    ),
    "Applications": ("ListApplications",),
    "Events": ("GetEvents",),
    "Partitions": ("ListPartitions", "GetPartition"),
    "Versions": ("ListVersions",),
    "HealthChecks": ("CheckHealth",),
}

RPCS = tuple(f"{service}:{rpc}" for service, rpcs in _BY_SERVICE.items() for rpc in rpcs)
"""`<Service>:<Rpc>`; GetCurrentUser asks for none."""
