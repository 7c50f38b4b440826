"""The two ways in, gRPC and REST, with the same words: what one does, the other must do too."""

from __future__ import annotations

import contextlib
import http.client
import json
from urllib.parse import urlencode

import pytest
from clients.titus.remote import Refused

PATIENCE = 15.0


class OverGrpc:
    """Calls through the client's process."""

    def __init__(self, remote):
        self.remote = remote

    def create(self, descriptor):
        return self.remote.rpc("CreateJob", descriptor)["id"]

    def job(self, identity):
        return self.remote.rpc("FindJob", {"id": identity})

    def task(self, identity):
        return self.remote.rpc("FindTask", {"id": identity})

    def jobs(self, size=10, number=0, cursor="", fields=(), **criteria):
        return self._found("FindJobs", size, number, cursor, fields, criteria)

    def tasks(self, size=10, number=0, cursor="", fields=(), **criteria):
        return self._found("FindTasks", size, number, cursor, fields, criteria)

    def _found(self, name, size, number, cursor, fields, criteria):
        page = {"pageSize": size, "pageNumber": number, "cursor": cursor}
        return self.remote.rpc(name, {"page": page, "filteringCriteria": criteria, "fields": list(fields)})

    def capacity(self, identity, **sizes):
        self.remote.rpc("UpdateJobCapacity", {"jobId": identity, "Capacity": sizes})

    def part_of_capacity(self, identity, **sizes):
        request = {"jobId": identity, "jobCapacityWithOptionalAttributes": sizes}
        self.remote.rpc("UpdateJobCapacityWithOptionalAttributes", request)

    def enable(self, identity, *, on):
        self.remote.rpc("UpdateJobStatus", {"id": identity, "enableStatus": on})

    def processes(self, identity, **flags):
        self.remote.rpc("UpdateJobProcesses", {"jobId": identity, "serviceJobProcesses": flags})

    def budget(self, identity, budget):
        self.remote.rpc("UpdateJobDisruptionBudget", {"jobId": identity, "disruptionBudget": budget})

    def put_job_attributes(self, identity, attributes):
        self.remote.rpc("UpdateJobAttributes", {"jobId": identity, "attributes": attributes})

    def drop_job_attributes(self, identity, *keys):
        self.remote.rpc("DeleteJobAttributes", {"jobId": identity, "keys": keys})

    def put_task_attributes(self, identity, attributes):
        self.remote.rpc("UpdateTaskAttributes", {"taskId": identity, "attributes": attributes})

    def drop_task_attributes(self, identity, *keys):
        self.remote.rpc("DeleteTaskAttributes", {"taskId": identity, "keys": keys})

    def kill_job(self, identity):
        self.remote.rpc("KillJob", {"id": identity})

    def kill_task(self, identity, *, shrink=False, guarded=False):
        self.remote.rpc("KillTask", {"taskId": identity, "shrink": shrink, "preventMinSizeUpdate": guarded})

    def move(self, source, target, task):
        self.remote.rpc("MoveTask", {"sourceJobId": source, "targetJobId": target, "taskId": task})

    def refuses(self, code, _status, text=""):
        """Expect a refusal with a gRPC status (the HTTP status is for the other way in)."""
        return refusal(code, text)


class OverRest:
    """Calls over HTTP; answers and refusals are those of the gateway."""

    def __init__(self, address):
        self.address = address.removeprefix("http://")

    def ask(self, method, path, body=None, expected=200, **query):
        """Ask for a route under /api and give the decoded answer, None for an empty one."""
        status, _, text = self.exchange(method, f"/api{path}", body, **query)
        if status >= 400:
            said = json.loads(text)
            context = said.get("errorContext") or {}
            raise Refused(status, said["message"], context.get("constraintViolations"))
        assert status == expected, (method, path, status, text)
        return json.loads(text) if text else None

    def exchange(self, method, path, body=None, headers=None, **query):
        """Give status, headers and body of an answer."""
        if query:
            path += "?" + urlencode(query)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        with contextlib.closing(http.client.HTTPConnection(self.address, timeout=PATIENCE)) as connection:
            connection.request(method, path, data, {"Content-Type": "application/json"} | (headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def create(self, descriptor):
        return self.ask("POST", "/v3/jobs", descriptor, 202)["id"]

    def job(self, identity):
        return self.ask("GET", f"/v3/jobs/{identity}")

    def task(self, identity):
        return self.ask("GET", f"/v3/tasks/{identity}")

    def jobs(self, size=10, number=0, cursor="", fields=(), **criteria):
        return self._found("/v3/jobs", size, number, cursor, fields, criteria)

    def tasks(self, size=10, number=0, cursor="", fields=(), **criteria):
        return self._found("/v3/tasks", size, number, cursor, fields, criteria)

    def _found(self, path, size, number, cursor, fields, criteria):
        query = {"pageSize": size, "page": number, **criteria}
        query |= {"cursor": cursor} if cursor else {}
        query |= {"fields": ",".join(fields)} if fields else {}
        return self.ask("GET", path, **query)

    def capacity(self, identity, **sizes):
        self._put(f"/v3/jobs/{identity}/instances", sizes)

    def part_of_capacity(self, identity, **sizes):
        self._put(f"/v3/jobs/{identity}/capacityAttributes", sizes)

    def enable(self, identity, *, on):
        assert self.ask("POST", f"/v3/jobs/{identity}/{'enable' if on else 'disable'}") is None

    def processes(self, identity, **flags):
        self._put(f"/v3/jobs/{identity}/jobprocesses", flags)

    def budget(self, identity, budget):
        self._put(f"/v3/jobs/{identity}/disruptionBudget", budget)

    def put_job_attributes(self, identity, attributes):
        self._put(f"/v3/jobs/{identity}/attributes", {"jobId": identity, "attributes": attributes})

    def drop_job_attributes(self, identity, *keys):
        assert self.ask("DELETE", f"/v3/jobs/{identity}/attributes", keys=",".join(keys)) is None

    def put_task_attributes(self, identity, attributes):
        self._put(f"/v3/tasks/{identity}/attributes", {"taskId": identity, "attributes": attributes})

    def drop_task_attributes(self, identity, *keys):
        assert self.ask("DELETE", f"/v3/tasks/{identity}/attributes", keys=",".join(keys)) is None

    def kill_job(self, identity):
        assert self.ask("DELETE", f"/v3/jobs/{identity}") is None

    def kill_task(self, identity, *, shrink=False, guarded=False):
        flags = {"shrink": str(shrink).lower(), "preventMinSizeUpdate": str(guarded).lower()}
        assert self.ask("DELETE", f"/v3/tasks/{identity}", **flags) is None

    def move(self, source, target, task):
        body = {"sourceJobId": source, "targetJobId": target, "taskId": task}
        assert self.ask("POST", "/v3/tasks/move", body) is None

    def _put(self, path, body):
        assert self.ask("PUT", path, body) is None

    def refuses(self, _code, status, text=""):
        """Expect a refusal with an HTTP status (the gRPC status is for the other way in)."""
        return refusal(status, text)


@contextlib.contextmanager
def refusal(code, text=""):
    """Expect a refusal with a status whose words contain a text."""
    with pytest.raises(Refused) as caught:
        yield caught
    assert (caught.value.code, text in caught.value.details) == (code, True), str(caught.value)
