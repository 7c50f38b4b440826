"""The Titus door: container jobs, batch and service, over gRPC and REST."""
