"""An agent process, its worker and a control end, for one test."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from doors.armonik.outpost.control import Control

WORKERS = Path(__file__).parent / "workers"
PROGRAM = ("-m", "portico.doors.armonik.outpost")
LEAN = (sys.executable, str(WORKERS / "lean_worker.py"))


class Rig:
    def __init__(self, folder, *command, options=(), environment=None, secret="s3cret", program=PROGRAM):
        self.folder = folder
        self.control = Control(folder / "control.sock")
        (folder / "secret").write_text(secret)
        self.shared = folder / "shared"
        self.log = folder / "agent.log"
        words = [sys.executable, *program, *self._options(options)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*words, *(("--", *command) if command else ())],
                stderr=log,
                stdout=log,
                env=os.environ | {"TMPDIR": str(folder)} | (environment or {}),
            )

    def _options(self, options):
        given = {
            "link": f"unix:{self.control.path}",
            "secret-file": str(self.folder / "secret"),
            "partition": "default",
            "pod": "pod",
            "host": "host",
            "shared-folder": str(self.shared),
        }
        for name, value in [*given.items(), *dict(options).items()]:
            yield f"--{name}={value}"

    def up(self):
        self.control.until(lambda: self.control.hellos, 15)
        return self

    @property
    def worker(self):
        """The worker's process id."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def term(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def rooms(self):
        return [room for pod in self.shared.iterdir() for room in pod.iterdir()] if self.shared.exists() else []

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.control.close()


@contextlib.contextmanager
def rig(folder, *command, **more):
    made = Rig(folder, *command, **more)
    try:
        yield made.up()
    except BaseException:
        print(made.log.read_text()[-6000:])
        raise
    finally:
        made.close()


def eventually(condition, seconds=10.0):
    """Look again and again at what another process does to the world; give what was waited for."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.005)
    return found


def gone(pid):
    """Tell whether a process is no more; a zombie counts as none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
