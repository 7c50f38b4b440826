"""Portico: one job control plane behind six front doors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portico.kinds import Context, Permanent, kind

__all__ = ["Context", "Permanent", "__version__", "kind"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load what user code imports only when it is asked for: keepers are small, and the command line starts fast."""
    if name in {"Context", "Permanent", "kind"}:
        from portico import kinds  # noqa: PLC0415 — the point of this function

        return getattr(kinds, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
