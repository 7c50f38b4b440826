"""One genuine client in its own process and environment, asked and listened to over JSON lines."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time


class ClientError(Exception):
    """What the client's library raised, in its words."""


class Program:
    """A client at work; events wait until somebody asks for them, whatever is asked in between."""

    patience = 20.0
    """Seconds to wait for an answer or an event, unless it is said otherwise."""

    def __init__(self, command, log):
        self.waiting = []
        self.log = log
        self._lines = queue.SimpleQueue()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def call(self, name, *args, **named):
        """Ask for an attribute of what the program serves; a method is called."""
        self.send(name, *args, **named)
        return self.answer(name)

    def send(self, name, *args, **named):
        """Ask, and leave the answer for later."""
        self.process.stdin.write(self.written({"call": name, "args": args, "named": named}) + "\n")
        self.process.stdin.flush()

    def answer(self, to, patience=None):
        """Await the answer to what was asked; raises what `refusal` makes of a failure."""
        end = self._end(patience)
        while True:
            line = self._next(end, f"an answer to {to}")
            if "event" in line:
                self.waiting.append(line)
            elif "failure" in line:
                raise self.refusal(line["failure"])
            else:
                return line["answer"]

    def hear(self, event, fits=lambda *_: True, patience=None):
        """Give the arguments of the first such event that nobody has heard yet, past or to come."""
        end = self._end(patience)
        for position, line in enumerate(self.waiting):
            if line["event"] == event and fits(*line["args"]):
                return self.waiting.pop(position)["args"]
        while True:
            line = self._next(end, event)
            assert "event" in line, line
            if line["event"] == event and fits(*line["args"]):
                return line["args"]
            self.waiting.append(line)

    def forget(self, event):
        """Drop what was told so far and not yet heard."""
        self.waiting = [line for line in self.waiting if line["event"] != event]

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        """End the program by ending its input, the hard way if that does not do."""
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        self.process.stdout.close()

    def written(self, question):
        """Give a question as a line; a client whose values are not all JSON's says how."""
        return json.dumps(question)

    def refusal(self, failure):
        """Give the exception for what the program says of a failure."""
        return ClientError(failure)

    def _end(self, patience):
        return time.monotonic() + (self.patience if patience is None else patience)

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _next(self, end, wanted):
        try:
            line = self._lines.get(timeout=max(end - time.monotonic(), 0.001))
        except queue.Empty:
            line = None
        assert line is not None, f"no {wanted}; waiting: {self._summary()}\n{self.log.read_text()[-4000:]}"
        return line

    def _summary(self):
        return json.dumps([line for line in self.waiting if "heartbeat" not in line["event"].lower()])[-3000:]
