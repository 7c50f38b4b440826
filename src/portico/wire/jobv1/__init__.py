"""Generated from protos/jobv1."""
