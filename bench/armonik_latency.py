"""One empty ArmoniK task after the other on an idle system: from its submission to the event of its result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from harness.armonik import NODE, genuine, lean, partition
from harness.figures import Figure, Scale, at_most, percentile
from harness.processes import answer
from harness.server import fleeting

COUNT = 200
MEDIAN_MILLISECONDS = 15


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = folder / "armonik_latency.toml"
    config.write_text(NODE + partition("lean", lean(), 1) + partition("genuine", genuine(), 1))
    found: dict[str, list[Sequence[float]]] = {"lean": [], "genuine": []}
    with fleeting(config, folder / "armonik_latency", doors="armonik") as server:
        for _ in range(scale.rounds):
            for name, rounds in found.items():
                count = str(scale.of(COUNT))
                rounds.append(answer("armonik_latency.py", server.endpoints["grpc"], name, count)["latencies"])
    return [
        *_figures("one ArmoniK task, a worker of Portico's library", found["lean"]),
        *_figures("one ArmoniK task, the package's worker", found["genuine"]),
    ]


def _figures(what: str, rounds: Sequence[Sequence[float]]) -> list[Figure]:
    return [
        Figure(
            name=f"{what}: median",
            unit="ms",
            portico=tuple(1e3 * median(one) for one in rounds),
            goal=at_most(MEDIAN_MILLISECONDS),
        ),
        Figure(name=f"{what}: p99", unit="ms", portico=tuple(1e3 * percentile(one, 0.99) for one in rounds)),
    ]
