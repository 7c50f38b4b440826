"""What the programs share: services of the stubs by name, and messages as plain values. Never imports the server."""

import importlib
import sys
from pathlib import Path

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]


class Wire:
    """The generated code in a folder."""

    def __init__(self, folder):
        sys.path.insert(0, folder)
        self.services, self._stubs = {}, {}
        for path in sorted(Path(folder).glob("*_pb2.py")):
            described = importlib.import_module(path.stem).DESCRIPTOR
            for name, service in described.services_by_name.items():
                self.services[name] = service
                self._stubs[name] = getattr(importlib.import_module(f"{path.stem}_grpc"), f"{name}Stub")

    def rpc(self, channel, name):
        """Give an RPC's callable, and its request's type; `name` is Service.Method."""
        service, _, method = name.partition(".")
        kind = GetMessageClass(self.services[service].methods_by_name[method].input_type)
        return getattr(self._stubs[service](channel), method), kind


def message(value, kind):
    return ParseDict(value, kind())


def plain(value):
    return MessageToDict(value, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def refusal(error):
    """Give what an error says, its trailers unpacked."""
    trailers = dict(error.trailing_metadata() or ())
    violations = {}
    for detail in status_pb2.Status.FromString(trailers.get("x-titus-error-bin", b"")).details:
        request = error_details_pb2.BadRequest()
        if detail.Unpack(request):
            violations |= {one.field: one.description for one in request.field_violations}
    return {
        "code": error.code().name,
        "details": error.details(),
        "trailer": trailers.get("x-titus-error"),
        "violations": violations,
    }
