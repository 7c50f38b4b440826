"""Portico: one job control plane behind six front doors."""

from portico.kinds import Context, Permanent, kind

__all__ = ["Context", "Permanent", "kind"]

__version__ = "0.1.0"
