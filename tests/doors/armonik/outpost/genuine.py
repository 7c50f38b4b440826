"""The genuine ArmoniK worker package, in an environment of its own: its descriptors clash with ours."""

from __future__ import annotations

from clients.mesos.environments import empty, once, pip

PINS = (
    "armonik==3.29.4",
    "cffi==2.1.1",
    "cryptography==50.0.2",
    "deprecation==2.1.0",
    "grpcio==1.85.1",
    "packaging==26.3",
    "protobuf==7.36.2",
    "pycparser==3.12",
    "typing-extensions==4.16.0",
)


def python():
    """Give the interpreter that has it; the environment is made once for each user."""
    return once("armonik", PINS, fill) / "bin" / "python"


def fill(place, pins):
    empty(place)
    pip(place, "install", "--only-binary", ":all:", *pins)
