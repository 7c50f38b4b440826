"""A real server with its node, in a directory of its own, driven only from outside: processes, sockets, HTTP.

The directory is short, since sockets live in it. Whatever happens, `clean` leaves no process of it behind.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from portico.node.locking import lock_holder

PORTICO = (sys.executable, "-m", "portico.cli")
PATIENCE = 15.0
START_PATIENCE = 40.0
ANY_PORT = {"grpc_port": 0, "http_port": 0, "mesos_port": 0, "agent_port": 0}


def until(look, what, patience=PATIENCE):
    """Look until there is something true, and give it; bounded."""
    end = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"not within {patience:g} s: {what}"
        time.sleep(0.01)


class LiveServer:
    def __init__(self, config, doors=("jobv1",), **ports):
        self.home = Path(tempfile.mkdtemp(prefix="pl", dir="/tmp"))
        self.data = self.home / "d"
        self.config = self.home / "portico.toml"
        self.log = self.home / "log"
        self.process = None
        self.endpoints = {}
        self.ports = ANY_PORT | ports
        self.headers = {"Content-Type": "application/json"}
        self.configure(config, doors)

    def configure(self, config, doors=("jobv1",)):
        keys = {"host": "127.0.0.1", "doors.enabled": list(doors), **self.ports}
        head = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        self.config.write_text(head + config)

    # ---- life ------------------------------------------------------------------------------------------------

    def start(self):
        self.spawn()
        return self.await_ready()

    def spawn(self):
        """Start the server's process, without waiting for it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*PORTICO, "up", "--config", str(self.config), "--data-dir", str(self.data)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")},
            )

    def await_ready(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(START_PATIENCE), f"the server is not ready\n{self.log.read_text()}"
        line = self.process.stdout.readline()
        assert line.startswith(b"ready"), f"{line!r}\n{self.log.read_text()}"
        self.endpoints = json.loads((self.data / "endpoints.json").read_text())
        return self

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        """Stop the server; its node and Runs go on."""
        return self._end(signal.SIGTERM)

    def _end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return code

    def restart(self):
        self.stop()
        return self.start()

    def down(self):
        """Stop the server with its node and Runs."""
        self.post("/shutdown", {"stop_runs": True})
        code = self.process.wait(PATIENCE + 10)
        self.process.stdout.close()
        return code

    def clean(self):
        """End every process of this directory that is left, and remove the directory."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self.down()
            if self.process.poll() is None:
                self.kill()
        for name in ("keeper", "agent"):
            for pid in self.holders(name).values():
                _kill(pid)
        for pid in self.run_processes():
            _kill(pid)
        shutil.rmtree(self.home, ignore_errors=True)

    # ---- what is there ---------------------------------------------------------------------------------------

    def holders(self, name):
        """Give the pids of the keepers or agents, by node."""
        found = {}
        for directory in sorted((self.data / "nodes").glob("*")):
            pid = lock_holder(str(directory / f"{name}.lock"))
            if pid is not None:
                found[directory.name] = pid
        return found

    def run_processes(self):
        """Give the environments of all processes that were started in a sandbox of this directory, by pid."""
        prefix = f"{self.data}/".encode()
        found = {}
        for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()):
            with contextlib.suppress(OSError):
                pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                names = dict(pair.split(b"=", 1) for pair in pairs if b"=" in pair)
                if names.get(b"PORTICO_SANDBOX", b"").startswith(prefix):
                    found[pid] = names
        return found

    # ---- HTTP ------------------------------------------------------------------------------------------------

    def _connect(self, patience=PATIENCE):
        return http.client.HTTPConnection(self.endpoints["http"].removeprefix("http://"), timeout=patience)

    def _ask(self, method, path, body=None):
        connection = self._connect()
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, self.headers)
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status < 300, (method, path, answer.status, text)
            return text
        finally:
            connection.close()

    def get(self, path):
        return json.loads(self._ask("GET", f"/portico/v1{path}"))

    def post(self, path, body):
        return json.loads(self._ask("POST", f"/portico/v1{path}", body))

    def metrics(self):
        """Give all samples: name with labels to value."""
        lines = self._ask("GET", "/metrics").decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if name[:1] != "#"}

    def events(self, patience=PATIENCE, **selection):
        """Yield changes as they come, until one takes too long."""
        query = "&".join(f"{name}={quote(str(value))}" for name, value in selection.items())
        end = time.monotonic() + patience
        connection = self._connect(patience)
        try:
            connection.request("GET", f"/portico/v1/events?{query}")
            answer = connection.getresponse()
            while line := answer.readline():
                yield json.loads(line)
                left = end - time.monotonic()
                assert left > 0, f"no fitting event within {patience:g} s: {selection}"
                connection.sock.settimeout(left)
        finally:
            connection.close()

    def watch(self, fits, patience=PATIENCE, **selection):
        """Wait for a change, past or to come, and give the record since it."""
        for event in self.events(patience, **{"table": "instances", "after": 0, **selection}):
            record = event.get("record")
            if record is not None and fits(record):
                return record
        raise AssertionError(f"the stream of {selection} ended")

    def ended(self, uuid, patience=PATIENCE):
        """Wait for the end of an instance."""
        return self.watch(lambda record: record["ended_at"] is not None, patience, id=uuid)

    def running(self, uuid, patience=PATIENCE):
        """Wait until an instance runs."""
        return self.watch(lambda record: record["state"] == "running", patience, id=uuid)


def _kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
