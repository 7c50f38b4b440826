"""What can be asked of partitions; columns are the attributes of `Partition`."""

from __future__ import annotations

from portico.doors.armonik.inbound.fields import Fields, Meaning, Value
from portico.store.sheets import Field
from portico.wire.armonik.partitions_pb2 import PartitionRawEnumField as Wire

PARTITION_FIELDS: Fields = {
    "partition_raw_field": {
        Wire.PARTITION_RAW_ENUM_FIELD_ID: Meaning(Field("id")),
        Wire.PARTITION_RAW_ENUM_FIELD_PARENT_PARTITION_IDS: Meaning(Field("parents"), Value.TEXTS),
        Wire.PARTITION_RAW_ENUM_FIELD_POD_RESERVED: Meaning(Field("pod_reserved"), Value.NUMBER),
        Wire.PARTITION_RAW_ENUM_FIELD_POD_MAX: Meaning(Field("pod_max"), Value.NUMBER),
        Wire.PARTITION_RAW_ENUM_FIELD_PREEMPTION_PERCENTAGE: Meaning(Field("preemption_percentage"), Value.NUMBER),
        Wire.PARTITION_RAW_ENUM_FIELD_PRIORITY: Meaning(Field("priority"), Value.NUMBER),
    },
}
