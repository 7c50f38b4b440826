"""What can be asked of results."""

from __future__ import annotations

from portico.domain.calls.naming import Kind
from portico.doors.armonik.inbound.fields import Fields, Meaning, Value
from portico.doors.armonik.states import RESULT_STATES
from portico.store.sheets import Field
from portico.wire.armonik.results_pb2 import ResultRawEnumField as Wire

RESULT_FIELDS: Fields = {
    "result_raw_field": {
        Wire.RESULT_RAW_ENUM_FIELD_SESSION_ID: Meaning(Field("session"), names=Kind.SESSION, number=Field("session")),
        Wire.RESULT_RAW_ENUM_FIELD_NAME: Meaning(Field("name")),
        Wire.RESULT_RAW_ENUM_FIELD_OWNER_TASK_ID: Meaning(
            Field("number", link="owner", alias="alias"), names=Kind.CALL, number=Field("owner"), blank=True
        ),
        Wire.RESULT_RAW_ENUM_FIELD_STATUS: Meaning(Field("state"), Value.STATUS, states=RESULT_STATES),
        Wire.RESULT_RAW_ENUM_FIELD_CREATED_AT: Meaning(Field("created_at"), Value.DATE),
        Wire.RESULT_RAW_ENUM_FIELD_COMPLETED_AT: Meaning(Field("completed_at"), Value.DATE),
        Wire.RESULT_RAW_ENUM_FIELD_RESULT_ID: Meaning(Field("number"), names=Kind.RESULT, number=Field("number")),
        Wire.RESULT_RAW_ENUM_FIELD_SIZE: Meaning(Field("size"), Value.NUMBER),
        Wire.RESULT_RAW_ENUM_FIELD_CREATED_BY: Meaning(Field("created_by"), blank=True),
        Wire.RESULT_RAW_ENUM_FIELD_OPAQUE_ID: Meaning(Field("opaque"), Value.WHOLE),
        Wire.RESULT_RAW_ENUM_FIELD_MANUAL_DELETION: Meaning(Field("manual"), Value.BOOLEAN),
    },
}
