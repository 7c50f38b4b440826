"""Measures single ArmoniK tasks through the generated synchronous stubs: submitted, and its result told of as there.

One stream of events is open all the time. A task's payload and output are made before its clock starts, at SubmitTasks.
`python armonik_latency.py ADDRESS PARTITION COUNT`; prints one JSON line with the seconds each took.
"""

from __future__ import annotations

import argparse
import json
import time

import grpc
from google.protobuf.duration_pb2 import Duration

from portico.wire.armonik import (  # noqa: TID251 — a client knows the wire, not the server
    events_pb2,
    events_pb2_grpc,
    objects_pb2,
    result_status_pb2,
    results_pb2,
    results_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    tasks_pb2,
    tasks_pb2_grpc,
)

WARM = 20
GAP = 0.02
"""Seconds of rest between two tasks, so that each finds an idle system."""


class Client:
    def __init__(self, channel: grpc.Channel, partition: str) -> None:
        self._results = results_pb2_grpc.ResultsStub(channel)
        self._tasks = tasks_pb2_grpc.TasksStub(channel)
        options = objects_pb2.TaskOptions(
            max_duration=Duration(seconds=60), max_retries=1, priority=1, partition_id=partition
        )
        request = sessions_pb2.CreateSessionRequest(default_task_option=options, partition_ids=[partition])
        self._session = sessions_pb2_grpc.SessionsStub(channel).CreateSession(request).session_id
        updates = events_pb2.EVENTS_ENUM_RESULT_STATUS_UPDATE
        subscription = events_pb2.EventSubscriptionRequest(session_id=self._session, returned_events=[updates])
        self._events = iter(events_pb2_grpc.EventsStub(channel).GetEvents(subscription))

    def carry_out(self) -> float:
        """Give the seconds from the submission of one empty task to the event of its result."""
        payload, output = self._made("payload"), self._made("")
        creation = tasks_pb2.SubmitTasksRequest.TaskCreation(payload_id=payload, expected_output_keys=[output])
        request = tasks_pb2.SubmitTasksRequest(session_id=self._session, task_creations=[creation])
        time.sleep(GAP)
        begun = time.perf_counter()
        self._tasks.SubmitTasks(request)
        for event in self._events:
            if event.result_status_update.result_id == output:
                assert event.result_status_update.status == result_status_pb2.RESULT_STATUS_COMPLETED, event
                return time.perf_counter() - begun
        raise AssertionError("the stream of events ended")

    def _made(self, data: str) -> str:
        """Create a result, with data where there are any."""
        if data:
            payload = results_pb2.CreateResultsRequest.ResultCreate(name=data, data=data.encode())
            request = results_pb2.CreateResultsRequest(session_id=self._session, results=[payload])
            return self._results.CreateResults(request).results[0].result_id
        output = results_pb2.CreateResultsMetaDataRequest.ResultCreate(name="output")
        promise = results_pb2.CreateResultsMetaDataRequest(session_id=self._session, results=[output])
        return self._results.CreateResultsMetaData(promise).results[0].result_id


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("address")
    options.add_argument("partition")
    options.add_argument("count", type=int)
    given = options.parse_args()
    with grpc.insecure_channel(given.address) as channel:
        client = Client(channel, given.partition)
        for _ in range(WARM):
            client.carry_out()
        found = [client.carry_out() for _ in range(given.count)]
    print(json.dumps({"latencies": found}))


if __name__ == "__main__":
    main()
