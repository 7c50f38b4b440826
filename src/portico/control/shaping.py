"""What a caller makes of an answer, done while the answer becomes durable.

Between a change and its fsync the server has nothing to do for its caller; what the answer will look like is worked
out then, and only the leaving waits. A shape must be a plain function of the answer, without effects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Shape = Callable[[Any], Any]


def as_it_is(answer: Any) -> Any:
    """Leave an answer unchanged."""
    return answer
