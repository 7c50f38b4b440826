"""Domain values, written as ArmoniK messages."""
