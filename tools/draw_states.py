"""Draw docs/state_machines.md from the edge tables; with --check, fail when the file has drifted from them."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path

from portico.domain.calls.states import CALL_LIFE, RESULT_LIFE, SESSION_LIFE
from portico.domain.jobs import INSTANCE_LIFE, JOB_LIFE
from portico.domain.lifecycle import LifeCycle
from portico.domain.nodes import NODE_LIFE
from portico.domain.runs import RUN_LIFE
from portico.doors.mesos.extension.records import FRAMEWORK_LIFE

TARGET = Path(__file__).parents[1] / "docs" / "state_machines.md"
LIVES: tuple[LifeCycle[Enum], ...] = (
    RUN_LIFE,
    INSTANCE_LIFE,
    JOB_LIFE,
    NODE_LIFE,
    CALL_LIFE,
    RESULT_LIFE,
    SESSION_LIFE,
    FRAMEWORK_LIFE,
)  # type: ignore[assignment]

HEAD = """# State machines

Drawn from the edge tables by `make gen`; `make check` fails when this page and the tables differ.
A state without a way out is final.
"""


def draw(life: LifeCycle[Enum]) -> str:
    """Give one life cycle as a diagram and a table with the reason of each edge."""
    arrows = "\n".join(f"    {source} --> {target}" for source, target in life.edges)
    ends = "\n".join(f"    {state} --> [*]" for state in sorted(map(str, life.final)))
    rows = "\n".join(f"| {source} | {target} | {reason} |" for (source, target), reason in life.edges.items())
    return f"""
## {life.name.capitalize()}

```mermaid
stateDiagram-v2
    [*] --> {life.initial}
{arrows}
{ends}
```

| from | to | why |
|---|---|---|
{rows}
"""


def main() -> int:
    """Write or check the page."""
    page = HEAD + "".join(draw(life) for life in LIVES)
    if "--check" in sys.argv[1:]:
        if not TARGET.exists() or TARGET.read_text() != page:
            print("docs/state_machines.md has drifted from the edge tables; run make gen")
            return 1
        return 0
    TARGET.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
