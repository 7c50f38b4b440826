"""Kinds that are functions, for the black-box tests; loaded by real workers only."""

import asyncio
import os
import time
from pathlib import Path

import portico


@portico.kind(description="adds two numbers")
def add(left: int, right: float = 0.5) -> float:
    return left + right


@portico.kind("shout")
async def shouted(word: str, times: int = 1) -> list[str]:
    await asyncio.sleep(0)
    return [word.upper()] * times


@portico.kind
def negate(value: bool, names: list[str], table: dict[str, int]) -> dict:  # noqa: FBT001 — a typed argument
    return {"value": not value, "names": names, "table": table}


@portico.kind
def silent() -> None:
    print("not a result")


@portico.kind
def broken() -> None:
    raise ValueError("this one never works")


@portico.kind(retries=2)
def third_time(path: str) -> str:
    with Path(path).open("a") as file:
        file.write("x")
    if Path(path).stat().st_size < 3:
        raise RuntimeError("not yet")
    return "now"


@portico.kind(retries=5)
def refused(path: str) -> None:
    with Path(path).open("a") as file:
        file.write("x")
    raise portico.Permanent("never try again")


@portico.kind(timeout="300ms")
def hangs(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    while True:
        time.sleep(60)


@portico.kind
def process() -> int:
    return os.getpid()


@portico.kind
def gone(code: int) -> None:
    os._exit(code)


@portico.kind(retries=1)
def gone_once(path: str) -> str:
    if not Path(path).exists():
        Path(path).write_text("been here")
        os._exit(1)
    return "back"


@portico.kind
def reads(path: str) -> str:
    return Path(path).read_text()


@portico.kind(concurrency=1)
def reads_alone(path: str) -> str:
    return Path(path).read_text()


@portico.kind(resources={"mem": 64})
def glutton_function(megabytes: int) -> int:
    return len(bytearray(megabytes << 20)) >> 20
