"""A registry of the tests' own on loopback: started by them, ended by them."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

CONFIG = """
version: 0.1
log: {{ level: error }}
storage: {{ filesystem: {{ rootdirectory: {root} }}, delete: {{ enabled: true }} }}
http: {{ addr: "{address}" }}
"""


@contextlib.contextmanager
def registry(place: Path) -> Iterator[str]:
    """Give the address of a registry that is empty and answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    place.mkdir()
    (place / "config.yml").write_text(CONFIG.format(root=place / "data", address=address))
    process = subprocess.Popen(["docker-registry", "serve", str(place / "config.yml")], stderr=subprocess.DEVNULL)
    try:
        _wait(address)
        yield address
    finally:
        process.kill()
        process.wait()


def push(layout: Path, tag: str, name: str) -> None:
    """Copy a tag of a layout to a name in a registry."""
    command = [
        "skopeo",
        "--insecure-policy",
        "copy",
        "--quiet",
        "--dest-tls-verify=false",
        f"oci:{layout}:{tag}",
        f"docker://{name}",
    ]
    subprocess.run(command, check=True, capture_output=True)


def _wait(address: str) -> None:
    end = time.monotonic() + 10
    while True:
        connection = http.client.HTTPConnection(address, timeout=1)
        try:
            connection.request("GET", "/v2/")
            connection.getresponse().read()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
