"""What can be asked of applications, which are what the options of tasks say they run."""

from __future__ import annotations

from portico.doors.armonik.inbound.fields import Fields, Meaning
from portico.store.sheets import Field
from portico.wire.armonik.applications_pb2 import ApplicationRawEnumField as Wire

NAME = Field("application_name", link="options")
VERSION = Field("application_version", link="options")
NAMESPACE = Field("application_namespace", link="options")
SERVICE = Field("application_service", link="options")

APPLICATION_FIELDS: Fields = {
    "application_field": {
        Wire.APPLICATION_RAW_ENUM_FIELD_NAME: Meaning(NAME),
        Wire.APPLICATION_RAW_ENUM_FIELD_VERSION: Meaning(VERSION),
        Wire.APPLICATION_RAW_ENUM_FIELD_NAMESPACE: Meaning(NAMESPACE),
        Wire.APPLICATION_RAW_ENUM_FIELD_SERVICE: Meaning(SERVICE),
    },
}
