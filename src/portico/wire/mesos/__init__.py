"""Generated from protos/mesos."""
