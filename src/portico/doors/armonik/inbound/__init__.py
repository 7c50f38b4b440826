"""ArmoniK messages, read."""
