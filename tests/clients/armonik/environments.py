"""The environments of ArmoniK's genuine packages: two releases for Python, the browser's library, the Rust crate.

Made once per machine and never in the source tree, the way the Mesos clients' are.
"""

from __future__ import annotations

import functools
import os
import shutil
from pathlib import Path

from clients.mesos.environments import empty, once, pip, run

HERE = Path(__file__).parent
CRYPTOGRAPHY = ("cryptography==50.0.2", "cffi==2.1.1", "pycparser==3.12")
COMMON = (*CRYPTOGRAPHY, "deprecation==2.1.0", "packaging==26.3")
NEW, OLD = "3.29.4", "3.28.0"
"""The newest release, and the one of a year before it."""
PYTHON = {
    NEW: (f"armonik=={NEW}", *COMMON, "grpcio==1.85.1", "protobuf==7.36.2", "typing-extensions==4.16.0"),
    OLD: (
        f"armonik=={OLD}",
        *COMMON,
        "grpcio==1.62.3",
        "grpcio-tools==1.62.3",
        "protobuf==4.25.9",
        "setuptools==83.0.0",
    ),
}
ANGULAR, NGX_GRPC = "20.3.17", "3.1.2"
BROWSER = (
    "@aneoconsultingfr/armonik.api.angular@3.29.0",
    *(f"@angular/{name}@{ANGULAR}" for name in ("common", "compiler", "core")),
    *(f"@ngx-grpc/{name}@{NGX_GRPC}" for name in ("common", "core", "grpc-web-client", "well-known-types")),
    *("grpc-web@2.1.1", "google-protobuf@4.0.2", "rxjs@7.8.2", "tslib@2.8.1", "xmlhttprequest@1.8.0"),
)
RUST = HERE / "rust"


@functools.cache
def python_of(release):
    """Give the interpreter that has a release of the package, and make its environment first where need be."""
    return once(f"armonik-{release}", PYTHON[release], _python) / "bin" / "python"


@functools.cache
def browser_modules():
    """Give a folder with the browser's library in its `node_modules`."""
    return once("armonik-browser", BROWSER, _browser)


@functools.cache
def rust_program():
    """Give the program built on the crate, which is client and worker; the first build takes minutes."""
    sources = [path.read_text() for path in sorted(RUST.rglob("*")) if path.is_file()]
    return once("armonik-rust", tuple(sources), _rust) / "armonik_rust"


def _python(place, pins):
    empty(place)
    pip(place, "install", "--only-binary", ":all:", *pins)


def _browser(place, pins):
    (place / "package.json").write_text('{"private": true, "type": "module"}\n')
    # The grpc-web client names older releases of its neighbours than the library that is built on it.
    run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps", *pins, cwd=place)


def _rust(place, _):
    source = place / "source"
    shutil.copytree(RUST, source)
    run("cargo", "build", "--quiet", "--locked", "-j", str(max(1, (os.cpu_count() or 2) // 2)), cwd=source)
    shutil.move(source / "target" / "debug" / "armonik_rust", place)
    shutil.rmtree(source)
