"""What can be asked of task options, the same for sessions and tasks: both have a column `options` that names a row."""

from __future__ import annotations

from portico.doors.armonik.inbound.fields import Meaning, Value
from portico.store.sheets import Field
from portico.wire.armonik.tasks_pb2 import TaskOptionEnumField as Wire


def _option(column: str, value: Value = Value.TEXT) -> Meaning:
    return Meaning(Field(column, link="options"), value)


OPTION_FIELDS: dict[int, Meaning] = {
    Wire.TASK_OPTION_ENUM_FIELD_MAX_DURATION: _option("max_duration", Value.DURATION),
    Wire.TASK_OPTION_ENUM_FIELD_MAX_RETRIES: _option("max_retries", Value.NUMBER),
    Wire.TASK_OPTION_ENUM_FIELD_PRIORITY: _option("priority", Value.NUMBER),
    Wire.TASK_OPTION_ENUM_FIELD_PARTITION_ID: _option("partition"),
    Wire.TASK_OPTION_ENUM_FIELD_APPLICATION_NAME: _option("application_name"),
    Wire.TASK_OPTION_ENUM_FIELD_APPLICATION_VERSION: _option("application_version"),
    Wire.TASK_OPTION_ENUM_FIELD_APPLICATION_NAMESPACE: _option("application_namespace"),
    Wire.TASK_OPTION_ENUM_FIELD_APPLICATION_SERVICE: _option("application_service"),
    Wire.TASK_OPTION_ENUM_FIELD_ENGINE_TYPE: _option("engine"),
}
