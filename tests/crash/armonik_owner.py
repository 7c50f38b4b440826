"""The client of the crash test: it submits a graph and goes on while the server comes and goes.

An answer that got lost is asked for: the results of a call have owners if, and only if, that call was taken.
"""

from __future__ import annotations

import threading
import time
import traceback

import grpc
from google.protobuf.duration_pb2 import Duration

from portico.wire.armonik import (  # noqa: TID251 — a client of the door speaks its wire
    events_pb2,
    events_pb2_grpc,
    objects_pb2,
    results_pb2,
    results_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    tasks_pb2,
    tasks_pb2_grpc,
)
from portico.wire.armonik.result_status_pb2 import RESULT_STATUS_COMPLETED  # noqa: TID251 — likewise

AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED}
"""What a client may see while the server is away; anything else is a defect."""
MOST_AT_ONCE = 1_000
CALLS = 100
"""A graph comes in so many calls, each of which may lose its answer."""
AHEAD = 20
"""So many calls may be taken and not done: the others come while there are kills."""
BREATH = 0.05
PATIENCE = 20.0
RETRIES = 1_000
"""So many that no number of kills uses them up."""


class Owner(threading.Thread):
    """Submits all of a graph; `outputs` are its results, in the order of its tasks; `done` tells how many are made."""

    def __init__(self, target, graph, done):
        super().__init__(name="owner", daemon=True)
        self._channel = grpc.insecure_channel(target, options=[("grpc.max_reconnect_backoff_ms", 200)])
        self.sessions = sessions_pb2_grpc.SessionsStub(self._channel)
        self.tasks = tasks_pb2_grpc.TasksStub(self._channel)
        self.results = results_pb2_grpc.ResultsStub(self._channel)
        self.events = events_pb2_grpc.EventsStub(self._channel)
        self._graph = graph
        self._done = done
        self.session = ""
        self.outputs: list[str] = []
        self.submitting = threading.Event()
        """Set while the answer to a submission is awaited."""
        self.lost_answers = 0
        self.faults: list[str] = []

    def run(self):
        try:
            self._begin()
            size = self._graph.size
            step = min(MOST_AT_ONCE, max(1, size // CALLS))
            for start in range(0, size, step):
                while start > self._done() + AHEAD * step:
                    time.sleep(BREATH)
                self._submit(range(start, min(start + step, size)))
        except Exception:
            self.faults.append(f"the owner failed: {traceback.format_exc()}")

    def ask(self, method, request):
        """Ask until the server is there to answer."""
        while True:
            try:
                return method(request, timeout=PATIENCE)
            except grpc.RpcError as error:
                if error.code() not in AWAY:
                    raise
                time.sleep(BREATH)

    def close(self):
        self._channel.close()

    # ---- submitting ------------------------------------------------------------------------------------------------

    def _begin(self):
        options = objects_pb2.TaskOptions(max_duration=Duration(seconds=120), max_retries=RETRIES, priority=1)
        made = self.ask(self.sessions.CreateSession, sessions_pb2.CreateSessionRequest(default_task_option=options))
        self.session = made.session_id

    def _submit(self, numbers):
        data = [
            results_pb2.CreateResultsRequest.ResultCreate(name="p", data=self._graph.payload(one)) for one in numbers
        ]
        request = results_pb2.CreateResultsRequest(session_id=self.session, results=data)
        payloads = [one.result_id for one in self.ask(self.results.CreateResults, request).results]
        promised = [results_pb2.CreateResultsMetaDataRequest.ResultCreate(name=str(one)) for one in numbers]
        request = results_pb2.CreateResultsMetaDataRequest(session_id=self.session, results=promised)
        self.outputs += [one.result_id for one in self.ask(self.results.CreateResultsMetaData, request).results]
        creations = [
            tasks_pb2.SubmitTasksRequest.TaskCreation(
                payload_id=payload,
                expected_output_keys=[self.outputs[one]],
                data_dependencies=[self.outputs[need] for need in self._graph.needs[one]],
            )
            for one, payload in zip(numbers, payloads, strict=True)
        ]
        request = tasks_pb2.SubmitTasksRequest(session_id=self.session, task_creations=creations)
        while not self._taken(request):
            self.lost_answers += 1
            if self._owned(numbers):
                return

    def _taken(self, request):
        self.submitting.set()
        try:
            self.tasks.SubmitTasks(request, timeout=PATIENCE)
        except grpc.RpcError as error:
            if error.code() not in AWAY:
                raise
            return False
        finally:
            self.submitting.clear()
        return True

    def _owned(self, numbers):
        """Tell whether a call was taken whose answer was lost; all of its tasks or none."""
        request = results_pb2.GetOwnerTaskIdRequest(
            session_id=self.session, result_id=[self.outputs[one] for one in numbers]
        )
        owned = [bool(one.task_id) for one in self.ask(self.results.GetOwnerTaskId, request).result_task]
        if len(owned) != len(numbers) or any(owned) != all(owned):
            self.faults.append(f"a call of {len(numbers)} tasks was taken in part: {sum(owned)} of {len(owned)}")
        return any(owned)

    # ---- looking ---------------------------------------------------------------------------------------------------

    def counts(self):
        """Give how many tasks are in which state; raises RpcError while the server is away."""
        answer = self.tasks.CountTasksByStatus(tasks_pb2.CountTasksByStatusRequest(), timeout=PATIENCE)
        return {one.status: one.count for one in answer.status}

    def listed(self, method, request, field):
        """Give everything that a list has, page by page."""
        found, page = [], 0
        while True:
            request.page, request.page_size = page, MOST_AT_ONCE
            answer = self.ask(method, request)
            found += getattr(answer, field)
            if len(found) >= answer.total:
                return found
            page += 1

    def all_tasks(self):
        return self.listed(self.tasks.ListTasksDetailed, tasks_pb2.ListTasksRequest(), "tasks")

    def all_results(self):
        return self.listed(self.results.ListResults, results_pb2.ListResultsRequest(), "results")

    def value(self, number):
        """Give what a task made."""
        request = results_pb2.DownloadResultDataRequest(session_id=self.session, result_id=self.outputs[number])
        return b"".join(message.data_chunk for message in self.results.DownloadResultData(request, timeout=PATIENCE))

    def told(self):
        """Give the results that a stream of events tells to be complete, once it has told of all of the graph's."""
        kinds = (events_pb2.EVENTS_ENUM_NEW_RESULT, events_pb2.EVENTS_ENUM_RESULT_STATUS_UPDATE)
        request = events_pb2.EventSubscriptionRequest(session_id=self.session, returned_events=kinds)
        missing = set(self.outputs)
        call = self.events.GetEvents(request, timeout=PATIENCE * 5)
        for event in call:
            one = getattr(event, event.WhichOneof("update"))
            if one.status == RESULT_STATUS_COMPLETED:
                missing.discard(one.result_id)
            if not missing:
                break
        call.cancel()
        return set(self.outputs) - missing
