"""Generated from protos/armonik."""
