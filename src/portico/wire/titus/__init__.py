"""Generated from protos/titus."""
