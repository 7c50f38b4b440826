"""What can be asked of sessions."""

from __future__ import annotations

from portico.domain.calls.naming import Kind
from portico.doors.armonik.inbound.fields import GENERIC, Fields, Meaning, Value
from portico.doors.armonik.inbound.option_fields import OPTION_FIELDS
from portico.doors.armonik.states import SESSION_STATES
from portico.store.sheets import Field
from portico.wire.armonik.sessions_pb2 import SessionRawEnumField as Wire

SESSION_FIELDS: Fields = {
    "session_raw_field": {
        Wire.SESSION_RAW_ENUM_FIELD_SESSION_ID: Meaning(Field("number"), names=Kind.SESSION, number=Field("number")),
        Wire.SESSION_RAW_ENUM_FIELD_STATUS: Meaning(Field("state"), Value.STATUS, states=SESSION_STATES),
        Wire.SESSION_RAW_ENUM_FIELD_PARTITION_IDS: Meaning(Field("partitions"), Value.TEXTS),
        Wire.SESSION_RAW_ENUM_FIELD_OPTIONS: Meaning(Field("options"), Value.WHOLE),
        Wire.SESSION_RAW_ENUM_FIELD_CREATED_AT: Meaning(Field("created_at"), Value.DATE),
        Wire.SESSION_RAW_ENUM_FIELD_CANCELLED_AT: Meaning(Field("cancelled_at"), Value.DATE),
        Wire.SESSION_RAW_ENUM_FIELD_CLOSED_AT: Meaning(Field("closed_at"), Value.DATE),
        Wire.SESSION_RAW_ENUM_FIELD_PURGED_AT: Meaning(Field("purged_at"), Value.DATE),
        Wire.SESSION_RAW_ENUM_FIELD_DELETED_AT: Meaning(Field("deleted_at"), Value.DATE),
        Wire.SESSION_RAW_ENUM_FIELD_DURATION: Meaning(Field("duration"), Value.DURATION),
        Wire.SESSION_RAW_ENUM_FIELD_WORKER_SUBMISSION: Meaning(Field("worker_submission"), Value.BOOLEAN),
        Wire.SESSION_RAW_ENUM_FIELD_CLIENT_SUBMISSION: Meaning(Field("client_submission"), Value.BOOLEAN),
    },
    "task_option_field": OPTION_FIELDS,
    GENERIC: {},
}
