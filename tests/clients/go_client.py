"""Building and driving the Go client: its stubs are generated from upstream's text in the session that uses them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from doors.jobv1.client import upstream
from doors.jobv1.client.remote import Remote, RemoteError

SOURCE = Path(__file__).with_name("jobv1_go")
GENERATORS = ("google.golang.org/protobuf/cmd/protoc-gen-go", "google.golang.org/grpc/cmd/protoc-gen-go-grpc")
PACKAGE = "Mservice.proto=portico.test/jobv1/api;api"


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def build(directory, release):
    """Build the client in a directory and give its program; the first time on a machine this takes minutes."""
    place = directory / "jobv1_go"
    shutil.copytree(SOURCE, place)
    tools, api = place / "bin", place / "api"
    api.mkdir()
    run("go", "build", "-o", f"{tools}/", *GENERATORS, cwd=place)
    (place / "service.proto").write_text(upstream.text(release))
    command = [sys.executable, "-W", "ignore", "-m", "grpc_tools.protoc", "-I."]
    for name in ("go", "go-grpc"):
        command += [f"--plugin=protoc-gen-{name}={tools}/protoc-gen-{name}"]
        command += [f"--{name}_out=api", f"--{name}_opt=paths=source_relative,{PACKAGE}"]
    run(*command, "service.proto", cwd=place)
    run("go", "build", "-o", "client", ".", cwd=place)
    return place / "client"


class GoRemote(Remote):
    """One Go client process."""

    def __init__(self, program, target):
        self.process = subprocess.Popen(
            [str(program), target], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, method, request=None, *, bounds=True):
        assert bounds, "the Go client has its library's bounds only"
        self.process.stdin.write(json.dumps({"method": method, "request": request or {}}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the Go client ended"
        answer = json.loads(line)
        if "error" in answer:
            raise RemoteError(**answer["error"])
        return answer["ok"]
