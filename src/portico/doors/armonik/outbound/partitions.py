"""Partitions, written."""

from __future__ import annotations

from portico.domain.calls.values import Partition
from portico.wire.armonik.partitions_pb2 import PartitionRaw


def partition_raw(partition: Partition) -> PartitionRaw:
    """Write a partition."""
    return PartitionRaw(
        id=partition.id,
        parent_partition_ids=partition.parents,
        pod_reserved=partition.pod_reserved,
        pod_max=partition.pod_max,
        pod_configuration=partition.configuration,
        preemption_percentage=partition.preemption_percentage,
        priority=partition.priority,
    )
