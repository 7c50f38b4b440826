"""Measures single jobs through job.v1 as a program uses it: the generated synchronous stub.

Schedules an instance of a kind and asks for it until it has completed, as often as told. Prints one JSON line with the
seconds each took.
"""

from __future__ import annotations

import argparse
import json
import time

import grpc

from portico.wire.jobv1 import service_pb2 as pb  # noqa: TID251 — a client knows the wire, not the server
from portico.wire.jobv1.service_pb2_grpc import JobServiceStub  # noqa: TID251 — as above

UNDER_WAY = (pb.JOB_STATE_CREATED, pb.JOB_STATE_SCHEDULED, pb.JOB_STATE_PROCESSING)


def carry_out(service: JobServiceStub, kind: str) -> None:
    """Run one job to its end; raises RuntimeError unless it completes."""
    uuid = service.ScheduleJob(pb.ScheduleJobRequest(kind=kind)).instance.uuid
    query = pb.LookupInstancesRequest(query=pb.Query(uuid=uuid))
    while True:
        (instance,) = service.LookupInstances(query).instances
        if instance.state == pb.JOB_STATE_COMPLETED:
            return
        if instance.state not in UNDER_WAY:
            raise RuntimeError(str(instance))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("address")
    options.add_argument("kind")
    options.add_argument("count", type=int)
    given = options.parse_args()
    found = []
    with grpc.insecure_channel(given.address) as channel:
        service = JobServiceStub(channel)
        carry_out(service, given.kind)
        for _ in range(given.count):
            begun = time.perf_counter()
            carry_out(service, given.kind)
            found.append(time.perf_counter() - begun)
    print(json.dumps({"latencies": found}))


if __name__ == "__main__":
    main()
