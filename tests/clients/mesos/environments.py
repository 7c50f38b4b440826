"""The genuine Mesos clients' own Python environments: pinned, made once per machine, and never in the source tree.

They live under the user's cache, in a directory named after everything that goes into them. Making one holds a lock,
so that tests side by side make it once. What fails is raised with the tool's own words: nobody is skipped for it.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

TOOLS = ("setuptools==83.0.0", "cython==3.3.1")
HTTP_PARSER = "http-parser==0.9.0"
PYMESOS = ("pymesos==0.3.15", HTTP_PARSER, "addict==2.4.0", "kazoo==2.11.0", "six==1.17.0")
REQUESTS = ("requests==2.34.2", "certifi==2026.10.18", "charset-normalizer==3.5.2", "idna==3.20", "urllib3==2.8.0")
CRYPTOGRAPHY = ("pyjwt==2.15.1", "cryptography==50.0.2", "cffi==2.1.1", "pycparser==3.12")
CLIENTS = {
    "pymesos": PYMESOS,
    "mesoshttp": ("mesoshttp==0.4.2", "kazoo==2.11.0", *REQUESTS, *CRYPTOGRAPHY),
    "task_processing": ("task_processing[mesos_executor]==1.4.0", "pyrsistent==0.20.0", *PYMESOS, *REQUESTS),
}

IMP = """
import importlib.util
def load_source(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
"""
"""The one function that http-parser's setup.py wants of a module that Python has no more from 3.12 on."""

PURE = 'from setuptools import setup\nsetup(name="http-parser", version="0.9.0", packages=["http_parser"])\n'
"""A setup.py for machines without a compiler: the package has a parser in Python too, which pymesos knows of."""


class BuildFailed(Exception):
    """An environment could not be made; the text is what the failing command said."""


def run(*command, cwd=None):
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        words = " ".join(str(word) for word in command)
        raise BuildFailed(f"{words}\nexited with {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


@functools.cache
def python_of(client):
    """Give the interpreter that has a client, and make its environment first where that was never done."""
    return once(client, CLIENTS[client], fill) / "bin" / "python"


def once(name, pins, make):
    """Give a directory that `make` has filled completely, once and for all processes of this user."""
    place = cache() / f"{name}-{key(pins)}"
    place.parent.mkdir(parents=True, exist_ok=True)
    finished = place / "finished"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place, pins)
            finished.touch()
    return place


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "portico" / "test-clients"


def key(pins):
    """Everything that the result depends on; this file too, since it is the recipe."""
    parts = (*pins, sys.version, sys.executable, str(compiles()), Path(__file__).read_text())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def compiles():
    """Say whether a C extension can be made here."""
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return header.exists() and (shutil.which("cc") or shutil.which("gcc")) is not None


# ---- recipes -----------------------------------------------------------------------------------------------------


def fill(place, pins):
    """Make the environment of a client in a directory."""
    source = []
    if HTTP_PARSER in pins:
        source = ["--find-links", once("wheels", (*TOOLS, HTTP_PARSER, PYMESOS[0]), wheels)]
    empty(place)
    pip(place, "install", "--only-binary", ":all:", *source, *pins)


def wheels(place, pins):
    """Make what the registry has as source only: http-parser, whose C text is too old for this Python, and pymesos."""
    tools = place / "tools"
    tools.mkdir()
    empty(tools)
    pip(tools, "install", *(pin for pin in pins if pin in TOOLS))
    site = next((tools / "lib").glob("python3.*/site-packages"))
    if not (Path(sysconfig.get_path("stdlib")) / "imp.py").exists():
        (site / "imp.py").write_text(IMP)
    pip(tools, "download", "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--dest", place, HTTP_PARSER)
    with tarfile.open(place / f"{HTTP_PARSER.replace('==', '-')}.tar.gz") as archive:
        archive.extractall(place, filter="data")
    source = place / HTTP_PARSER.replace("==", "-")
    if compiles():
        run(tools / "bin" / "cython", "-3", "http_parser/parser.pyx", "-o", "http_parser/parser.c", cwd=source)
    else:
        (source / "setup.py").write_text(PURE)
    for one in (source, PYMESOS[0]):
        pip(tools, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", place, one)
    for spent in (tools, source):
        shutil.rmtree(spent)


def empty(place):
    """Make an environment without pip: the one of the tests installs into it, which is twenty times faster."""
    run(sys.executable, "-m", "venv", "--without-pip", place)


def pip(place, action, *words):
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    run(sys.executable, "-m", "pip", "--python", place / "bin" / "python", action, *quiet, *words)
