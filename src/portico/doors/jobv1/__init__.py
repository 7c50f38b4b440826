"""The `job.v1` door: kinds that are scheduled by name with text arguments."""
