"""Code of the `job.v1` door that runs beside user code: discovery of kinds, and the worker that carries out calls.

It sees the domain and the internal protocol only; user code is never loaded into the server.
"""
