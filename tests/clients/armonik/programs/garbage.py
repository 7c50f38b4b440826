"""A worker that is healthy and answers every task with bytes that are no message of it."""

import os
from concurrent import futures

import grpc
from armonik.protogen.common.worker_common_pb2 import HealthCheckReply

NAME = "armonik.api.grpc.v1.worker.Worker"
HEALTHY = HealthCheckReply(status=HealthCheckReply.SERVING).SerializeToString()


def main():
    server = grpc.server(futures.ThreadPoolExecutor(2))
    answers = {"HealthCheck": HEALTHY, "Process": b"\xff\xfe garbage"}
    methods = {
        name: grpc.unary_unary_rpc_method_handler(lambda _request, _context, answer=answer: answer)
        for name, answer in answers.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, methods),))
    server.add_insecure_port("unix://" + os.environ["ComputePlane__WorkerChannel__Address"])  # noqa: SIM112 — so it is called
    server.start()
    server.wait_for_termination()


main()
