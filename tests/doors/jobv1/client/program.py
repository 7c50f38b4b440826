"""A client of job.v1 over generated stubs, as its own process: `program.py STUBS TARGET`.

One JSON request a line on standard input, one JSON answer a line on standard output. It shares no code with the
server and must never import it.
"""

import json
import sys

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToDict, ParseDict
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

sys.path.insert(0, sys.argv[1])

import service_pb2 as pb
import service_pb2_grpc as rpc

REQUESTS = {
    "GetVersion": pb.VersionRequest,
    "ScheduleJob": pb.ScheduleJobRequest,
    "ListRegisteredJobs": pb.ListRegisteredJobsRequest,
    "LookupInstances": pb.LookupInstancesRequest,
    "CancelInstances": getattr(pb, "CancelInstancesRequest", None),
}
DEADLINE = 15.0
AT_ONCE = 64
EAGER = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)]
UNBOUNDED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Client:
    def __init__(self, target, options=EAGER):
        self.channel = grpc.insecure_channel(target, options=options)
        self.stub = rpc.JobServiceStub(self.channel)
        self.unbounded = None
        self.target = target

    def call(self, method, request, bounds):
        client = self if bounds else self.without_bounds()
        message = ParseDict(request, REQUESTS[method]())
        return to_dict(getattr(client.stub, method)(message, timeout=DEADLINE))

    def without_bounds(self):
        if self.unbounded is None:
            self.unbounded = Client(self.target, UNBOUNDED)
        return self.unbounded

    def many(self, method, requests):
        """Call once per request, a bounded number at once; answers in the order of the requests."""
        ready, answers = [ParseDict(request, REQUESTS[method]()) for request in requests], []
        for start in range(0, len(ready), AT_ONCE):
            futures = [getattr(self.stub, method).future(m, timeout=DEADLINE) for m in ready[start : start + AT_ONCE]]
            answers += [settle(future) for future in futures]
        return answers

    def health(self, service):
        stub = health_pb2_grpc.HealthStub(self.channel)
        return to_dict(stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=DEADLINE))

    def services(self):
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = self._reflect(request)
        return [service.name for service in answer.list_services_response.service]

    def symbol(self, name):
        """Give the names of the files that describe a symbol."""
        answer = self._reflect(reflection_pb2.ServerReflectionRequest(file_containing_symbol=name))
        files = [FileDescriptorProto.FromString(f) for f in answer.file_descriptor_response.file_descriptor_proto]
        return {file.name: [method.name for service in file.service for method in service.method] for file in files}

    def _reflect(self, request):
        stub = reflection_pb2_grpc.ServerReflectionStub(self.channel)
        return next(iter(stub.ServerReflectionInfo(iter([request]), timeout=DEADLINE)))


def to_dict(message):
    return MessageToDict(message, preserving_proto_field_name=True)


def settle(future):
    try:
        return {"ok": to_dict(future.result())}
    except grpc.RpcError as error:
        return refusal(error)


def refusal(error):
    return {"error": {"code": error.code().name, "details": error.details()}}


def main():
    client = Client(sys.argv[2])
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"ok": getattr(client, name)(*arguments)}
        except grpc.RpcError as error:
            answer = refusal(error)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
