"""What every client program speaks with its test: JSON lines, commands in, answers and events out.

A command names an attribute of the object served: a method is called, anything else is given as it is.
"""

import json
import os
import sys
import threading

_out = os.fdopen(os.dup(1), "w", encoding="utf-8")
_one_line = threading.Lock()
os.dup2(2, 1)  # what a library prints is no line of ours


def tell(event, *args):
    _write({"event": event, "args": args})


def _write(line):
    with _one_line:
        _out.write(json.dumps(line) + "\n")
        _out.flush()


def teller(event):
    """Make a callback that tells its arguments behind the driver, which comes first in all of them."""
    return lambda _owner, _driver=None, *args: tell(event, *args)


def answer(served):
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            found = getattr(served, asked["call"])
            done = found(*asked["args"], **asked["named"]) if callable(found) else found
        except Exception as failure:
            _write({"failure": f"{type(failure).__name__}: {failure}"})
        else:
            _write({"answer": done})


def serve(served):
    """Answer until the input ends; in a thread, so that a library that interrupts the program ends it at once."""
    thread = threading.Thread(target=answer, args=(served,), daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
