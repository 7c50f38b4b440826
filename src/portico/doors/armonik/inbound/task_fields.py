"""What can be asked of tasks."""

from __future__ import annotations

from portico.domain.calls.naming import Kind
from portico.doors.armonik.inbound.fields import GENERIC, Fields, Meaning, Value
from portico.doors.armonik.inbound.option_fields import OPTION_FIELDS
from portico.doors.armonik.states import CALL_STATES
from portico.store.sheets import Field
from portico.wire.armonik.tasks_pb2 import TaskSummaryEnumField as Wire

SESSION = Meaning(Field("session"), names=Kind.SESSION, number=Field("session"))
STATUS = Meaning(Field("state"), Value.STATUS, states=CALL_STATES)

_SINCE_CREATION = Field("ended_at", minus="created_at")
_SINCE_START = Field("ended_at", minus="started_at")
_SINCE_RECEPTION = Field("ended_at", minus="received_at")

TASK_FIELDS: Fields = {
    "task_summary_field": {
        Wire.TASK_SUMMARY_ENUM_FIELD_TASK_ID: Meaning(
            Field("number", alias="alias"), names=Kind.CALL, number=Field("number")
        ),
        Wire.TASK_SUMMARY_ENUM_FIELD_SESSION_ID: SESSION,
        Wire.TASK_SUMMARY_ENUM_FIELD_OWNER_POD_ID: Meaning(Field("pod"), blank=True),
        Wire.TASK_SUMMARY_ENUM_FIELD_INITIAL_TASK_ID: Meaning(Field("number", alias="initial"), names=Kind.CALL),
        Wire.TASK_SUMMARY_ENUM_FIELD_STATUS: STATUS,
        Wire.TASK_SUMMARY_ENUM_FIELD_CREATED_AT: Meaning(Field("created_at"), Value.DATE),
        Wire.TASK_SUMMARY_ENUM_FIELD_SUBMITTED_AT: Meaning(Field("submitted_at"), Value.DATE),
        Wire.TASK_SUMMARY_ENUM_FIELD_STARTED_AT: Meaning(Field("started_at"), Value.DATE),
        Wire.TASK_SUMMARY_ENUM_FIELD_ENDED_AT: Meaning(Field("ended_at"), Value.DATE),
        Wire.TASK_SUMMARY_ENUM_FIELD_CREATION_TO_END_DURATION: Meaning(_SINCE_CREATION, Value.DURATION),
        Wire.TASK_SUMMARY_ENUM_FIELD_PROCESSING_TO_END_DURATION: Meaning(_SINCE_START, Value.DURATION),
        Wire.TASK_SUMMARY_ENUM_FIELD_RECEIVED_TO_END_DURATION: Meaning(_SINCE_RECEPTION, Value.DURATION),
        Wire.TASK_SUMMARY_ENUM_FIELD_POD_TTL: Meaning(Field("pod_ttl"), Value.DATE),
        Wire.TASK_SUMMARY_ENUM_FIELD_POD_HOSTNAME: Meaning(Field("host"), blank=True),
        Wire.TASK_SUMMARY_ENUM_FIELD_RECEIVED_AT: Meaning(Field("received_at"), Value.DATE),
        Wire.TASK_SUMMARY_ENUM_FIELD_ACQUIRED_AT: Meaning(Field("acquired_at"), Value.DATE),
        Wire.TASK_SUMMARY_ENUM_FIELD_PROCESSED_AT: Meaning(Field("processed_at"), Value.DATE),
        Wire.TASK_SUMMARY_ENUM_FIELD_ERROR: Meaning(Field("error"), blank=True),
        Wire.TASK_SUMMARY_ENUM_FIELD_FETCHED_AT: Meaning(Field("fetched_at"), Value.DATE),
        Wire.TASK_SUMMARY_ENUM_FIELD_PAYLOAD_ID: Meaning(Field("payload"), names=Kind.RESULT, number=Field("payload")),
        Wire.TASK_SUMMARY_ENUM_FIELD_CREATED_BY: Meaning(Field("created_by"), blank=True),
    },
    "task_option_field": OPTION_FIELDS,
    GENERIC: {},
}
