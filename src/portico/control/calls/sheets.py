"""How Sessions, Calls and Results are stored: one sheet each, one for data, one for options.

Numbers are drawn by the server (see `domain.calls.naming`); a call's `alias` is its text where that is not made from
its number (a retry's). Times are instants in microseconds, states the numbers of `domain.calls.states`.
"""

from __future__ import annotations

from portico.store.sheets import Sheet, SheetColumn, SheetIndex

SESSIONS = Sheet(
    "call_sessions",
    (
        SheetColumn("state"),
        SheetColumn("client_submission"),
        SheetColumn("worker_submission"),
        SheetColumn("partitions", "text"),
        SheetColumn("options"),
        SheetColumn("created_at"),
        SheetColumn("cancelled_at"),
        SheetColumn("closed_at"),
        SheetColumn("purged_at"),
        SheetColumn("deleted_at"),
        SheetColumn("duration"),
        SheetColumn("clearing"),
    ),
    links={"options": "call_options"},
)
"""`partitions` is a JSON list. `clearing` is work that is committed and not done yet: 0 nothing, 1 its Calls are being
cancelled, 2 its data are being erased, 3 all of it is being erased."""

CALLS = Sheet(
    "calls",
    (
        SheetColumn("session"),
        SheetColumn("state"),
        SheetColumn("options"),
        SheetColumn("payload"),
        SheetColumn("links", "blob"),
        SheetColumn("alias", "text"),
        SheetColumn("initial", "text"),
        SheetColumn("created_by", "text"),
        SheetColumn("created_at"),
        SheetColumn("submitted_at"),
        SheetColumn("received_at"),
        SheetColumn("acquired_at"),
        SheetColumn("fetched_at"),
        SheetColumn("started_at"),
        SheetColumn("processed_at"),
        SheetColumn("ended_at"),
        SheetColumn("pod_ttl"),
        SheetColumn("pod", "text"),
        SheetColumn("host", "text"),
        SheetColumn("lease"),
        SheetColumn("error", "text"),
    ),
    (
        SheetIndex(("session", "state", "created_at", "number", "options")),
        SheetIndex(("state", "created_at", "number", "options")),
        SheetIndex(("session", "created_at", "number", "options")),
        SheetIndex(("session", "ended_at", "number", "state", "options")),
        SheetIndex(("session", "state", "number", "options")),
        SheetIndex(("session", "number", "options")),
        SheetIndex(("alias",), where="alias"),
        SheetIndex(("options",)),
    ),
    links={"session": "call_sessions", "options": "call_options"},
)
"""`links` is a MessagePack `Links`; `initial` is null in a first try, whose initial is itself; an `error` of null is no
output yet, "" is success.

Indexes end in `options`, so that a list by partition or application looks at no row that it does not give. The number
stands before it because every order ends by the number: a late page is then reached along the index."""

RESULTS = Sheet(
    "results",
    (
        SheetColumn("session"),
        SheetColumn("state"),
        SheetColumn("name", "text"),
        SheetColumn("owner"),
        SheetColumn("created_by", "text"),
        SheetColumn("completed_by", "text"),
        SheetColumn("created_at"),
        SheetColumn("completed_at"),
        SheetColumn("size"),
        SheetColumn("opaque", "blob"),
        SheetColumn("large", "text"),
        SheetColumn("manual"),
    ),
    (
        SheetIndex(("session", "state")),
        SheetIndex(("session", "created_at")),
        SheetIndex(("session",)),
        SheetIndex(("owner",), where="owner"),
        SheetIndex(("large",), where="large"),
    ),
    links={"session": "call_sessions", "owner": "calls"},
)
"""`owner` is the number of a Call, null where there is none; `large` names the file of data that are not in
RESULT_DATA."""

RESULT_DATA = Sheet("result_data", (SheetColumn("session"), SheetColumn("data", "blob")), (SheetIndex(("session",)),))
"""Data of at most `SMALL` bytes, under the Result's number."""

OPTIONS = Sheet(
    "call_options",
    (
        SheetColumn("session"),
        SheetColumn("max_duration"),
        SheetColumn("max_retries"),
        SheetColumn("priority"),
        SheetColumn("partition", "text"),
        SheetColumn("application_name", "text"),
        SheetColumn("application_version", "text"),
        SheetColumn("application_namespace", "text"),
        SheetColumn("application_service", "text"),
        SheetColumn("engine", "text"),
        SheetColumn("options", "map"),
    ),
    (SheetIndex(("session",)),),
)
"""Options as merged; the Calls of a Session that have the same share a row."""

CALL_SHEETS = (SESSIONS, CALLS, RESULTS, RESULT_DATA, OPTIONS)
