"""Generated from protos/peloton."""
