"""Portico: one job control plane behind six front doors."""

__version__ = "0.1.0"
