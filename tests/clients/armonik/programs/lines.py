"""What a client program speaks with its test: JSON lines, commands in, answers and events out.

Values that JSON has no word for carry a tag: {"bytes": text as latin-1}, times as text, durations as seconds.
"""

import dataclasses
import datetime as dt
import enum
import json
import os
import sys
import threading

import grpc

_out = os.fdopen(os.dup(1), "w", encoding="utf-8")
_one_line = threading.Lock()
os.dup2(2, 1)  # what a library prints is no line of ours


def tell(event, *args):
    _write({"event": event, "args": args})


def _write(line):
    with _one_line:
        _out.write(json.dumps(line, default=plain) + "\n")
        _out.flush()


SIMPLE = {
    bytes: lambda value: {"bytes": value.decode("latin-1")},
    dt.datetime: dt.datetime.isoformat,
    dt.timedelta: dt.timedelta.total_seconds,
    enum.Enum: lambda value: value.value,
}


def plain(value):
    for kind, simple in SIMPLE.items():
        if isinstance(value, kind):
            return simple(value)
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "DESCRIPTOR") or not hasattr(value, "__dict__"):
        return list(value)  # a repeated field
    return {name.lstrip("_"): one for name, one in vars(value).items()}


def serve(answer):
    """Answer command after command until the input ends; `answer` gets name, arguments and named ones."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            done = answer(asked["call"], asked["args"], asked["named"])
        except grpc.RpcError as refusal:
            _write({"failure": {"code": refusal.code().name, "details": refusal.details()}})
        except Exception as failure:
            _write({"failure": {"code": type(failure).__name__, "details": str(failure)}})
        else:
            _write({"answer": done})
