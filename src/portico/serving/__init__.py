"""Servers without any door's knowledge: gRPC, HTTP, who may call, what is logged and counted.

A door hands over registrations and routes; everything around its methods happens here, once.
"""
